package dev.waybill.internal;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.internal.Contracts.payment;
import static dev.waybill.internal.Contracts.paymentOf;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.Handler;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.delivery.InMemoryMessageStore;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IdempotentReceiverTest {
  private static final Settlement ACCEPT = Settlement.accept();
  private static final String SOURCE = "payments";

  private final FakeTransport transport = new FakeTransport();
  private final List<String> handled = new CopyOnWriteArrayList<>();
  private final List<Integer> attempts = new CopyOnWriteArrayList<>();
  private final FailingStore store = new FailingStore();
  private MessageBus bus;

  @AfterEach
  void close() {
    bus.close();
  }

  /** A store that fails when it is told to. */
  private static final class FailingStore implements ProcessedMessageStore {
    private final InMemoryMessageStore store =
        InMemoryMessageStore.builder().lease(Duration.ofMinutes(10)).build();
    final AtomicInteger failingClaims = new AtomicInteger();
    final AtomicInteger failingCompletions = new AtomicInteger();
    volatile Duration lease = Duration.ofMinutes(10);
    final List<String> claimed = new CopyOnWriteArrayList<>();
    volatile boolean lost;
    final CountDownLatch renewed = new CountDownLatch(2);

    /** How many renewals a completion waits for at its end. */
    final CountDownLatch renewedAfter = new CountDownLatch(2);

    volatile boolean slow;
    final AtomicBoolean interrupted = new AtomicBoolean();

    @Override
    public Answer claim(String source, String messageId) {
      failIf(failingClaims);
      claimed.add(messageId);
      return store.claim(source, messageId);
    }

    @Override
    public boolean renew(Claim claim) {
      renewed.countDown();
      boolean held = !lost && store.renew(claim);
      if (!held) {
        renewedAfter.countDown();
      }
      return held;
    }

    @Override
    public boolean complete(Claim claim) {
      failIf(failingCompletions);
      noteInterruption();
      boolean completed = store.complete(claim);
      if (slow) {
        await().atMost(Duration.ofSeconds(30)).until(() -> renewedAfter.getCount() == 0);
      }
      return completed;
    }

    @Override
    public void release(Claim claim) {
      noteInterruption();
      store.release(claim);
    }

    @Override
    public Duration lease() {
      return lease;
    }

    @Override
    public Duration retention() {
      return store.retention();
    }

    private void noteInterruption() {
      if (Thread.currentThread().isInterrupted()) {
        interrupted.set(true);
      }
    }

    private static void failIf(AtomicInteger failures) {
      if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        throw new IllegalStateException("the store is away");
      }
    }
  }

  private void consume(FailurePolicy policy, Handler<Command<ProcessPayment>> handler) {
    consume(
        c ->
            c.onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      handled.add(command.metadata().id());
                      attempts.add(context.attempt());
                      handler.handle(command, context);
                    })
                .onFailure(policy));
  }

  private void consume(Consumer<ConsumerSpec> consumer) {
    bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    SOURCE,
                    c -> {
                      consumer.accept(c);
                      c.guarantee(EXACTLY_ONCE).idempotent(store);
                    }));
  }

  private FakeDelivery deliver(FakeDelivery payment) {
    return transport.deliver(SOURCE, payment);
  }

  @Test
  void what_has_been_handled_is_acknowledged_and_not_handled_again() {
    consume(noRetry(), (command, context) -> context.transfer(new Invoice("i-1")));

    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);
    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);

    assertThat(handled).containsExactly("p-1");
    assertThat(transport.sent).hasSize(1);
    assertThat(transport.calls).doesNotContain("receive atomically payments");
  }

  @Test
  void the_same_id_of_another_source_is_another_message() {
    consume(noRetry(), (command, context) -> {});

    deliver(payment("p-1")).settlement();
    deliver(payment("p-1", Contracts.PAYMENT, attributes -> attributes.put("source", "web")))
        .settlement();

    assertThat(handled).hasSize(2);
  }

  @Test
  void
      a_duplicate_that_has_expired_meanwhile_is_acknowledged_and_another_message_is_a_dead_letter() {
    Clock clock = Clock.fixed(Instant.parse("2026-01-01T12:00:00Z"), ZoneOffset.UTC);
    String expiry = "2026-01-01T11:00:00Z";
    bus =
        Contracts.bus(
            transport,
            b ->
                b.clock(clock)
                    .consume(
                        SOURCE,
                        c ->
                            c.onCommand(
                                    ProcessPayment.class,
                                    (command, context) -> handled.add(command.metadata().id()))
                                .guarantee(EXACTLY_ONCE)
                                .idempotent(store)));
    deliver(payment("p-1")).settlement();

    FakeDelivery duplicate =
        deliver(payment("p-1", Contracts.PAYMENT, a -> a.put("expirytime", expiry)));
    FakeDelivery other =
        deliver(payment("p-2", Contracts.PAYMENT, a -> a.put("expirytime", expiry)));

    assertThat(duplicate.settlement()).isEqualTo(ACCEPT);
    assertThat(other.settlement())
        .isInstanceOfSatisfying(
            Reject.class, reject -> assertThat(reject.reason()).isEqualTo("expired at " + expiry));
    assertThat(handled).containsExactly("p-1");
    FakeDelivery replay = deliver(payment("p-2"));
    assertThat(replay.settlement()).isEqualTo(ACCEPT);
    assertThat(handled).containsExactly("p-1", "p-2");
  }

  @Test
  void
      a_duplicate_whose_delivery_is_the_last_allowed_is_acknowledged_and_another_is_a_dead_letter() {
    consume(noRetry(), (command, context) -> {});
    deliver(payment("p-1")).settlement();

    FakeDelivery duplicate = lastAllowed(payment("p-1"));
    FakeDelivery other = lastAllowed(payment("p-2"));

    assertThat(duplicate.settlement()).isEqualTo(ACCEPT);
    assertThat(other.settlement())
        .isInstanceOfSatisfying(
            Reject.class,
            reject -> assertThat(reject.reason()).startsWith("not handled: delivery 4"));
    assertThat(deliver(payment("p-2")).settlement()).isEqualTo(ACCEPT);
    assertThat(handled).containsExactly("p-1", "p-2");
  }

  @Test
  void a_message_whose_delivery_is_the_last_allowed_does_not_wait_for_a_store_that_is_away() {
    store.failingClaims.set(1);
    consume(noRetry(), (command, context) -> {});

    assertThat(lastAllowed(payment("p-1")).settlement()).isInstanceOf(Reject.class);

    assertThat(handled).isEmpty();
  }

  private FakeDelivery lastAllowed(FakeDelivery like) {
    return deliver(new FakeDelivery(like.brokerId(), like.message(), 4).lastAllowed());
  }

  @Test
  void sources_and_ids_that_read_the_same_together_are_different_messages() {
    consume(noRetry(), (command, context) -> {});

    deliver(payment("a#b", Contracts.PAYMENT, attributes -> attributes.put("source", "x")))
        .settlement();
    deliver(payment("b", Contracts.PAYMENT, attributes -> attributes.put("source", "x#a")))
        .settlement();

    assertThat(handled).containsExactly("a#b", "b");
  }

  @Test
  void an_id_that_no_database_could_keep_is_claimed_by_its_digest() {
    consume(noRetry(), (command, context) -> {});

    deliver(payment("p\0")).settlement();
    deliver(payment("p\0")).settlement();
    deliver(payment("p\uD83D")).settlement();

    assertThat(handled).containsExactly("p\0", "p\uD83D");
    assertThat(store.claimed).hasSize(3).noneMatch(id -> id.contains("\0") || id.contains("p"));
  }

  @Test
  void a_message_is_marked_after_what_its_handler_sent_is_confirmed() {
    CompletableFuture<String> confirmation = new CompletableFuture<>();
    CountDownLatch sent = new CountDownLatch(1);
    transport.answer =
        message -> {
          sent.countDown();
          return confirmation;
        };
    consume(noRetry(), (command, context) -> context.transfer(new Invoice("i-1")));

    FakeDelivery payment = deliver(payment("p-1"));
    await().untilAsserted(() -> assertThat(sent.getCount()).isZero());
    assertThat(store.store.size()).isZero();
    assertThat(payment.settlements).isEmpty();
    confirmation.complete("fake/1");

    assertThat(payment.settlement()).isEqualTo(ACCEPT);
    assertThat(store.store.size()).isOne();
  }

  @Test
  void a_duplicate_waits_while_the_message_is_being_handled_and_is_not_handled_then()
      throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    consume(
        noRetry(),
        (command, context) -> {
          begun.countDown();
          assertThat(goOn.await(60, TimeUnit.SECONDS)).isTrue();
        });

    FakeDelivery first = deliver(paymentOf("o-1", "p-1"));
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    FakeDelivery duplicate = deliver(paymentOf("o-2", "p-1")); // of another key: in parallel
    FakeDelivery other = deliver(paymentOf("o-3", "p-2"));
    await().until(() -> bus.health().consumers().get(0).waitingLanes() == 1);
    assertThat(duplicate.settlements).isEmpty();
    goOn.countDown();

    assertThat(first.settlement()).isEqualTo(ACCEPT);
    assertThat(duplicate.settlement()).isEqualTo(ACCEPT);
    assertThat(other.settlement()).isEqualTo(ACCEPT);
    assertThat(handled).containsExactlyInAnyOrder("p-1", "p-2");
  }

  @Test
  void a_failed_handling_can_be_made_again_and_counts() {
    AtomicInteger failures = new AtomicInteger(1);
    consume(
        retry(1),
        (command, context) -> {
          context.transfer(new Invoice("i-1"));
          if (failures.getAndDecrement() > 0) {
            throw new IllegalStateException("no bank");
          }
        });

    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);

    assertThat(attempts).containsExactly(1, 2);
    assertThat(transport.sent).hasSize(1);
  }

  @Test
  void a_dead_letter_is_not_marked_so_that_its_replay_is_handled() {
    AtomicInteger failures = new AtomicInteger(1);
    consume(
        noRetry(),
        (command, context) -> {
          if (failures.getAndDecrement() > 0) {
            throw new IllegalStateException("no bank");
          }
        });

    assertThat(deliver(payment("p-1")).settlement()).isInstanceOf(Reject.class);
    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);

    assertThat(handled).hasSize(2);
    assertThat(store.store.size()).isOne();
  }

  @Test
  void what_a_handler_has_decided_against_is_not_marked() {
    consume(c -> c.onCommand(ProcessPayment.class, (command, context) -> context.discard("stale")));

    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);

    assertThat(store.store.size()).isZero();
  }

  @Test
  void an_asynchronous_handler_is_waited_for() {
    CompletableFuture<Void> result = new CompletableFuture<>();
    CountDownLatch begun = new CountDownLatch(1);
    consume(
        c ->
            c.onCommandAsync(
                ProcessPayment.class,
                (command, context) -> {
                  begun.countDown();
                  return result;
                }));

    FakeDelivery payment = deliver(payment("p-1"));
    await().untilAsserted(() -> assertThat(begun.getCount()).isZero());
    assertThat(store.store.size()).isZero();
    result.complete(null);

    assertThat(payment.settlement()).isEqualTo(ACCEPT);
    assertThat(store.store.size()).isOne();
  }

  @Test
  void a_store_that_is_away_is_a_problem_and_no_attempt_and_the_message_is_kept() {
    store.failingClaims.set(Integer.MAX_VALUE);
    consume(noRetry(), (command, context) -> {});

    FakeDelivery payment = deliver(payment("p-1"));
    await().untilAsserted(() -> assertThat(bus.health().problems()).hasSize(1));
    assertThat(bus.health().problems().get(0))
        .contains("the store of handled messages of the queue payments can't be asked")
        .contains("the store is away");
    store.failingClaims.set(0);

    assertThat(payment.settlement()).isEqualTo(ACCEPT);
    assertThat(attempts).containsExactly(1);
    await().untilAsserted(() -> assertThat(bus.health().problems()).isEmpty());
  }

  @Test
  void a_message_that_could_not_be_marked_is_not_acknowledged_while_its_claim_is_held() {
    store.failingCompletions.set(1);
    consume(noRetry(), (command, context) -> {});

    FakeDelivery payment = deliver(payment("p-1"));
    await().until(() -> bus.health().consumers().get(0).waitingLanes() == 1);

    assertThat(payment.settlements).isEmpty();
    assertThat(handled).containsExactly("p-1");
  }

  @Test
  void claims_are_renewed_while_a_handler_runs_and_a_lost_one_is_told_to_it() throws Exception {
    store.lease = Duration.ofMillis(30);
    CountDownLatch lost = new CountDownLatch(1);
    consume(
        noRetry(),
        (command, context) -> {
          assertThat(store.renewed.await(30, TimeUnit.SECONDS)).isTrue();
          assertThat(context.isOwnershipLost()).isFalse();
          store.lost = true;
          await().atMost(Duration.ofSeconds(30)).until(context::isOwnershipLost);
          lost.countDown();
        });

    deliver(payment("p-1"));

    assertThat(lost.await(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void a_request_that_is_made_again_is_told_that_it_was_handled_before() {
    consume(noRetry(), (command, context) -> context.reply(new Contracts.Paid("o-1")));

    assertThat(deliver(request(1)).settlement()).isEqualTo(ACCEPT);
    assertThat(deliver(request(1)).settlement()).isEqualTo(ACCEPT);

    assertThat(handled).containsExactly("p-1");
    assertThat(transport.sent)
        .extracting(sent -> sent.message().attributes().get("type"))
        .containsExactly("payments.paid.v1", "dev.waybill.fault.v1");
    FakeTransport.Sent fault = transport.sent.get(1);
    assertThat(fault.message().attributes()).containsEntry("causationid", "p-1");
    assertThat(new String(fault.message().body(), UTF_8))
        .contains("\"handled before\"", "has been handled before");
  }

  @Test
  void
      a_request_that_the_broker_repeats_is_acknowledged_in_silence_since_its_reply_may_be_coming() {
    consume(noRetry(), (command, context) -> context.reply(new Contracts.Paid("o-1")));

    assertThat(deliver(request(1)).settlement()).isEqualTo(ACCEPT);
    assertThat(deliver(request(2)).settlement()).isEqualTo(ACCEPT);

    assertThat(handled).containsExactly("p-1");
    assertThat(transport.sent).hasSize(1);
  }

  private static FakeDelivery request(int attempt) {
    FakeDelivery payment =
        payment(
            "p-1",
            Contracts.PAYMENT,
            attributes -> attributes.put("waybillreplyto", new ReplyQueue("shop", "1").name()));
    return new FakeDelivery(payment.brokerId(), payment.message(), attempt);
  }

  @Test
  void a_claim_that_has_become_a_mark_is_not_lost_when_it_is_renewed_once_more() {
    store.lease = Duration.ofMillis(30);
    store.slow = true;
    AtomicReference<HandlerContext> seen = new AtomicReference<>();
    consume(noRetry(), (command, context) -> seen.set(context));

    FakeDelivery payment = deliver(payment("p-1"));

    assertThat(payment.settlement()).isEqualTo(ACCEPT);
    assertThat(seen.get().isOwnershipLost()).isFalse();
  }

  @Test
  void a_handler_that_leaves_its_thread_interrupted_has_succeeded_all_the_same() throws Exception {
    CompletableFuture<String> confirmation = new CompletableFuture<>();
    CountDownLatch sent = new CountDownLatch(1);
    transport.answer =
        message -> {
          if (Thread.currentThread().isInterrupted()) {
            store.interrupted.set(true);
          }
          sent.countDown();
          return confirmation;
        };
    consume(
        retry(3),
        (command, context) -> {
          context.transfer(new Invoice("i-1"));
          Thread.currentThread().interrupt();
        });

    FakeDelivery payment = deliver(payment("p-1"));
    assertThat(sent.await(30, TimeUnit.SECONDS)).isTrue();
    confirmation.complete("fake/1");

    assertThat(payment.settlement()).isEqualTo(ACCEPT);
    assertThat(attempts).containsExactly(1);
    assertThat(transport.sent).hasSize(1);
    assertThat(store.store.size()).isOne();
    assertThat(store.interrupted).isFalse();
  }

  @Test
  void nothing_leaves_of_an_asynchronous_handler_that_a_close_did_not_wait_for() throws Exception {
    CompletableFuture<Void> result = new CompletableFuture<>();
    CountDownLatch begun = new CountDownLatch(1);
    bus =
        Contracts.bus(
            transport,
            b ->
                b.drainTimeout(Duration.ofMillis(20))
                    .consume(
                        SOURCE,
                        c ->
                            c.onCommandAsync(
                                    ProcessPayment.class,
                                    (command, context) -> {
                                      context.transfer(new Invoice("i-1"));
                                      begun.countDown();
                                      return result;
                                    })
                                .guarantee(EXACTLY_ONCE)
                                .idempotent(store)));
    FakeDelivery payment = deliver(payment("p-1"));
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();

    bus.close();
    result.complete(null);

    assertThat(payment.settlement()).isInstanceOf(Settlement.Release.class);
    assertThat(transport.sent).isEmpty();
    assertThat(store.store.size()).isZero();
  }

  @Test
  void a_handler_that_fails_interrupted_gives_its_claim_back_at_once() {
    AtomicInteger failures = new AtomicInteger(1);
    consume(
        retry(1),
        (command, context) -> {
          if (failures.getAndDecrement() > 0) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted");
          }
        });

    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);

    assertThat(attempts).containsExactly(1, 2);
    assertThat(store.interrupted).isFalse();
  }

  @Test
  void a_claim_that_was_lost_in_one_attempt_is_not_lost_in_the_next() {
    store.lease = Duration.ofMillis(30);
    List<Boolean> lost = new CopyOnWriteArrayList<>();
    consume(
        retry(1),
        (command, context) -> {
          if (context.attempt() == 1) {
            store.lost = true;
            await().atMost(Duration.ofSeconds(30)).until(context::isOwnershipLost);
            store.lost = false;
            throw new IllegalStateException("x");
          }
          lost.add(context.isOwnershipLost());
        });

    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);

    assertThat(lost).containsExactly(false);
  }

  @Test
  void a_message_without_an_id_is_a_dead_letter_since_it_could_not_be_known_again() {
    consume(noRetry(), (command, context) -> {});

    FakeDelivery foreign =
        deliver(payment("p-1", Contracts.PAYMENT, attributes -> attributes.remove("id")));

    assertThat(foreign.settlement())
        .isInstanceOfSatisfying(
            Reject.class,
            reject ->
                assertThat(reject.reason())
                    .isEqualTo("the message has no id, by which exactly-once could know it again"));
    assertThat(handled).isEmpty();
  }

  @Test
  void a_failed_send_is_a_failure_of_the_handling_and_releases_the_claim() {
    AtomicInteger failures = new AtomicInteger(1);
    transport.answer =
        message ->
            failures.getAndDecrement() > 0
                ? CompletableFuture.failedFuture(
                    SendException.rejected(
                        dev.waybill.error.ErrorCode.THROTTLED, "not so fast", null))
                : CompletableFuture.completedFuture("fake/1");
    consume(retry(1), (command, context) -> context.publish(new OrderShipped("o-1")));

    assertThat(deliver(payment("p-1")).settlement()).isEqualTo(ACCEPT);

    assertThat(attempts).containsExactly(1, 2);
    assertThat(transport.sent)
        .extracting(FakeTransport.Sent::id)
        .hasSize(2)
        .containsOnly(transport.sent.get(0).id());
  }

  @Test
  void a_handler_without_a_transaction_is_told_how_to_get_one() {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    consume(
        noRetry(),
        (command, context) -> {
          try {
            context.transaction(Runnable.class);
          } catch (IllegalStateException e) {
            thrown.complete(e);
          }
        });

    deliver(payment("p-1")).settlement();

    assertThat(thrown.orTimeout(20, TimeUnit.SECONDS).join())
        .hasMessage(
            "the consumer of the queue payments handles without a transaction: give it"
                + " .guarantee(EXACTLY_ONCE).idempotent(…) with a store that is a database");
  }
}
