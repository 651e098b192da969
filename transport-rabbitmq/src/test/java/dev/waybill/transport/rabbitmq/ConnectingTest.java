package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Connection;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectingTest {
  private static final Duration LIMIT = Duration.ofSeconds(3);

  @AfterEach
  void nothingIsLeftOpen() {
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void theBrokersVersionAndTheNativeConnectionAreThere() {
    try (TransportConnection connection = RabbitTest.open(RabbitTest.uri())) {
      assertThat(connection.brokerVersion()).matches("RabbitMQ \\d+\\.\\d+.*");
      assertThat(connection.unwrap(Connection.class)).isPresent();
      assertThat(connection.unwrap(String.class)).isEmpty();
    }
  }

  @Test
  void nobodyThereIsToldInPlainWords() {
    MessagingException error = failure("amqp://user:s3cret@127.0.0.1:1/vhost", Wires.DEADLINE);

    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(error)
        .hasMessageContaining("No RabbitMQ answered at 127.0.0.1:1 (Connection refused)")
        .hasMessageContaining("is it running, and is the address right?");
    assertNoSecret(error, "s3cret");
  }

  @Test
  void aServerThatSaysNothingIsGivenUpAtTheDeadline() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      Duration limit = Duration.ofSeconds(1);
      long begin = System.nanoTime();

      MessagingException error = failure("amqp://127.0.0.1:" + silent.getLocalPort(), limit);

      assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
      assertThat(error).hasMessageContaining("within 1 s");
      // the client's own limit for the log-in is 10 s
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(9));
    }
  }

  @Test
  void aHostThatSaysNothingLeavesTimeForTheNextOne() throws Exception {
    RabbitSettings settings = RabbitUri.settings(RabbitTest.uri());
    try (ServerSocket silent = new ServerSocket(0)) {
      RabbitTransport transport =
          RabbitTransport.builder()
              .address("127.0.0.1", silent.getLocalPort())
              .address("127.0.0.1", settings.addresses().get(0).getPort())
              .user(settings.user())
              .password(settings.password())
              .virtualHost(settings.virtualHost())
              .build();

      // the whole time for one host would leave none for the other, however often it is tried
      await()
          .atMost(Wires.DEADLINE)
          .ignoreExceptionsInstanceOf(MessagingException.class)
          .until(
              () -> {
                transport.connect(LIMIT.multipliedBy(2)).close();
                return true;
              });
    }
  }

  @Test
  void aWrongPasswordIsToldWithoutRepeatingIt() {
    MessagingException error = failure(uri("waybill:s3cret", null), Wires.DEADLINE);

    assertThat(error.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(error).hasMessageContaining("refused the user 'waybill'");
    assertNoSecret(error, "s3cret");
  }

  @Test
  void aMissingVirtualHostIsNamed() {
    String userInfo = URI.create(RabbitTest.uri()).getUserInfo();

    MessagingException error = failure(uri(userInfo, "no-such-host"), Wires.DEADLINE);

    assertThat(error.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(error).hasMessageContaining("'no-such-host'");
  }

  @Test
  void tlsToAPlainPortIsToldInPlainWords() throws Exception {
    RabbitTransport transport =
        RabbitTransport.builder()
            .address("127.0.0.1", TestBrokers.rabbitmq().port())
            .tls(SSLContext.getDefault())
            .build();

    MessagingException error =
        catchThrowableOfType(MessagingException.class, () -> transport.connect(LIMIT));

    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
  }

  @Test
  void theSecondHostIsTriedWhenTheFirstIsDown() {
    RabbitSettings settings = RabbitUri.settings(RabbitTest.uri());
    RabbitTransport transport =
        RabbitTransport.builder()
            .address("127.0.0.1", 1)
            .address("127.0.0.1", TestBrokers.rabbitmq().port())
            .user(settings.user())
            .password(settings.password())
            .virtualHost(settings.virtualHost())
            .build();

    try (TransportConnection connection = transport.connect(Wires.DEADLINE)) {
      assertThat(connection.unwrap(Connection.class)).isPresent();
    }
  }

  @Test
  void closingDuringAHangingHandshakeLeavesNothing() throws Exception {
    try (FaultProxy proxy = FaultProxy.open().forwardTo(TestBrokers.rabbitmq().port())) {
      proxy.hold();

      MessagingException error = failure(proxy.through(RabbitTest.uri()), Duration.ofMillis(500));

      assertThat(error).hasMessageContaining("within 500 ms");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "amqp://u:s3cret@:5672",
        "amqp://u:s3cret@host:port",
        "amqp://u:s3cret@host:0",
        "amqp://u:s3cret@host?heartbeat=1",
        "amqp://u:s3cret@host?delays=maybe",
        "amqp://u:s3cret%zz@host:x"
      })
  void aMalformedUriIsToldWithoutItsSecret(String uri) {
    assertThatThrownBy(() -> Transport.at(uri))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void aUriSaysHostsUserAndVirtualHost() {
    RabbitSettings settings = RabbitUri.settings("amqps://a%40b:p%2Fw@one,two:1234,[::1]:5/a%2Fb");

    assertThat(settings.address()).isEqualTo("one:5671,two:1234,::1:5/a/b");
    assertThat(settings.user()).isEqualTo("a@b");
    assertThat(settings.password()).isEqualTo("p/w");
    assertThat(settings.virtualHost()).isEqualTo("a/b");
    assertThat(settings.tls()).isNotNull();
    RabbitSettings plain = RabbitUri.settings("amqp:");
    assertThat(plain.address()).isEqualTo("localhost:5672");
    assertThat(plain.virtualHost()).isEqualTo("/");
    assertThat(plain.user()).isEqualTo("guest");
    assertThat(RabbitUri.settings("amqp://host/").virtualHost()).isEqualTo("/");
  }

  @Test
  void aTransportSaysWhereItGoesAndNoSecret() {
    Transport transport = Transport.at("amqp://user:s3cret@host:5672/v");

    assertThat(transport.name()).isEqualTo("rabbitmq");
    assertThat(transport.address()).isEqualTo("host:5672/v");
    assertThat(transport).hasToString("RabbitTransport[amqp://host:5672/v]");
    assertThat(RabbitUri.settings("amqp://user:s3cret@host").toString()).doesNotContain("s3cret");
  }

  @Test
  void capabilitiesAnswerEveryFeature() {
    for (RabbitTransport transport :
        new RabbitTransport[] {
          RabbitTransport.builder().build(), RabbitTransport.builder().classicQueues().build()
        }) {
      for (Capabilities.Feature feature : Capabilities.Feature.values()) {
        assertThat(transport.capabilities(true).support(feature).note()).isNotEmpty();
      }
    }
  }

  private static MessagingException failure(String uri, Duration limit) {
    return catchThrowableOfType(MessagingException.class, () -> Transport.at(uri).connect(limit));
  }

  private static String uri(String userInfo, String virtualHost) {
    URI real = URI.create(RabbitTest.uri());
    String path = virtualHost == null ? real.getPath() : "/" + virtualHost;
    return "amqp://" + userInfo + "@127.0.0.1:" + real.getPort() + path;
  }

  private static void assertNoSecret(Throwable error, String secret) {
    StringWriter text = new StringWriter();
    error.printStackTrace(new PrintWriter(text));
    assertThat(text.toString()).doesNotContain(secret);
  }
}
