package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.junit.jupiter.api.Test;

class KafkaConnectTest {
  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final String LOGIN =
      "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"%s\""
          + " password=\"%s\";";

  @Test
  void aBrokerThatIsNotThereIsNamedWithinTheDeadline() {
    KafkaTransport transport = KafkaTransport.builder().bootstrapServers("127.0.0.1:1").build();
    long start = System.nanoTime();

    MessagingException problem = failure(transport, Duration.ofSeconds(2));

    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .as("Kafka itself would try for a minute")
        .isLessThan(Duration.ofSeconds(50));
    assertThat(problem.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(problem)
        .hasMessageStartingWith(
            "No Kafka broker answered at 127.0.0.1:1 within 2 s: is it running, and is the address"
                + " right?");
    assertThat(KafkaFixture.ownThreads()).isEmpty();
  }

  @Test
  void aHostThatCanNotBeResolvedIsNamed() {
    KafkaTransport transport =
        KafkaTransport.builder().bootstrapServers("nowhere.invalid:9092").build();

    MessagingException problem = failure(transport, Duration.ofSeconds(2));

    assertThat(problem.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(problem).hasMessageContaining("nowhere.invalid:9092");
  }

  @Test
  void aPropertyThatKafkaDoesNotAcceptIsAConfigurationError() {
    KafkaTransport transport =
        KafkaTransport.builder()
            .bootstrapServers("127.0.0.1:1")
            .property("security.protocol", "NONSENSE")
            .build();

    MessagingException problem = failure(transport, Duration.ofSeconds(2));

    assertThat(problem.code()).isEqualTo(ErrorCode.CONFIGURATION);
    assertThat(problem).hasMessageContaining("security.protocol");
    assertThat(KafkaFixture.ownThreads()).isEmpty();
  }

  @Test
  void aConnectionTellsOfItsBrokerAndGivesItsClients() {
    try (TransportConnection connection =
        new KafkaFixture(TestBrokers.kafka()).builder().build().connect(DEADLINE)) {
      assertThat(connection.brokerVersion())
          .matches("Apache Kafka with metadata.version \\d+, share.version \\d+");
      assertThat(connection.unwrap(Producer.class)).isPresent();
      assertThat(connection.unwrap(Admin.class)).isPresent();
      assertThat(connection.unwrap(Consumer.class)).isEmpty();
    }
  }

  @Test
  void aLoginIsTakenOrRefusedAndItsPasswordNeverShown() {
    try (KafkaTestBroker broker = KafkaTestBroker.builder().plainLogin("app", "geheim1").start()) {
      KafkaTransport refused = withLogin(broker, "app", "falsch2");

      MessagingException problem = failure(refused, DEADLINE);

      assertThat(problem.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
      assertThat(problem).hasMessageContaining("refused the login");
      assertThat(stackTrace(problem) + refused).doesNotContain("falsch2");
      try (TransportConnection connection = withLogin(broker, "app", "geheim1").connect(DEADLINE)) {
        Topology topology = KafkaFixture.topology(KafkaFixture.queue());
        assertThat(connection.prepare(topology, Topology.Mode.CREATE)).isEqualTo(List.of());
      }
    }
  }

  @Test
  void aBrokerThatWantsALoginHintsAtIt() {
    try (KafkaTestBroker broker = KafkaTestBroker.builder().plainLogin("app", "geheim1").start()) {
      KafkaTransport transport =
          KafkaTransport.builder()
              .bootstrapServers(broker.uri().substring("kafka://".length()))
              .build();

      MessagingException problem = failure(transport, Duration.ofSeconds(3));

      assertThat(problem.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
      assertThat(problem).hasMessageContaining("security.protocol");
    }
  }

  private static KafkaTransport withLogin(KafkaTestBroker broker, String user, String password) {
    return KafkaTransport.builder()
        .bootstrapServers(broker.uri().substring("kafka://".length()))
        .property("security.protocol", "SASL_PLAINTEXT")
        .property("sasl.mechanism", "PLAIN")
        .property("sasl.jaas.config", LOGIN.formatted(user, password))
        .build();
  }

  private static MessagingException failure(KafkaTransport transport, Duration deadline) {
    MessagingException problem =
        catchThrowableOfType(MessagingException.class, () -> transport.connect(deadline).close());
    assertThat(problem).isNotNull();
    return problem;
  }

  private static String stackTrace(Throwable error) {
    StringWriter text = new StringWriter();
    error.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
