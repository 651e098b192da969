package dev.waybill.internal;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.internal.Contracts.payment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.HandlerContext;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.Outbox;
import dev.waybill.SendReceipt;
import dev.waybill.SendResult;
import dev.waybill.delivery.TransactionalMessageStore;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What interceptors are told of sends. */
class SendReportTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Capabilities ATOMIC =
      FakeTransport.natively(Feature.ATOMIC_SEND, "a transaction", b -> {});

  private FakeTransport transport = new FakeTransport();
  private final List<SendResult> results = new CopyOnWriteArrayList<>();
  private MessageBus bus;

  private final Interceptor traced =
      new Interceptor() {
        @Override
        public Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
          return envelope.with(m -> m.withHeader("traceparent", "00-1-2-01"));
        }

        @Override
        public void sent(SendResult result) {
          results.add(result);
        }
      };

  @AfterEach
  void close() {
    bus.close();
  }

  private void start(UnaryOperator<MessageBus.Builder> more) {
    bus = Contracts.bus(transport, b -> more.apply(b.intercept(traced)));
  }

  @Test
  void a_send_that_is_confirmed_is_told_with_its_receipt_before_its_future_completes() {
    start(b -> b);
    List<Integer> toldBefore = new CopyOnWriteArrayList<>();
    CompletableFuture<String> confirmation = new CompletableFuture<>();
    transport.answer = sent -> confirmation;
    CompletableFuture<SendReceipt> send =
        bus.publish(
            Event.of(
                new OrderShipped("o-1"), Metadata.withId("m-7").withDelay(Duration.ofSeconds(9))));
    CompletableFuture<Void> dependent = send.thenAccept(receipt -> toldBefore.add(results.size()));
    assertThat(results).isEmpty();

    confirmation.complete("stored@1");

    dependent.join();
    assertThat(toldBefore).containsExactly(1);
    SendResult result = results.get(0);
    assertThat(result.isSent()).isTrue();
    assertThat(result.receipt()).isEqualTo(send.join());
    assertThat(result.channel()).isEqualTo(send.join().channel());
    assertThat(result.took()).isPositive();
    assertThat(result.metadata().id()).isEqualTo("m-7");
    assertThat(result.metadata().type()).isEqualTo("orders.shipped.v1");
    assertThat(result.metadata().header("traceparent")).isEqualTo("00-1-2-01");
    assertThat(result.metadata().delay()).isEqualTo(Duration.ofSeconds(9));
  }

  @Test
  void a_send_that_fails_is_told_with_the_failure_that_its_sender_gets() {
    start(b -> b);
    SendException refusal = SendException.rejected(ErrorCode.UNROUTABLE, "nobody there", null);
    transport.answer = sent -> CompletableFuture.failedFuture(refusal);
    List<Throwable> seen = new CopyOnWriteArrayList<>();

    CompletableFuture<SendReceipt> send =
        bus.publish(new OrderShipped("o-1")).whenComplete((receipt, failure) -> seen.add(failure));

    assertThat(catchThrowable(send::join)).isInstanceOf(CompletionException.class);
    assertThat(seen).as("bare, as without interceptors").containsExactly(refusal);
    assertThat(results).extracting(SendResult::failure).containsExactly(refusal);
    assertThat(results).extracting(SendResult::isSent).containsExactly(false);
  }

  @Test
  void what_can_not_be_made_ready_is_told_as_rejected() {
    start(b -> b);
    Event<OrderShipped> bad =
        Event.of(new OrderShipped("o-1")).with(m -> m.withHeader("not a name", "x"));

    SendException failure = (SendException) bus.publish(bad).handle((r, e) -> e).join();

    SendResult result = results.get(0);
    assertThat(results).hasSize(1);
    assertThat(result.took()).isZero();
    assertThat(result.metadata().id()).isEqualTo(bad.metadata().id());
    assertThat(result.failure()).hasMessage(failure.getMessage());
    assertThat(result.failure().certainty()).isEqualTo(SendException.Certainty.REJECTED);
  }

  @Test
  void what_a_handler_sends_is_told_when_it_leaves() {
    start(
        b ->
            b.consume("payments", c -> c.onCommand(ProcessPayment.class, SendReportTest::sendTwo)));

    transport.deliver("payments", payment("m-1")).settlement();

    assertThat(results)
        .extracting(result -> result.metadata().type())
        .containsExactlyInAnyOrder("orders.shipped.v1", "invoices.invoice.v1");
    assertThat(results).allMatch(result -> result.receipt() != null);
    assertThat(results).extracting(result -> result.metadata().causationId()).containsOnly("m-1");
  }

  @Test
  void an_interceptor_that_fails_when_it_is_told_changes_nothing() {
    Interceptor failing =
        new Interceptor() {
          @Override
          public void sent(SendResult result) {
            throw new IllegalStateException("no meter");
          }
        };
    bus = Contracts.bus(transport, b -> b.intercept(failing).intercept(traced));

    assertThat(bus.publish(new OrderShipped("o-1"))).succeedsWithin(PATIENCE);

    assertThat(results).hasSize(1);
  }

  @Test
  void what_is_stored_together_is_told_one_by_one() {
    transport = new FakeTransport(ATOMIC, ATOMIC);
    start(
        b ->
            b.consume("payments", c -> c.onCommand(ProcessPayment.class, SendReportTest::sendTwo)));

    transport.deliver("payments", payment("m-1")).settlement();

    assertThat(transport.sentTogether).hasSize(1);
    assertThat(results)
        .extracting(result -> result.metadata().type())
        .containsExactly("orders.shipped.v1", "invoices.invoice.v1");
    assertThat(results)
        .allSatisfy(
            result -> assertThat(result.receipt().messageId()).isEqualTo(result.metadata().id()));
  }

  @Test
  void what_is_stored_with_a_settlement_is_told_without_a_receipt() {
    exactlyOnce();

    transport.deliver("payments", payment("m-1"));

    await().atMost(PATIENCE).until(() -> results.size() == 2);
    assertThat(results).allMatch(result -> result.isSent() && result.receipt() == null);
  }

  @Test
  void what_can_not_be_stored_with_a_settlement_is_told_with_the_failure() {
    exactlyOnce();
    SendException refusal = SendException.rejected(ErrorCode.NOT_FOUND, "no such topic", null);
    transport.deliver(
        "payments",
        payment("m-1")
            .answering(
                settlement ->
                    settlement.equals(Settlement.accept())
                        ? CompletableFuture.failedFuture(new CompletionException(refusal))
                        : CompletableFuture.completedFuture(Result.SETTLED)));

    await().atMost(PATIENCE).until(() -> results.size() == 2);
    assertThat(results).extracting(SendResult::failure).containsOnly(refusal);
  }

  @Test
  void nobody_knows_of_what_was_to_be_stored_with_a_message_that_is_no_longer_ours() {
    exactlyOnce();
    transport.deliver(
        "payments",
        payment("m-1").answering(() -> CompletableFuture.completedFuture(Result.NOT_OWNED)));

    await().atMost(PATIENCE).until(() -> results.size() == 2);
    assertThat(results)
        .extracting(result -> result.failure().certainty())
        .containsOnly(SendException.Certainty.UNKNOWN);
  }

  private void exactlyOnce() {
    start(
        b ->
            b.consume(
                "payments",
                c ->
                    c.onCommand(ProcessPayment.class, SendReportTest::sendTwo)
                        .guarantee(EXACTLY_ONCE)
                        .onFailure(noRetry())));
  }

  private static void sendTwo(Command<ProcessPayment> command, HandlerContext context) {
    context.publish(new OrderShipped("o-1"));
    context.transfer(new Invoice("i-1"));
  }

  @Test
  void what_an_outbox_has_kept_is_told_when_it_is_sent() {
    KeepingOutbox outbox = new KeepingOutbox();
    start(b -> b.outbox(outbox));
    Addressed kept = outbox.relay.ready(Event.of(new OrderShipped("o-1"), Metadata.withId("m-7")));
    assertThat(results).isEmpty();

    assertThat(outbox.relay.send(kept)).succeedsWithin(PATIENCE);

    assertThat(results).hasSize(1);
    Metadata metadata = results.get(0).metadata();
    assertThat(metadata.id()).isEqualTo("m-7");
    assertThat(metadata.header("traceparent")).isEqualTo("00-1-2-01");
  }

  private static final class KeepingOutbox implements Outbox {
    private Relay relay;

    @Override
    public boolean keepsFor(TransactionalMessageStore store) {
      return true;
    }

    @Override
    public Dispatch start(Relay relay) {
      this.relay = relay;
      return new Dispatch() {
        @Override
        public Status status() {
          return new Status(0, null, 0, List.of());
        }

        @Override
        public void close() {}
      };
    }
  }

  @Test
  void nothing_is_told_of_a_decision_against_the_message() {
    start(
        b ->
            b.consume(
                "payments",
                c ->
                    c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              context.publish(new OrderShipped("o-1"));
                              context.deadLetter("no");
                            })
                        .onFailure(noRetry())));

    transport.deliver("payments", payment("m-1")).settlement();

    assertThat(results).isEmpty();
  }
}
