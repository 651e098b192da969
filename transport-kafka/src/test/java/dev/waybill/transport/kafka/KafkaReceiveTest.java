package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.keyed;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static dev.waybill.transport.kafka.KafkaFixture.subscription;
import static dev.waybill.transport.kafka.KafkaFixture.topic;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass
@ValueSource(strings = {"classic", "consumer"})
class KafkaReceiveTest {
  private static final Duration A_WHILE = Duration.ofMillis(700);

  private final KafkaFixture kafka;
  private final Inbox inbox = new Inbox();

  KafkaReceiveTest(String protocol) {
    kafka = new KafkaFixture(TestBrokers.kafka(), Map.of("group.protocol", protocol));
  }

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void aMessageArrivesAsItWasSent() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    WireMessage message =
        new WireMessage(
            new byte[] {0, (byte) 0xff, 10},
            "application/octet-stream",
            Map.of("id", "1", "type", "t", "source", "/s"),
            Map.of("wb-приклад", "😀", "wb-empty", ""),
            "clé",
            null);

    send(connection, queue, message);
    connection.receive(queue, 1, inbox);

    Delivery delivery = inbox.next();
    assertThat(delivery.message().body()).isEqualTo(message.body());
    assertThat(delivery.message().contentType()).isEqualTo(message.contentType());
    assertThat(delivery.message().attributes()).isEqualTo(message.attributes());
    assertThat(delivery.message().headers()).isEqualTo(message.headers());
    assertThat(delivery.message().key()).isEqualTo("clé");
    assertThat(delivery.message()).isSameAs(delivery.message());
    assertThat(delivery.attempt()).isEqualTo(1);
    assertThat(delivery.brokerId()).matches(queue.name() + "-[0-2]@0");
    assertThat(delivery.isOwned()).isTrue();
    accept(delivery);
  }

  @Test
  void aForeignMessageIsDeliveredWithWhatItHas() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    ProducerRecord<byte[], byte[]> foreign =
        new ProducerRecord<>(queue.name(), null, new byte[] {'x'});
    foreign.headers().add("trace", new byte[] {'1'});
    nativeProducer(connection).send(foreign).get();

    connection.receive(queue, 1, inbox);

    WireMessage message = inbox.next().message();
    assertThat(message.body()).containsExactly('x');
    assertThat(message.attributes()).isEmpty();
    assertThat(message.id()).isNull();
    assertThat(message.key()).isNull();
    assertThat(message.headers()).containsOnly(Map.entry("trace", "1"));
  }

  @Test
  void one_key_whose_messages_are_not_settled_does_not_take_all_of_the_credit() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    IntStream.range(0, 60).forEach(i -> send(connection, queue, keyed("hung", "hung")));
    Receiver receiver = connection.receive(queue, 40, inbox);
    inbox.next(30); // three quarters
    inbox.staysEmpty(A_WHILE);

    // behind what its key has in its own partition, and in others
    for (int i = 0; i < 20; i++) {
      send(connection, queue, keyed("k" + i, "k" + i));
      Delivery delivery = inbox.next();
      assertThat(text(delivery)).isEqualTo("k" + i);
      accept(delivery);
    }
    receiver.close();
  }

  @Test
  void what_a_busy_key_has_left_comes_when_its_messages_are_settled() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    IntStream.range(0, 20).forEach(i -> send(connection, queue, keyed("busy", "m" + i)));
    Receiver receiver = connection.receive(queue, 4, inbox);

    for (int i = 0; i < 20; i++) {
      Delivery delivery = inbox.next();
      assertThat(text(delivery)).isEqualTo("m" + i);
      accept(delivery);
    }
    receiver.close();
  }

  @Test
  void the_backlog_is_known_while_nothing_is_fetched_too() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    Receiver receiver = connection.receive(queue, 1, inbox);
    send(connection, queue, message("before"));
    accept(inbox.next());
    receiver.pause();
    await().atMost(Inbox.LONG_ENOUGH).until(() -> Long.valueOf(0).equals(backlog(receiver)));

    IntStream.range(0, 7).forEach(i -> send(connection, queue, message("m" + i)));

    await().atMost(Inbox.LONG_ENOUGH).until(() -> Long.valueOf(7).equals(backlog(receiver)));
    receiver.close();
  }

  @Test
  void a_key_that_waits_for_its_retry_is_told_of() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, keyed("a", "1"), keyed("a", "2"), keyed("b", "3"), message("4"));
    Receiver receiver = connection.receive(queue, 10, inbox);
    List<Delivery> all = inbox.next(4);

    // the second of the key goes back with the first, and waits behind it
    all.forEach(each -> settle(each, new Settlement.Release(Duration.ofHours(1), 1)));

    await().atMost(Inbox.LONG_ENOUGH).until(() -> receiver.status().waitingKeys() == 3);
    receiver.close();
  }

  private static Long backlog(Receiver receiver) {
    return receiver.status().backlog();
  }

  @Test
  void eachMessageOfAQueueGoesToOneOfItsReceivers() throws Exception {
    Queue queue = queue();
    TransportConnection one = kafka.prepared(queue);
    TransportConnection two = kafka.prepared(queue);
    Inbox other = new Inbox();
    one.receive(queue, 100, inbox);
    two.receive(queue, 100, other);
    // both are members once both get something
    Set<String> sent = new TreeSet<>();
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .pollInterval(Duration.ofMillis(100))
        .until(
            () -> {
              String body = "m" + sent.size();
              sent.add(body);
              send(one, queue, keyed(body, body));
              return inbox.size() > 3 && other.size() > 3;
            });

    // what was open in a partition that moved to the second comes twice
    Set<String> got = new TreeSet<>();
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              acceptAll(inbox, got);
              acceptAll(other, got);
              return got.containsAll(sent);
            });
    assertThat(got).isEqualTo(sent);
  }

  private static void acceptAll(Inbox inbox, Set<String> got) throws InterruptedException {
    for (Delivery delivery : inbox.next(inbox.size())) {
      got.add(text(delivery));
      settle(delivery, Settlement.accept());
    }
  }

  @Test
  void everySubscriptionGetsACopyOfWhatIsPublishedAfterItWasMade() throws Exception {
    Topic topic = topic();
    Subscription billing = subscription(topic, "billing");
    Subscription mail = subscription(topic, "mail");
    TransportConnection connection = kafka.prepared(topic, billing);
    send(connection, topic, message("early"));
    TransportConnection later = kafka.prepared(topic, billing, mail);
    send(later, topic, message("late"));
    Inbox mails = new Inbox();

    later.receive(billing, 10, inbox);
    later.receive(mail, 10, mails);

    assertThat(inbox.next(2)).extracting(Inbox::text).containsExactlyInAnyOrder("early", "late");
    assertThat(text(mails.next())).isEqualTo("late");
    mails.staysEmpty(A_WHILE);
  }

  @Test
  void neverMoreDeliveriesAreOpenThanTheCreditAllows() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, messages(20));
    connection.receive(queue, 3, inbox);

    List<Delivery> open = inbox.next(3);
    inbox.staysEmpty(A_WHILE);
    accept(open.get(1));
    Delivery next = inbox.next();
    inbox.staysEmpty(A_WHILE);

    for (Delivery delivery : List.of(open.get(0), open.get(2), next)) {
      accept(delivery);
    }
    for (int i = 4; i < 20; i++) {
      accept(inbox.next());
    }
    inbox.staysEmpty(A_WHILE);
  }

  @Test
  void aReleasedMessageComesAgainInOrderWithTheNextAttempt() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, keyed("k", "first"), keyed("k", "second"));
    connection.receive(queue, 1, inbox);

    for (int attempt = 1; attempt <= 3; attempt++) {
      Delivery first = inbox.next();
      assertThat(text(first)).isEqualTo("first");
      assertThat(first.attempt()).isEqualTo(attempt);
      assertThat(settle(first, new Settlement.Release(Duration.ZERO, attempt)))
          .isEqualTo(Result.SETTLED);
      assertThat(first.isOwned()).isFalse();
    }
    accept(inbox.next());
    assertThat(text(inbox.next())).isEqualTo("second");
  }

  @Test
  void aReleaseWithoutAnAttemptIsNotCounted() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, message("x"));
    connection.receive(queue, 1, inbox);

    settle(inbox.next(), new Settlement.Release(Duration.ZERO, 0));

    assertThat(inbox.next().attempt()).isEqualTo(1);
  }

  @Test
  void aMessageReleasedForLaterWaitsAndHoldsBackItsKeyOnly() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, keyed("a", "a1"), keyed("a", "a2"));
    connection.receive(queue, 1, inbox);
    Delivery first = inbox.next();
    send(connection, queue, keyed("b", "b1"), keyed("c", "c1"));
    Duration wait = Duration.ofSeconds(8);
    long released = System.nanoTime();

    settle(first, new Settlement.Release(wait, 1));

    Set<String> others = new TreeSet<>();
    for (int i = 0; i < 2; i++) {
      Delivery other = inbox.next();
      accept(other);
      others.add(text(other));
    }
    assertThat(others).containsExactly("b1", "c1");
    Delivery again = inbox.next();
    assertThat(text(again)).isEqualTo("a1");
    assertThat(again.attempt()).isEqualTo(2);
    assertThat(System.nanoTime() - released).isGreaterThanOrEqualTo(wait.toNanos());
    accept(again);
    assertThat(text(inbox.next())).isEqualTo("a2");
  }

  @Test
  void onlyTheFirstOfTwoSettlementsCounts() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, message("x"));
    connection.receive(queue, 1, inbox);
    Delivery delivery = inbox.next();

    accept(delivery);

    assertThat(settle(delivery, new Settlement.Release(Duration.ZERO, 1)))
        .isEqualTo(Result.SETTLED);
    inbox.staysEmpty(A_WHILE);
  }

  @Test
  void aPausedReceiverDeliversNothingAndKeepsWhatItHas() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    Receiver receiver = connection.receive(queue, 5, inbox);
    send(connection, queue, message("before"));
    Delivery before = inbox.next();

    receiver.pause();
    receiver.pause();
    send(connection, queue, message("meanwhile"));

    inbox.staysEmpty(A_WHILE);
    accept(before);
    receiver.resume();
    assertThat(text(inbox.next())).isEqualTo("meanwhile");
  }

  @Test
  void aStoppedReceiverDeliversNothingButSettles() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, messages(4));
    Receiver receiver = connection.receive(queue, 2, inbox);
    List<Delivery> open = inbox.next(2);

    receiver.stop();

    accept(open.get(0));
    inbox.staysEmpty(A_WHILE);
    assertThat(open.get(1).isOwned()).isTrue();
    accept(open.get(1));
    KafkaFixture.awaitCommitted(connection, queue, 2);
    receiver.close();
    Inbox rest = new Inbox();
    connection.receive(queue, 10, rest);
    assertThat(rest.next(2)).extracting(Inbox::text).doesNotContain(text(open.get(0)));
    rest.staysEmpty(A_WHILE);
  }

  @Test
  void whatIsOpenAtCloseGoesToOthersAndIsNotOwnedAnyMore() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, message("x"));
    Receiver receiver = connection.receive(queue, 1, inbox);
    Delivery open = inbox.next();

    receiver.close();
    receiver.close();

    assertThat(open.isOwned()).isFalse();
    assertThat(settle(open, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
    Inbox other = new Inbox();
    connection.receive(queue, 1, other);
    Delivery again = other.next();
    assertThat(again.brokerId()).isEqualTo(open.brokerId());
    assertThat(again.attempt()).isEqualTo(1);
  }

  @Test
  void aRestartRepeatsOnlyWhatWasOpen() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(kafka.builder().partitions(1), queue);
    send(connection, queue, messages(10));
    Receiver receiver = connection.receive(queue, 8, inbox);
    List<Delivery> all = inbox.next(8);
    for (int i : new int[] {0, 1, 3, 4, 7}) {
      accept(all.get(i));
    }
    inbox.next(2);

    receiver.close();

    Inbox again = new Inbox();
    connection.receive(queue, 10, again);
    assertThat(again.next(5)).extracting(Inbox::text).containsExactly("2", "5", "6", "8", "9");
    again.staysEmpty(A_WHILE);
  }

  @Test
  void afterAllIsSettledARestartRepeatsNothing() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    send(connection, queue, messages(300));
    Receiver receiver = connection.receive(queue, 16, inbox);
    for (int i = 0; i < 300; i++) {
      accept(inbox.next());
    }

    receiver.close();

    Inbox again = new Inbox();
    connection.receive(queue, 10, again);
    again.staysEmpty(Duration.ofSeconds(2));
  }

  @Test
  void anErrorOfTheListenerEndsNothing() throws Exception {
    Queue queue = queue();
    TransportConnection connection = kafka.prepared(queue);
    AtomicBoolean thrown = new AtomicBoolean();
    Inbox failing =
        new Inbox() {
          @Override
          public void delivered(Delivery delivery) {
            if (thrown.compareAndSet(false, true)) {
              throw new OutOfMemoryError("unable to create native thread");
            }
            super.delivered(delivery);
          }
        };
    connection.receive(queue, 1, failing);
    send(connection, queue, message("x"));

    assertThat(text(failing.next())).isEqualTo("x");
    assertThat(failing.events).startsWith("failed");
  }

  private static WireMessage[] messages(int count) {
    return IntStream.range(0, count).mapToObj(i -> message("" + i)).toArray(WireMessage[]::new);
  }

  @SuppressWarnings("unchecked")
  private static Producer<byte[], byte[]> nativeProducer(TransportConnection connection) {
    return connection.unwrap(Producer.class).orElseThrow();
  }
}
