package dev.waybill.internal;

import static dev.waybill.delivery.DeliveryGuarantee.AT_MOST_ONCE;
import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.internal.Contracts.payment;
import static dev.waybill.internal.Contracts.paymentOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.AttemptResult;
import dev.waybill.AttemptResult.Handling;
import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.Envelope;
import dev.waybill.Handler;
import dev.waybill.HandlerContext;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.Outcome;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.delivery.InMemoryMessageStore;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderPlaced;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What interceptors are told of decisions over what was received. */
class AttemptReportTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Handler<Command<ProcessPayment>> FAILING =
      (command, context) -> {
        throw new IllegalStateException("no");
      };

  private final FakeTransport transport = new FakeTransport();
  private final List<AttemptResult> results = new CopyOnWriteArrayList<>();
  private final List<String> steps = new CopyOnWriteArrayList<>();
  private MessageBus bus;

  private final Interceptor listener =
      new Interceptor() {
        @Override
        public CompletionStage<Outcome> incoming(
            Envelope<?> envelope, HandlerContext context, Next next) throws Exception {
          steps.add("incoming on " + Thread.currentThread().getName());
          return next.proceed();
        }

        @Override
        public void decided(AttemptResult result) {
          steps.add("decided on " + Thread.currentThread().getName());
          results.add(result);
        }
      };

  @AfterEach
  void close() {
    bus.close();
  }

  private void start(UnaryOperator<MessageBus.Builder> more) {
    bus = Contracts.bus(transport, b -> more.apply(b.intercept(listener)));
  }

  private void consume(Consumer<ConsumerSpec> payments) {
    start(b -> b.consume("payments", payments));
  }

  private void consume(FailurePolicy policy, Handler<Command<ProcessPayment>> handler) {
    consume(c -> c.onCommand(ProcessPayment.class, handler).onFailure(policy));
  }

  private AttemptResult told(FakeDelivery payment) {
    transport.deliver("payments", payment).settlement();
    assertThat(results).hasSize(1);
    return results.get(0);
  }

  private void awaitTold(int times) {
    await().atMost(PATIENCE).until(() -> results.size() >= times);
    assertThat(results).hasSize(times);
  }

  private static void assertIs(AttemptResult result, Handling handling, Outcome outcome) {
    assertThat(result.handling()).isEqualTo(handling);
    assertThat(result.outcome()).isEqualTo(outcome);
  }

  private static void assertDeadLetter(AttemptResult result, Handling handling, String reason) {
    assertThat(result.handling()).isEqualTo(handling);
    assertThat(result.outcome())
        .isInstanceOfSatisfying(
            Outcome.DeadLettered.class, dead -> assertThat(dead.reason()).contains(reason));
  }

  // what the handler came to

  @Test
  void a_success_is_told_on_the_handlers_thread_before_the_message_is_settled() {
    consume(noRetry(), (command, context) -> {});
    List<Integer> toldBefore = new CopyOnWriteArrayList<>();
    FakeDelivery payment =
        payment("m-1")
            .answering(
                () -> {
                  toldBefore.add(results.size());
                  return CompletableFuture.completedFuture(Result.SETTLED);
                });

    AttemptResult result = told(payment);

    assertIs(result, Handling.HANDLED, Outcome.acknowledged());
    assertThat(toldBefore).containsExactly(1);
    assertThat(steps.get(0).replace("incoming", "decided")).isEqualTo(steps.get(1));
    assertThat(result.source().name()).isEqualTo("payments");
    assertThat(result.brokerId()).isEqualTo("payments@m-1");
    assertThat(result.attempt()).isEqualTo(1);
    assertThat(result.failure()).isNull();
    assertThat(result.took()).isPositive();
    assertThat(result.metadata().id()).isEqualTo("m-1");
    assertThat(result.metadata().type()).isEqualTo("payments.process.v1");
    assertThat(result.metadata().header("traceparent")).isEqualTo("00-1-2-01");
  }

  @Test
  void each_attempt_is_told_with_its_failure_and_what_the_policy_decided() {
    Duration wait = Duration.ofMillis(1);
    consume(retry(1).thenAfter(wait).thenDeadLetter(), FAILING);

    transport.deliver("payments", payment("m-1")).settlement();

    assertThat(results)
        .extracting(AttemptResult::outcome)
        .containsExactly(
            Outcome.retryAfter(Duration.ZERO),
            Outcome.retryAfter(wait),
            Outcome.deadLetter("attempt 3 failed"));
    assertThat(results).extracting(AttemptResult::attempt).containsExactly(1, 2, 3);
    assertThat(results).extracting(AttemptResult::handling).containsOnly(Handling.HANDLED);
    assertThat(results)
        .extracting(AttemptResult::failure)
        .allSatisfy(
            failure ->
                assertThat(failure).isInstanceOf(IllegalStateException.class).hasMessage("no"));
  }

  @Test
  void a_failure_that_is_discarded_is_told_as_such() {
    consume(noRetry().discardOn(IllegalStateException.class), FAILING);

    assertIs(told(payment("m-1")), Handling.HANDLED, Outcome.discard("attempt 1 failed"));
  }

  @Test
  void what_a_handler_decides_is_told_without_a_failure() {
    consume(noRetry(), (command, context) -> context.deadLetter("a forgery"));

    AttemptResult result = told(payment("m-1"));

    assertIs(result, Handling.HANDLED, Outcome.deadLetter("a forgery"));
    assertThat(result.failure()).isNull();
  }

  @Test
  void a_handler_that_fails_later_is_told_with_what_it_failed_with() {
    consume(
        c ->
            c.onCommandAsync(
                    ProcessPayment.class,
                    (command, context) ->
                        CompletableFuture.failedFuture(new IllegalStateException("no")))
                .onFailure(noRetry()));

    AttemptResult result = told(payment("m-1"));

    assertDeadLetter(result, Handling.HANDLED, "attempt 1 failed");
    assertThat(result.failure()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void a_failed_send_of_what_the_handler_sent_is_the_failure_of_its_attempt() {
    SendException refusal = SendException.rejected(ErrorCode.UNROUTABLE, "nobody there", null);
    transport.answer = sent -> CompletableFuture.failedFuture(refusal);
    consume(noRetry(), (command, context) -> context.publish(new OrderShipped("o-1")));

    AttemptResult result = told(payment("m-1"));

    assertDeadLetter(result, Handling.HANDLED, "attempt 1 failed");
    assertThat(result.failure()).isSameAs(refusal);
  }

  // what never came to it

  @Test
  void what_can_not_be_read_is_told_with_what_can() {
    consume(noRetry(), FAILING);
    FakeDelivery bad = payment("m-1", Contracts.PAYMENT, a -> a.put("expirytime", "tomorrow"));

    AttemptResult result = told(bad);

    assertDeadLetter(result, Handling.NOT_HANDLED, "'expirytime' is not a time");
    assertThat(result.failure()).isInstanceOf(MessagingException.class);
    assertThat(result.metadata().id()).isEqualTo("m-1");
    assertThat(result.metadata().expiresAt()).isNull();
    assertThat(result.metadata().header("traceparent")).isEqualTo("00-1-2-01");
  }

  @Test
  void what_the_transport_can_not_read_is_told_by_the_brokers_name() {
    consume(noRetry(), FAILING);
    MessagingException unread = new MessagingException(ErrorCode.UNDECODABLE, "not in UTF-8");

    AttemptResult result = told(FakeDelivery.of("payments@7", "k").unread(unread));

    assertIs(result, Handling.NOT_HANDLED, Outcome.deadLetter("not in UTF-8"));
    assertThat(result.failure()).isSameAs(unread);
    assertThat(result.metadata())
        .isEqualTo(Metadata.withId("payments@7").withType("payments.process.v1").withKey("k"));
  }

  @Test
  void a_body_that_is_no_payload_is_told_as_not_handled() {
    consume(noRetry(), FAILING);

    AttemptResult result = told(payment("m-1", "no json", a -> {}));

    assertDeadLetter(result, Handling.NOT_HANDLED, "the body is not a JSON ProcessPayment");
    assertThat(result.failure()).isNotNull();
  }

  @Test
  void an_unknown_type_is_told_as_not_handled() {
    consume(noRetry(), FAILING);

    AttemptResult result = told(payment("m-1", Contracts.PAYMENT, a -> a.put("type", "x.v9")));

    assertDeadLetter(result, Handling.NOT_HANDLED, "x.v9");
    assertThat(result.metadata().type()).isEqualTo("x.v9");
  }

  @Test
  void a_wrong_kind_is_told_as_not_handled() {
    consume(noRetry(), FAILING);

    assertDeadLetter(
        told(payment("m-1", Contracts.PAYMENT, a -> a.put("waybillkind", "event"))),
        Handling.NOT_HANDLED,
        "came as 'event'");
  }

  @Test
  void what_has_expired_is_told_as_not_handled_and_without_a_failure() {
    consume(noRetry(), FAILING);
    String expiry = "2020-01-01T00:00:00Z";

    AttemptResult result =
        told(payment("m-1", Contracts.PAYMENT, a -> a.put("expirytime", expiry)));

    assertIs(result, Handling.NOT_HANDLED, Outcome.deadLetter("expired at " + expiry));
    assertThat(result.failure()).isNull();
    assertThat(result.metadata().expiresAt()).isEqualTo(Instant.parse(expiry));
  }

  @Test
  void the_last_delivery_that_the_broker_allows_is_told_as_not_handled() {
    consume(noRetry(), FAILING);

    AttemptResult result =
        told(new FakeDelivery("payments@1", payment("m-1").message(), 4).lastAllowed());

    assertDeadLetter(result, Handling.NOT_HANDLED, "delivery 4");
    assertThat(result.attempt()).isEqualTo(4);
  }

  @Test
  void ignored_types_and_replays_for_others_are_told_as_acknowledged_and_not_handled() {
    start(
        b ->
            b.subscribe(
                "orders",
                "billing",
                c -> c.onEvent(OrderPlaced.class, (e, x) -> {}).ignoring(OrderShipped.class)));
    WireMessage ignored =
        FakeDelivery.wire("{}", Map.of("type", "orders.shipped.v1"), Map.of(), null);
    WireMessage forOthers =
        FakeDelivery.wire(
            "{}",
            Map.of("type", "orders.placed.v1"),
            Map.of("waybill-replay", "orders.mail"),
            null);

    transport.deliver("orders.billing", new FakeDelivery("orders@1", ignored, 1)).settlement();
    transport.deliver("orders.billing", new FakeDelivery("orders@2", forOthers, 1)).settlement();

    assertThat(results)
        .hasSize(2)
        .allSatisfy(one -> assertIs(one, Handling.NOT_HANDLED, Outcome.acknowledged()))
        .allSatisfy(one -> assertThat(one.source()).isInstanceOf(Subscription.class));
  }

  // at-most-once

  @Test
  void under_at_most_once_whatever_fails_is_told_as_discarded() {
    consume(c -> c.onCommand(ProcessPayment.class, FAILING).guarantee(AT_MOST_ONCE));

    transport.deliver("payments", payment("m-1"));

    awaitTold(1);
    assertIs(results.get(0), Handling.HANDLED, Outcome.discard("failed under at-most-once"));
    assertThat(results.get(0).failure()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void under_at_most_once_a_decision_that_comes_too_late_is_told_as_discarded() {
    consume(
        c ->
            c.onCommand(ProcessPayment.class, (command, context) -> context.deadLetter("no"))
                .guarantee(AT_MOST_ONCE));

    transport.deliver("payments", payment("m-1"));

    awaitTold(1);
    assertIs(
        results.get(0),
        Handling.HANDLED,
        Outcome.discard("accepted before it was handled: at-most-once"));
  }

  @Test
  void what_could_not_be_accepted_under_at_most_once_is_left_to_its_next_delivery_untold() {
    consume(
        c ->
            c.onCommand(ProcessPayment.class, (command, context) -> {})
                .concurrency(1)
                .guarantee(AT_MOST_ONCE));
    transport.deliver(
        "payments",
        payment("m-1").answering(() -> CompletableFuture.completedFuture(Result.NOT_OWNED)));

    transport.deliver("payments", paymentOf("o-2", "m-2"));

    awaitTold(1);
    assertThat(results.get(0).metadata().id()).isEqualTo("m-2");
  }

  // exactly-once

  private void consumeAtomically() {
    consume(
        c ->
            c.onCommand(ProcessPayment.class, (command, x) -> x.transfer(new Invoice("i-1")))
                .guarantee(EXACTLY_ONCE)
                .onFailure(noRetry()));
  }

  @Test
  void what_is_stored_with_the_settlement_is_told_when_it_is_stored() {
    CompletableFuture<Result> stored = new CompletableFuture<>();
    consumeAtomically();
    FakeDelivery payment = payment("m-1").answering(() -> stored);
    transport.deliver("payments", payment).settlement();
    assertThat(results).isEmpty();

    stored.complete(Result.SETTLED);

    awaitTold(1);
    assertIs(results.get(0), Handling.HANDLED, Outcome.acknowledged());
    assertThat(payment.together).hasSize(1);
  }

  @Test
  void what_can_not_be_stored_with_the_settlement_is_told_once_with_what_is_decided_then() {
    SendException refusal = SendException.rejected(ErrorCode.NOT_FOUND, "no such topic", null);
    consumeAtomically();
    FakeDelivery payment =
        payment("m-1")
            .answering(
                settlement ->
                    settlement.equals(Settlement.accept())
                        ? CompletableFuture.failedFuture(refusal)
                        : CompletableFuture.completedFuture(Result.SETTLED));
    transport.deliver("payments", payment);

    await().atMost(PATIENCE).until(() -> payment.settlements.size() == 2);
    awaitTold(1);
    assertIs(results.get(0), Handling.HANDLED, Outcome.deadLetter("attempt 1 failed"));
    assertThat(results.get(0).attempt()).isEqualTo(1);
    assertThat(results.get(0).failure()).isSameAs(refusal);
  }

  @Test
  void what_was_lost_before_it_was_settled_is_told_as_postponed_also_if_its_handler_sent_nothing() {
    consume(c -> c.onCommand(ProcessPayment.class, (command, x) -> {}).guarantee(EXACTLY_ONCE));

    transport.deliver(
        "payments",
        payment("m-1").answering(() -> CompletableFuture.completedFuture(Result.NOT_OWNED)));

    awaitTold(1);
    assertIs(results.get(0), Handling.POSTPONED, Outcome.retryAfter(Duration.ZERO));
  }

  @Test
  void what_was_lost_before_it_was_stored_with_the_settlement_is_told_as_postponed() {
    consumeAtomically();

    transport.deliver(
        "payments",
        payment("m-1").answering(() -> CompletableFuture.completedFuture(Result.NOT_OWNED)));

    awaitTold(1);
    assertIs(results.get(0), Handling.POSTPONED, Outcome.retryAfter(Duration.ZERO));
    assertThat(results.get(0).attempt()).isEqualTo(1);

    transport.deliver("payments", payment("m-1"));

    awaitTold(2);
    assertIs(results.get(1), Handling.HANDLED, Outcome.acknowledged());
  }

  private void consumeOnce(ProcessedMessageStore store) {
    consume(
        c ->
            c.onCommand(ProcessPayment.class, (command, context) -> {})
                .guarantee(EXACTLY_ONCE)
                .idempotent(store));
  }

  @Test
  void what_was_handled_before_is_told_so_also_when_it_has_expired_meanwhile() {
    consumeOnce(InMemoryMessageStore.create());
    FakeDelivery expired =
        payment("m-1", Contracts.PAYMENT, a -> a.put("expirytime", "2020-01-01T00:00:00Z"));
    FakeDelivery repeated =
        payment("m-1", Contracts.PAYMENT, a -> a.put("waybillreplyto", "replies.shop.1"));

    transport.deliver("payments", payment("m-1")).settlement();
    transport.deliver("payments", payment("m-1")).settlement();
    transport.deliver("payments", expired).settlement();
    transport.deliver("payments", repeated).settlement();

    assertThat(results)
        .extracting(AttemptResult::handling)
        .containsExactly(
            Handling.HANDLED,
            Handling.HANDLED_BEFORE,
            Handling.HANDLED_BEFORE,
            Handling.HANDLED_BEFORE);
    assertThat(results).extracting(AttemptResult::outcome).containsOnly(Outcome.acknowledged());
  }

  /** A store that fails as often as it is told to. */
  private static final class FailingStore implements ProcessedMessageStore {
    private final InMemoryMessageStore store =
        InMemoryMessageStore.builder().lease(Duration.ofMillis(500)).build();
    private final AtomicInteger heldClaims = new AtomicInteger();
    private final AtomicInteger failingClaims = new AtomicInteger();
    private final AtomicInteger lostClaims = new AtomicInteger();

    @Override
    public Answer claim(String source, String messageId) {
      if (takes(failingClaims)) {
        throw new IllegalStateException("the store is away");
      }
      return takes(heldClaims) ? new Held(Duration.ZERO) : store.claim(source, messageId);
    }

    private static boolean takes(AtomicInteger times) {
      return times.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }

    @Override
    public boolean renew(Claim claim) {
      return store.renew(claim);
    }

    @Override
    public boolean complete(Claim claim) {
      if (takes(lostClaims)) {
        store.release(claim);
        return false;
      }
      return store.complete(claim);
    }

    @Override
    public void release(Claim claim) {
      store.release(claim);
    }

    @Override
    public Duration lease() {
      return store.lease();
    }

    @Override
    public Duration retention() {
      return store.retention();
    }
  }

  @Test
  void what_is_being_handled_elsewhere_is_told_as_postponed() {
    FailingStore store = new FailingStore();
    store.heldClaims.set(1);

    assertPostponedOnce(store, null);
  }

  @Test
  void what_the_store_can_not_be_asked_about_is_told_as_postponed_with_its_failure() {
    FailingStore store = new FailingStore();
    store.failingClaims.set(1);

    assertPostponedOnce(store, IllegalStateException.class);
  }

  @Test
  void what_was_handled_without_its_claim_is_told_as_postponed() {
    FailingStore store = new FailingStore();
    store.lostClaims.set(1);

    assertPostponedOnce(store, null);
    assertThat(steps).filteredOn(step -> step.startsWith("incoming")).hasSize(2);
  }

  private void assertPostponedOnce(ProcessedMessageStore store, Class<?> failure) {
    consumeOnce(store);

    transport.deliver("payments", payment("m-1")).settlement();

    assertThat(results)
        .extracting(AttemptResult::handling)
        .containsExactly(Handling.POSTPONED, Handling.HANDLED);
    assertThat(results).extracting(AttemptResult::attempt).containsExactly(1, 1);
    assertThat(results.get(0).outcome()).isInstanceOf(Outcome.Retried.class);
    Throwable told = results.get(0).failure();
    assertThat(told == null ? null : told.getClass()).isEqualTo(failure);
  }

  // the ends of a bus, and of what is told

  @Test
  void a_handler_that_the_close_cuts_off_is_told_as_postponed() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    start(
        b ->
            b.drainTimeout(Duration.ofMillis(20))
                .consume(
                    "payments",
                    c ->
                        c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              begun.countDown();
                              new CountDownLatch(1).await();
                            })));
    transport.deliver("payments", payment("m-1"));
    begun.await();

    bus.close();

    await().atMost(PATIENCE).untilAsserted(() -> assertThat(results).hasSize(1));
    assertIs(results.get(0), Handling.POSTPONED, Outcome.retryAfter(Duration.ZERO));
    assertThat(results.get(0).failure()).isInstanceOf(InterruptedException.class);
  }

  @Test
  void what_is_lost_before_it_is_handled_is_not_told() {
    consume(c -> c.onCommand(ProcessPayment.class, (command, context) -> {}).concurrency(1));
    FakeDelivery lost = payment("m-1");
    lost.lose();
    transport.deliver("payments", lost);

    assertThat(told(paymentOf("o-2", "m-2")).metadata().id()).isEqualTo("m-2");
  }

  @Test
  void a_failure_of_the_librarys_own_is_told_with_it_and_again_with_what_comes_of_it() {
    consume(noRetry(), (command, context) -> {});
    FakeDelivery payment = payment("m-1");
    AtomicInteger times = new AtomicInteger();
    NoClassDefFoundError bug = new NoClassDefFoundError("x");
    payment.answering(
        () -> {
          if (times.getAndIncrement() == 0) {
            throw bug;
          }
          return CompletableFuture.completedFuture(Result.SETTLED);
        });

    transport.deliver("payments", payment);

    await().atMost(PATIENCE).until(() -> times.get() == 2);
    assertThat(results)
        .extracting(AttemptResult::outcome)
        .containsExactly(
            Outcome.acknowledged(),
            Outcome.retryAfter(Duration.ofSeconds(1)),
            Outcome.acknowledged());
    assertThat(results).extracting(AttemptResult::failure).containsExactly(null, bug, null);
    assertThat(results).extracting(AttemptResult::attempt).containsExactly(1, 1, 2);
  }

  @Test
  void dead_letters_that_are_taken_are_not_told() {
    List<String> taken = new CopyOnWriteArrayList<>();
    start(
        b ->
            b.consume("payments", c -> c.onCommand(ProcessPayment.class, FAILING))
                .consumeDeadLetters("payments", letter -> taken.add(letter.messageId())));

    transport.deliver("payments.dlq", payment("m-1")).settlement();

    assertThat(taken).containsExactly("m-1");
    assertThat(results).isEmpty();
  }

  @Test
  void an_interceptor_that_fails_when_it_is_told_changes_nothing() {
    Interceptor failing =
        new Interceptor() {
          @Override
          public void decided(AttemptResult result) {
            throw new NoClassDefFoundError("no meter");
          }
        };
    bus =
        Contracts.bus(
            transport,
            b ->
                b.intercept(failing)
                    .intercept(listener)
                    .consume("payments", c -> c.onCommand(ProcessPayment.class, (m, x) -> {})));

    FakeDelivery payment = payment("m-1");
    assertIs(told(payment), Handling.HANDLED, Outcome.acknowledged());
    assertThat(payment.settlements).containsExactly(Settlement.accept());
  }

  @Test
  void memory_that_is_short_when_it_is_told_keeps_no_message_back() {
    consume(noRetry(), (command, context) -> {});
    WireMessage message = payment("m-1").message();
    Map<String, String> tooMany =
        new LinkedHashMap<>(message.headers()) {
          @Override
          public void forEach(BiConsumer<? super String, ? super String> action) {
            throw new OutOfMemoryError("while the metadata are read for interceptors");
          }
        };
    FakeDelivery payment =
        new FakeDelivery(
            "payments@m-1",
            WireMessage.owning(
                message.body(),
                message.contentType(),
                message.attributes(),
                tooMany,
                message.key(),
                null),
            1);

    Settlement settlement = transport.deliver("payments", payment).settlement();

    assertThat(settlement).isEqualTo(Settlement.accept());
    assertThat(results).isEmpty();
  }
}
