package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is stored together with a settlement. */
abstract class AtomicSettlementCases extends SendingCases {
  private static final Duration CONNECT = Duration.ofSeconds(60);
  private static final Duration A_WHILE = Duration.ofMillis(500);

  @Test
  @Case(value = "D7", needs = Feature.ATOMIC_SETTLEMENT, keyed = true)
  void what_an_exactly_once_handler_sends_is_stored_once_or_exactly_once_is_refused() {
    Recorder<Integer> attempts = new Recorder<>();
    Recorder<Integer> copies = new Recorder<>();
    MessageBus.Builder exactlyOnce =
        here.bus()
            .consume(
                here.keyedQueue,
                c ->
                    c.guarantee(DeliveryGuarantee.EXACTLY_ONCE)
                        .onCommand(
                            Charge.class,
                            (m, x) -> {
                              attempts.add(x.attempt());
                              x.send(new Refresh(m.payload().number()));
                              if (m.payload().number() < 0
                                  || (m.payload().number() == 2 && x.attempt() == 1)) {
                                throw new IllegalStateException("after sending");
                              }
                            })
                        .onFailure(retry(1)));
    if (isRefusedAtStart(exactlyOnce)) {
      return;
    }
    try (MessageBus bus = exactlyOnce.start();
        MessageBus receiving = here.refreshing(Numbers.refreshes(copies))) {
      for (int number : new int[] {1, 2, -1, 3}) {
        bus.send(new Charge("a", number)).join();
      }
      await(copies, 3);
      pass(A_WHILE);
      until("nothing to be open", () -> receiving.inFlight() == 0);
    }
    assertThat(copies.all()).containsExactlyInAnyOrder(1, 2, 3); // the copies have no keys
    assertThat(attempts.all()).containsExactly(1, 1, 2, 1, 2, 1);
    assertThat(left(here.keyedQueue, 0)).isEmpty();
  }

  @Test
  @Case(value = "D7", needs = Feature.ATOMIC_SETTLEMENT, keyed = true)
  void what_was_to_be_stored_with_the_settlement_of_a_lost_message_is_not_stored() {
    if (isRefusedAtStart(exactlyOnce())) {
      return;
    }
    make();
    Open first = new Open();
    Open second = new Open();
    try (TransportConnection connection = connect()) {
      connection
          .sender()
          .send(in(), message("{\"account\":\"a\",\"number\":1}", "a"), CONNECT)
          .join();
      Receiver lost = connection.receiveAtomically(in(), 1, first);
      until("a delivery", () -> first.now() == 1);
      Delivery delivery = first.take();
      lost.close();
      assertThat(settled(delivery, copy(1))).isEqualTo(Result.NOT_OWNED);
      Receiver heir = connection.receiveAtomically(in(), 1, second);
      until("its delivery again", () -> second.now() == 1);
      assertThat(settled(second.take(), copy(2))).isEqualTo(Result.SETTLED);
      heir.close();
    }
    assertThat(copies()).containsExactly(2);
    assertThat(left(here.keyedQueue, 0)).isEmpty();
  }

  @Test
  @Case(value = "D7", needs = Feature.ATOMIC_SETTLEMENT, keyed = true)
  void nothing_is_stored_with_a_settlement_if_one_of_its_messages_can_not_be() {
    if (isRefusedAtStart(exactlyOnce())) {
      return;
    }
    make();
    Open open = new Open();
    Addressed nowhere = new Addressed(here.queue(here.documents), message("{}", null));
    try (TransportConnection connection = connect()) {
      connection
          .sender()
          .send(in(), message("{\"account\":\"a\",\"number\":1}", "a"), CONNECT)
          .join();
      Receiver receiver = connection.receiveAtomically(in(), 1, open);
      until("a delivery", () -> open.now() == 1);
      Delivery delivery = open.take();
      assertThatThrownBy(() -> settled(delivery, copy(1), nowhere))
          .isInstanceOf(CompletionException.class)
          .cause()
          .isInstanceOfSatisfying(
              SendException.class,
              e -> {
                assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
                assertThat(e.code()).isIn(ErrorCode.NOT_FOUND, ErrorCode.UNROUTABLE);
              });
      assertThat(delivery.isOwned()).as("it is still open").isTrue();
      assertThat(settled(delivery, copy(2))).isEqualTo(Result.SETTLED);
      receiver.close();
    }
    assertThat(copies()).containsExactly(2);
    assertThat(left(here.keyedQueue, 0)).isEmpty();
  }

  @Test
  @Case(value = "D7", needs = Feature.ATOMIC_SETTLEMENT, keyed = true)
  void a_dead_letter_is_stored_with_the_messages_of_its_settlement() {
    if (isRefusedAtStart(exactlyOnce())) {
      return;
    }
    make();
    Open open = new Open();
    Open letters = new Open();
    Settlement reject = new Settlement.Reject("why", Map.of("waybill-dead-letter-reason", "why"));
    try (TransportConnection connection = connect()) {
      connection
          .sender()
          .send(in(), message("{\"account\":\"a\",\"number\":1}", "a"), CONNECT)
          .join();
      Receiver receiver = connection.receiveAtomically(in(), 1, open);
      until("a delivery", () -> open.now() == 1);
      CompletableFuture<Result> rejected =
          open.take().settleTogether(reject, List.of(copy(1))).toCompletableFuture();
      until("the settlement", rejected::isDone);
      assertThat(rejected.join()).isEqualTo(Result.SETTLED);
      receiver.close();
      Receiver dead = connection.receive(in().deadLetterQueue(), 1, letters);
      until("the dead letter", () -> letters.now() == 1);
      assertThat(letters.accept(1)).containsExactly("{\"account\":\"a\",\"number\":1}");
      dead.close();
    }
    assertThat(copies()).containsExactly(1);
    assertThat(left(here.keyedQueue, 0)).isEmpty();
  }

  private MessageBus.Builder exactlyOnce() {
    return here.bus()
        .consume(
            here.keyedQueue,
            c ->
                c.guarantee(DeliveryGuarantee.EXACTLY_ONCE)
                    .onCommand(Charge.class, (m, x) -> x.send(new Refresh(m.payload().number()))));
  }

  /** Whether exactly-once is refused; if so, it is asserted how. */
  private boolean isRefusedAtStart(MessageBus.Builder exactlyOnce) {
    Support support = keyedSupport(Feature.ATOMIC_SETTLEMENT);
    if (!refused(support)) {
      return false;
    }
    assertThatThrownBy(exactlyOnce::start)
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "guarantee(EXACTLY_ONCE) on queue %s needs ATOMIC_SETTLEMENT, which %s refuses: %s"
                .formatted(here.keyedQueue, harness().transport().name(), support.note()));
    return true;
  }

  private Queue in() {
    return here.queue(here.keyedQueue);
  }

  private void make() {
    Queue out = here.queue(here.plainQueue);
    make(
        new Topology(
            List.of(in(), out),
            List.of(in(), out),
            List.of(in().deadLetterQueue(), out.deadLetterQueue())));
  }

  /** A connection for channels that are there. */
  private TransportConnection connect() {
    TransportConnection connection = harness().transport().connect(CONNECT);
    Queue out = here.queue(here.plainQueue);
    assertThat(
            connection.prepare(
                new Topology(List.of(in(), out), List.of(in()), List.of(in().deadLetterQueue())),
                Topology.Mode.ASSUME))
        .isEmpty();
    return connection;
  }

  private Addressed copy(int number) {
    return new Addressed(
        here.queue(here.plainQueue), message("{\"number\":%d}".formatted(number), null));
  }

  private static WireMessage message(String body, @Nullable String key) {
    return new WireMessage(
        body.getBytes(StandardCharsets.UTF_8),
        "application/json",
        Map.of("id", UUID.randomUUID().toString()),
        Map.of(),
        key,
        null);
  }

  /** Accepts a delivery together with messages, and waits for the answer. */
  private Result settled(Delivery delivery, Addressed... messages) {
    CompletableFuture<Result> answer =
        delivery.settleTogether(Settlement.accept(), List.of(messages)).toCompletableFuture();
    until("the settlement", answer::isDone);
    return answer.join();
  }

  /** What has been stored in the queue of copies. */
  private List<Integer> copies() {
    return left(here.plainQueue, 1);
  }
}
