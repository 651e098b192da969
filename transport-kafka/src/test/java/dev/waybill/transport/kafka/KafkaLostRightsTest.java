package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static dev.waybill.transport.kafka.SecuredKafka.acl;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.TransportConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KafkaLostRightsTest {
  private static final String PRINCIPAL = "User:" + TestBrokers.USER;

  private final SecuredKafka kafka = new SecuredKafka();
  private final Queue queue = queue();
  private final AclBinding write = on(AclOperation.WRITE, ResourceType.TOPIC);
  private final AclBinding readTopic = on(AclOperation.READ, ResourceType.TOPIC);
  private final AclBinding readGroup = on(AclOperation.READ, ResourceType.GROUP);
  private final Inbox inbox = new Inbox();
  private final Logged logged = new Logged();

  @BeforeEach
  void create() throws Exception {
    kafka.create(List.of(queue.name()));
  }

  @AfterEach
  void close() throws Exception {
    logged.close();
    kafka.takeAll();
    kafka.close();
    KafkaFixture.awaitNoThreads();
  }

  @Test
  void aSendersRightThatIsTakenRejectsItsSendsUntilItIsGivenBack() throws Exception {
    kafka.allow(Set.of(write));
    try (TransportConnection connection = connect(SecuredKafka.asUser())) {
      send(connection, queue, message("1"));

      kafka.take(Set.of(write));
      SendException problem = failure(connection);
      assertThat(problem.code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
      assertThat(problem.certainty()).isEqualTo(SendException.Certainty.REJECTED);
      assertThat(problem)
          .hasMessageContaining("the right Write on topic '" + queue.name() + "' is missing");

      kafka.allow(Set.of(write));
      await()
          .atMost(KafkaFixture.DEADLINE)
          .ignoreExceptions()
          .untilAsserted(() -> send(connection, queue, message("2")));
    }
  }

  private SendException failure(TransportConnection connection) {
    return connection
        .sender()
        .send(queue, message("refused"), KafkaFixture.DEADLINE)
        .handle((id, error) -> (SendException) error)
        .join();
  }

  @ParameterizedTest
  @EnumSource(
      value = ResourceType.class,
      names = {"TOPIC", "GROUP"})
  void aReceiversRightThatIsTakenIsReportedOnceUntilItIsGivenBack(ResourceType type)
      throws Exception {
    Set<AclBinding> taken = Set.of(on(AclOperation.READ, type));
    kafka.allow(Set.of(readTopic, readGroup));
    // a member without rights can't even leave its group, which waits for it as long as this
    KafkaTransport.Builder impatient =
        SecuredKafka.asUser()
            .property("session.timeout.ms", "3000")
            .property("heartbeat.interval.ms", "500");
    try (TransportConnection connection = connect(impatient)) {
      connection.receive(queue, 10, inbox);
      kafka.send(queue.name(), null, "1");
      Delivery first = inbox.next();

      kafka.take(taken);
      var unused = settle(first, Settlement.accept()); // lost by now, or not to be committed
      assertIsReported();

      kafka.allow(taken);
      kafka.send(queue.name(), null, "2");
      await().atMost(Inbox.LONG_ENOUGH).until(() -> inbox.events.contains("recovered"));
      List<String> texts = new ArrayList<>();
      while (!texts.contains("2")) { // the first one may come again
        texts.add(Inbox.text(inbox.next()));
      }
      assertThat(inbox.events).containsExactly("failed", "recovered");
    }
  }

  @Test
  void aReceiverThatMayLookAndNotReadIsReportedOnce() throws Exception {
    kafka.allow(Set.of(on(AclOperation.DESCRIBE, ResourceType.TOPIC), readGroup));
    kafka.send(queue.name(), null, "1");
    try (TransportConnection connection = connect(SecuredKafka.asUser())) {
      connection.receive(queue, 10, inbox);

      await().atMost(Inbox.LONG_ENOUGH).until(() -> refusedReads() >= 4);

      assertThat(inbox.events).containsExactly("failed");
      assertIsReported();
    }
  }

  private void assertIsReported() {
    await().atMost(Inbox.LONG_ENOUGH).until(() -> !inbox.failures.isEmpty());
    MessagingException problem = inbox.failures.get(0);
    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
    assertThat(problem)
        .hasMessageContaining("the right Read on ")
        .hasMessageContaining("'" + queue.name() + "' is missing");
  }

  private long refusedReads() {
    return logged.warnings("org.apache.kafka").stream()
        .filter(line -> line.contains("Not authorized to read from partition"))
        .count();
  }

  private static TransportConnection connect(KafkaTransport.Builder builder) {
    return builder.build().connect(KafkaFixture.DEADLINE);
  }

  private AclBinding on(AclOperation operation, ResourceType type) {
    return acl(PRINCIPAL, operation, type, queue.name());
  }
}
