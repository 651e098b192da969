package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.DEADLINE;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static dev.waybill.transport.kafka.KafkaFixture.unique;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KafkaReplyTest {
  private static final Duration A_WHILE = Duration.ofMillis(500);

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final String requester = unique("pricing");
  private final ReplyQueue one = new ReplyQueue(requester, "one");
  private final ReplyQueue two = new ReplyQueue(requester, "two");
  private final Inbox inbox = new Inbox();

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void aReplyReachesTheInstanceThatAskedAndNoOther() throws Exception {
    TransportConnection first = prepared(one);
    TransportConnection second = prepared(two);
    Inbox other = new Inbox();
    first.receive(one, 10, inbox);
    second.receive(two, 10, other);

    send(first, two, message("for two"));
    send(second, one, message("for one"), message("for one again"));

    assertThat(text(other.next())).isEqualTo("for two");
    assertThat(inbox.next(2).stream().map(Inbox::text)).containsExactly("for one", "for one again");
    inbox.staysEmpty(A_WHILE);
    other.staysEmpty(Duration.ZERO);
  }

  @Test
  void whatIsSentBetweenPreparingAndReceivingArrivesAndWhatIsOlderDoesNot() throws Exception {
    TransportConnection replier = prepared(two);
    send(replier, one, message("to an earlier life of it"));
    TransportConnection connection = prepared(one);
    send(replier, one, message("in between"));

    connection.receive(one, 10, inbox);

    assertThat(text(inbox.next())).isEqualTo("in between");
    inbox.staysEmpty(A_WHILE);
  }

  @Test
  void aReplyIsARecordKeyedByTheInstanceAndReadBackAsItWasSent() throws Exception {
    TransportConnection connection = prepared(one);
    connection.receive(one, 10, inbox);
    WireMessage reply =
        new WireMessage(
            new byte[] {0, -1},
            "application/json",
            Map.of("id", "r-1", "type", "price.v1", "partitionkey", "sku-7"),
            Map.of("wb-note", "grün"),
            "sku-7",
            null);

    send(connection, one, reply);

    WireMessage read = inbox.next().message();
    assertThat(read.body()).isEqualTo(reply.body());
    assertThat(read.contentType()).isEqualTo(reply.contentType());
    assertThat(read.attributes()).isEqualTo(reply.attributes());
    assertThat(read.headers()).isEqualTo(reply.headers());
    assertThat(read.key()).isEqualTo("sku-7");
    ConsumerRecord<byte[], byte[]> record = kafka.read("replies." + requester, 1).get(0);
    assertThat(record.key()).isEqualTo("one".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void neverMoreThanTheCreditIsOpen() throws Exception {
    TransportConnection connection = prepared(one);
    connection.receive(one, 2, inbox);
    send(connection, one, message("1"), message("2"), message("3"), message("4"), message("5"));

    List<Delivery> open = inbox.next(2);
    inbox.staysEmpty(A_WHILE);
    accept(open.get(1));

    assertThat(text(inbox.next())).isEqualTo("3");
    inbox.staysEmpty(A_WHILE);
  }

  @Test
  void aPausedReceiverDeliversAfterItGoesOn() throws Exception {
    TransportConnection connection = prepared(one);
    Receiver receiver = connection.receive(one, 10, inbox);
    receiver.pause();
    send(connection, one, message("while paused"));
    inbox.staysEmpty(A_WHILE);

    receiver.resume();

    assertThat(text(inbox.next())).isEqualTo("while paused");
  }

  @Test
  void anAcceptedReplyIsSettledAtOnceAndForGood() throws Exception {
    TransportConnection connection = prepared(one);
    connection.receive(one, 10, inbox);
    send(connection, one, message("first"), message("second"), message("third"));
    List<Delivery> open = inbox.next(3);

    assertThat(open.get(0).isOwned()).isTrue();
    assertThat(open.get(0).settle(Settlement.accept()).toCompletableFuture())
        .isCompletedWithValue(Settlement.Result.SETTLED);
    assertThat(open.get(1).settle(new Settlement.Release(Duration.ZERO, 1)).toCompletableFuture())
        .isCompletedExceptionally();
    assertThat(settle(open.get(1), Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
    connection.close();

    assertThat(settle(open.get(0), Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
    assertThat(open.get(2).isOwned()).isFalse();
    assertThat(settle(open.get(2), Settlement.accept())).isEqualTo(Settlement.Result.NOT_OWNED);
  }

  @Test
  void afterTheReturnOfStopNothingIsDelivered() throws Exception {
    TransportConnection connection = prepared(one);
    Receiver receiver = connection.receive(one, 10, inbox);
    send(connection, one, message("before"));
    Delivery before = inbox.next();

    receiver.stop();
    send(connection, one, message("after"));

    inbox.staysEmpty(A_WHILE);
    accept(before);
  }

  @Test
  void aReplyToARequesterThatIsUnknownIsRejected() {
    TransportConnection connection = kafka.prepared(queue());

    SendException problem = KafkaSendTest.failure(connection, one, message("x"), DEADLINE);

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(problem.certainty()).isEqualTo(Certainty.REJECTED);
  }

  @Test
  void aBrokerThatMakesTopicsByItselfMakesNoneOfAReplyAddress() throws Exception {
    try (KafkaTestBroker generous =
            KafkaTestBroker.builder().property("auto.create.topics.enable", "true").start();
        KafkaFixture there = new KafkaFixture(generous)) {
      TransportConnection connection = there.prepared(queue());

      SendException problem = KafkaSendTest.failure(connection, one, message("x"), DEADLINE);

      assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
      assertThat(connection.unwrap(Admin.class).orElseThrow().listTopics().names().get())
          .noneMatch(name -> name.startsWith("replies."));
      assertThat(connection.prepare(replying(two), Mode.CREATE)).isEmpty();
      send(connection, one, message("found now"));
    }
  }

  @Test
  void aReplyToAnInstanceThatIsGoneIsConfirmedAndLost() throws Exception {
    prepared(one).close();
    TransportConnection connection = prepared(two);
    connection.receive(two, 10, inbox);

    send(connection, one, message("too late"));

    inbox.staysEmpty(A_WHILE);
  }

  @Test
  void createMakesATopicThatKeepsRepliesForAnHourAndVerifyAsksForIt() throws Exception {
    TransportConnection connection = kafka.connect();
    String topic = "replies." + requester;

    assertThat(connection.prepare(replying(one), Mode.VERIFY))
        .singleElement()
        .asString()
        .contains("'" + topic + "'");
    assertThat(connection.prepare(replying(one), Mode.CREATE)).isEmpty();
    assertThat(connection.prepare(replying(two), Mode.CREATE)).isEmpty();
    assertThat(connection.prepare(replying(two), Mode.VERIFY)).isEmpty();

    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    var config =
        connection
            .unwrap(Admin.class)
            .orElseThrow()
            .describeConfigs(List.of(resource))
            .all()
            .get()
            .get(resource);
    assertThat(config.get("retention.ms").value()).isEqualTo("3600000");
  }

  @Test
  void anAssumedTopicThatComesLaterIsReadFromItsBeginning() throws Exception {
    TransportConnection assumed = kafka.connect();
    assertThat(assumed.prepare(replying(one), Mode.ASSUME)).isEmpty();
    assumed.receive(one, 10, inbox);
    await().atMost(DEADLINE).until(() -> inbox.events.contains("failed"));
    assertThat(inbox.failures.get(0).code()).isEqualTo(ErrorCode.NOT_FOUND);

    TransportConnection replier = prepared(two);
    send(replier, one, message("the first ever"));

    assertThat(text(inbox.next())).isEqualTo("the first ever");
    await().atMost(DEADLINE).until(() -> inbox.events.contains("recovered"));
  }

  @Test
  void onlyThePreparedReplyQueueIsReceivedFrom() {
    TransportConnection connection = prepared(one);

    assertThatThrownBy(() -> connection.receive(two, 10, inbox))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(two.name());
  }

  @Test
  void aChannelThatKafkaDoesNotTellFromTheReplyTopicIsAProblem() {
    Topology both =
        new Topology(
            List.of(new dev.waybill.routing.Queue("replies_a", false)),
            List.of(),
            List.of(),
            new ReplyQueue("a", "1"));

    assertThat(kafka.builder().build().check(both))
        .singleElement()
        .asString()
        .contains("Queue replies_a and reply queue replies.a.1 would collide");
    assertThat(kafka.builder().build().nativeNames(both)).containsEntry("replies.a.1", "replies.a");
  }

  @Test
  void repliesArriveOverARestartOfTheBroker() throws Exception {
    try (KafkaTestBroker own = KafkaTestBroker.start();
        KafkaFixture there = new KafkaFixture(own)) {
      TransportConnection connection = there.connect();
      assertThat(connection.prepare(replying(one), Mode.CREATE)).isEmpty();
      Receiver receiver = connection.receive(one, 10, inbox);
      send(connection, one, message("before"));
      accept(inbox.next());
      receiver.pause();
      send(connection, one, message("confirmed, not read yet"));

      own.kill();
      receiver.resume();
      await().atMost(Duration.ofSeconds(60)).until(() -> inbox.events.contains("failed"));
      own.restart();

      assertThat(text(inbox.next())).isEqualTo("confirmed, not read yet");
      await().atMost(Duration.ofSeconds(60)).until(() -> inbox.events.contains("recovered"));
      assertThat(inbox.events).containsExactly("failed", "recovered");
      send(connection, one, message("after"));
      assertThat(text(inbox.next())).isEqualTo("after");
    }
  }

  private TransportConnection prepared(ReplyQueue replies) {
    TransportConnection connection = kafka.connect();
    assertThat(connection.prepare(replying(replies), Mode.CREATE)).isEmpty();
    return connection;
  }

  private static Topology replying(ReplyQueue replies) {
    return new Topology(List.of(), List.of(), List.of(), replies);
  }
}
