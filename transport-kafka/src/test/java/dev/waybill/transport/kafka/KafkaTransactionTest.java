package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.keyed;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is settled in transactions, and what is stored with it. */
class KafkaTransactionTest {
  private static final Settlement ACCEPT = Settlement.accept();

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());
  private final Queue queue = queue();
  private final Queue out = queue();
  private final Inbox inbox = new Inbox();
  private final Inbox stored = new Inbox();

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void theMessagesAreThereAndTheOffsetIsCommittedWhenTheSettlementIsDone() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("in"));
    connection.receiveAtomically(queue, 10, inbox);

    Result result = settleTogether(inbox.next(), ACCEPT, to(out, "a"), to(out, "b"));

    assertThat(result).isEqualTo(Result.SETTLED);
    awaitCommitted(connection, 1);
    connection.receive(out, 10, stored);
    assertThat(stored.next(2)).extracting(Inbox::text).containsExactly("a", "b");
  }

  @Test
  void what_is_noted_of_a_failed_attempt_just_before_the_receiver_is_closed_is_kept()
      throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("before"));
    send(connection, queue, message("in"));
    Receiver first = connection.receiveAtomically(queue, 10, inbox);
    Inbox.accept(inbox.next()); // there is a transactional producer, which takes its time
    Delivery delivery = inbox.next();
    Instant due = Instant.now().plusSeconds(2);

    assertThat(settle(delivery, new Settlement.Release(Duration.ofSeconds(2), 3)))
        .isEqualTo(Result.SETTLED);
    first.close();

    connection.receiveAtomically(queue, 10, inbox);
    assertThat(inbox.next().attempt()).isEqualTo(4);
    assertThat(Instant.now()).isAfterOrEqualTo(due);
  }

  @Test
  void manyDeliveriesShareATransaction() throws Exception {
    TransportConnection connection = prepared();
    for (int i = 0; i < 200; i++) {
      send(connection, queue, message("" + i));
    }
    connection.receiveAtomically(queue, 200, inbox);
    List<Delivery> all = inbox.next(200);

    List<CompletableFuture<Result>> results =
        all.stream()
            .map(each -> each.settleTogether(ACCEPT, List.of(to(out, text(each)))))
            .map(stage -> stage.toCompletableFuture())
            .toList();

    assertThat(results).allSatisfy(each -> assertThat(each.join()).isEqualTo(Result.SETTLED));
    // the last marker comes a little after the answer
    await().atMost(Inbox.LONG_ENOUGH).until(() -> end(connection, out) > 200);
    assertThat(end(connection, out) - 200).as("transactions").isLessThan(50);
  }

  @Test
  void theMarkersOfTransactionsLeaveNoLag() throws Exception {
    TransportConnection connection = prepared();
    Queue last = queue();
    kafka.prepared(kafka.builder().partitions(1), last);
    connection.receiveAtomically(queue, 10, inbox);
    connection.receiveAtomically(out, 10, stored);
    for (int i = 0; i < 3; i++) {
      send(connection, queue, message("" + i));
      settleTogether(inbox.next(), ACCEPT, to(out, "" + i));
      settleTogether(stored.next(), ACCEPT, to(last, "" + i));
    }

    await()
        .atMost(Inbox.LONG_ENOUGH)
        .untilAsserted(
            () -> {
              assertThat(committed(connection, out).offset()).isEqualTo(end(connection, out));
              assertThat(committed(connection, queue).offset()).isEqualTo(3);
            });
  }

  @Test
  void aDelayedMessageIsStoredWithTheSettlementAndComesWhenItIsDue() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("in"));
    connection.receiveAtomically(queue, 10, inbox);
    connection.receive(out, 10, stored);
    Delivery delivery = inbox.next();
    Instant due = Instant.now().plusSeconds(2);
    WireMessage later =
        new WireMessage(
            "later".getBytes(UTF_8), null, Map.of(), Map.of(), null, Duration.ofSeconds(2));

    Result result = settleTogether(delivery, ACCEPT, new Addressed(out, later), to(out, "at once"));

    assertThat(result).isEqualTo(Result.SETTLED);
    assertThat(Inbox.text(stored.next())).isEqualTo("at once");
    assertThat(Inbox.text(stored.next())).isEqualTo("later");
    assertThat(Instant.now()).isAfterOrEqualTo(due);
  }

  @Test
  void aMessageThatCanNotBeStoredFailsItsOwnSettlementAlone() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("good"));
    send(connection, queue, message("bad"));
    send(connection, queue, message("good too"));
    connection.receiveAtomically(queue, 10, inbox);
    List<Delivery> all = inbox.next(3);
    Queue missing = queue();

    CompletableFuture<Result> first = together(all.get(0), to(out, "1"));
    CompletableFuture<Result> second = together(all.get(1), to(out, "2"), to(missing, "2"));
    CompletableFuture<Result> third = together(all.get(2), to(out, "3"));

    assertThat(first.join()).isEqualTo(Result.SETTLED);
    assertThat(third.join()).isEqualTo(Result.SETTLED);
    assertThatThrownBy(second::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
              assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED);
            })
        .hasMessageContaining(missing.name());
    assertThat(all.get(1).isOwned()).isTrue();
    assertThat(settleTogether(all.get(1), ACCEPT, to(out, "2 again"))).isEqualTo(Result.SETTLED);
    connection.receive(out, 10, stored);
    assertThat(stored.next(3))
        .extracting(Inbox::text)
        .containsExactlyInAnyOrder("1", "3", "2 again");
  }

  @Test
  void aMessageThatTheBrokerRefusesAbortsTheTransactionAndFailsItsOwnSettlementAlone()
      throws Exception {
    TransportConnection connection = prepared();
    Queue small = queue();
    kafka.prepared(kafka.builder().partitions(1), small);
    Admin admin = admin(connection);
    KafkaFixture.limit(admin, small.name(), 2_000);
    send(connection, queue, message("good"));
    send(connection, queue, message("bad"));
    connection.receiveAtomically(queue, 10, inbox);
    List<Delivery> all = inbox.next(2);

    CompletableFuture<Result> first = together(all.get(0), to(out, "1"));
    CompletableFuture<Result> second = together(all.get(1), to(small, "x".repeat(5_000)));

    assertThat(first.join()).isEqualTo(Result.SETTLED);
    assertThatThrownBy(second::join)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_LARGE));
    assertThat(settleTogether(all.get(1), ACCEPT, to(out, "2"))).isEqualTo(Result.SETTLED);
    connection.receive(out, 10, stored);
    assertThat(stored.next(2)).extracting(Inbox::text).containsExactly("1", "2");
    stored.staysEmpty(Duration.ofMillis(500));
  }

  @Test
  void aReplyToARequesterThatIsGoneIsDropped() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("in"));
    connection.receiveAtomically(queue, 10, inbox);
    ReplyQueue gone = new ReplyQueue(KafkaFixture.unique("requester"), "1");

    Result result = settleTogether(inbox.next(), ACCEPT, to(gone, "reply"), to(out, "a"));

    assertThat(result).isEqualTo(Result.SETTLED);
    connection.receive(out, 10, stored);
    assertThat(text(stored.next())).isEqualTo("a");
  }

  @Test
  void aDeadLetterIsStoredWithTheSettlementAndTheMessages() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("in"));
    connection.receiveAtomically(queue, 10, inbox);
    Settlement reject = new Settlement.Reject("broken", Map.of("waybill-reason", "broken"));

    Result result = settleTogether(inbox.next(), reject, to(out, "fault"));

    assertThat(result).isEqualTo(Result.SETTLED);
    awaitCommitted(connection, 1);
    connection.receive(out, 10, stored);
    assertThat(text(stored.next())).isEqualTo("fault");
    Inbox letters = new Inbox();
    connection.receive(queue.deadLetterQueue(), 10, letters);
    Delivery letter = letters.next();
    assertThat(text(letter)).isEqualTo("in");
    assertThat(letter.message().headers()).containsEntry("waybill-reason", "broken");
  }

  @Test
  void whatIsReleasedComesAgainWithTheNextAttempt() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("in"));
    connection.receiveAtomically(queue, 10, inbox);

    assertThat(settle(inbox.next(), new Settlement.Release(Duration.ZERO, 1)))
        .isEqualTo(Result.SETTLED);

    Delivery again = inbox.next();
    assertThat(again.attempt()).isEqualTo(2);
    assertThat(settle(again, ACCEPT)).isEqualTo(Result.SETTLED);
    awaitCommitted(connection, 1);
  }

  @Test
  void nothingIsStoredForADeliveryOfAReceiverThatIsClosed() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("in"));
    Receiver receiver = connection.receiveAtomically(queue, 10, inbox);
    Delivery delivery = inbox.next();
    receiver.close();

    assertThat(settleTogether(delivery, ACCEPT, to(out, "late"))).isEqualTo(Result.NOT_OWNED);

    connection.receiveAtomically(queue, 10, inbox);
    assertThat(settleTogether(inbox.next(), ACCEPT, to(out, "in time"))).isEqualTo(Result.SETTLED);
    connection.receive(out, 10, stored);
    assertThat(text(stored.next())).isEqualTo("in time");
    stored.staysEmpty(Duration.ofMillis(500));
  }

  @Test
  void settlementsThatACommitCanNotTellWaitForTheOpenMessageBeforeThem() throws Exception {
    int messages = 5_000;
    TransportConnection connection = prepared();
    send(
        connection,
        queue,
        IntStream.range(0, messages)
            .mapToObj(i -> message("" + i))
            .toArray(dev.waybill.transport.WireMessage[]::new));
    Receiver receiver = connection.receiveAtomically(queue, messages, inbox);
    List<Delivery> all = inbox.next(messages);

    List<CompletableFuture<Result>> everySecond = new ArrayList<>();
    for (int i = 1; i < messages; i += 2) {
      everySecond.add(together(all.get(i), to(out, text(all.get(i)))));
    }
    CompletableFuture<Result> farthest = everySecond.get(everySecond.size() - 1);
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () ->
                everySecond.stream().filter(CompletableFuture::isDone).count() > 500
                    && committed(connection, queue).metadata().length() > 4_000);
    assertThat(farthest).as("held").isNotDone();
    assertThat(all.get(messages - 1).isOwned()).isTrue();

    List<CompletableFuture<Result>> others = new ArrayList<>();
    for (int i = 0; i < messages; i += 2) {
      others.add(together(all.get(i), to(out, text(all.get(i)))));
    }

    everySecond.forEach(each -> assertThat(each.join()).isEqualTo(Result.SETTLED));
    others.forEach(each -> assertThat(each.join()).isEqualTo(Result.SETTLED));
    receiver.close();
    connection.receive(out, 2 * messages, stored); // of one key, which gets a part of it
    assertThat(stored.next(messages)).extracting(Inbox::text).doesNotHaveDuplicates();
    connection.receiveAtomically(queue, 10, inbox);
    inbox.staysEmpty(Duration.ofSeconds(1));
  }

  @Test
  void theNewerGroupProtocolSettlesInTransactionsTooAlsoWhenPartitionsMove() throws Exception {
    KafkaTransport.Builder newer =
        kafka.builder().partitions(2).property("group.protocol", "consumer");
    TransportConnection connection = kafka.prepared(newer, queue, out);
    Inbox second = new Inbox();
    List<CompletableFuture<Result>> results = new ArrayList<>();
    connection.receiveAtomically(queue, 10, inbox);
    for (int i = 0; i < 20; i++) {
      send(connection, queue, keyed("key" + i, "" + i));
    }
    for (Delivery each : inbox.next(10)) {
      results.add(together(each, to(out, text(each))));
    }

    connection.receiveAtomically(queue, 10, second);

    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              for (Inbox each : List.of(inbox, second)) {
                while (each.size() > 0) {
                  Delivery delivery = each.next();
                  results.add(together(delivery, to(out, text(delivery))));
                }
              }
              return results.stream()
                      .filter(each -> each.isDone() && each.join() == Result.SETTLED)
                      .count()
                  == 20;
            });
    connection.receive(out, 100, stored);
    assertThat(stored.next(20))
        .extracting(Inbox::text)
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 20).mapToObj(i -> "" + i).toList());
    stored.staysEmpty(Duration.ofMillis(500));
  }

  @Test
  void aReceiverThatIsNotAtomicSettlesNothingTogether() throws Exception {
    TransportConnection connection = prepared();
    send(connection, queue, message("in"));
    connection.receive(queue, 10, inbox);
    Delivery delivery = inbox.next();

    assertThatThrownBy(() -> delivery.settleTogether(ACCEPT, List.of(to(out, "a"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("receiveAtomically");
  }

  private TransportConnection prepared() {
    return kafka.prepared(kafka.builder().partitions(1), queue, out);
  }

  static Addressed to(Channel channel, String text) {
    return new Addressed(channel, keyed("k", text));
  }

  private static CompletableFuture<Result> together(Delivery delivery, Addressed... messages) {
    return delivery.settleTogether(ACCEPT, List.of(messages)).toCompletableFuture();
  }

  private static Result settleTogether(Delivery delivery, Settlement how, Addressed... messages) {
    return delivery.settleTogether(how, List.of(messages)).toCompletableFuture().join();
  }

  /** What the answer promises is there a little later. */
  private void awaitCommitted(TransportConnection connection, long offset) {
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .untilAsserted(() -> assertThat(committed(connection, queue).offset()).isEqualTo(offset));
  }

  private static OffsetAndMetadata committed(TransportConnection connection, Queue queue)
      throws Exception {
    return admin(connection)
        .listConsumerGroupOffsets(queue.name())
        .partitionsToOffsetAndMetadata()
        .get()
        .getOrDefault(new TopicPartition(queue.name(), 0), new OffsetAndMetadata(0));
  }

  private static long end(TransportConnection connection, Queue queue) throws Exception {
    TopicPartition partition = new TopicPartition(queue.name(), 0);
    return admin(connection)
        .listOffsets(Map.of(partition, OffsetSpec.latest()))
        .partitionResult(partition)
        .get()
        .offset();
  }

  private static Admin admin(TransportConnection connection) {
    return connection.unwrap(Admin.class).orElseThrow();
  }
}
