package dev.waybill.internal;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.internal.Contracts.payment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.Handler;
import dev.waybill.MessageBus;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Result;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ExactlyOnceTest {
  private static final SendException REFUSED =
      SendException.rejected(ErrorCode.NOT_FOUND, "no such topic", null);

  private final FakeTransport transport = new FakeTransport();
  private final List<Integer> attempts = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Settlement> done = new CompletableFuture<>();
  private MessageBus bus;

  @AfterEach
  void close() {
    bus.close();
  }

  private void consume(FailurePolicy policy, Handler<Command<ProcessPayment>> handler) {
    bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommand(
                                ProcessPayment.class,
                                (command, context) -> {
                                  attempts.add(context.attempt());
                                  handler.handle(command, context);
                                })
                            .onFailure(policy)
                            .guarantee(EXACTLY_ONCE)));
  }

  /** Delivers a payment whose settlement is refused as often as there are messages with it. */
  private FakeDelivery refusing(FakeDelivery payment, int times) {
    AtomicInteger left = new AtomicInteger(times);
    payment.answering(
        settlement -> {
          if (left.getAndDecrement() > 0) {
            return CompletableFuture.failedFuture(new CompletionException(REFUSED));
          }
          done.complete(settlement);
          return CompletableFuture.completedFuture(Result.SETTLED);
        });
    return transport.deliver("payments", payment);
  }

  private Settlement settled() {
    return done.orTimeout(20, TimeUnit.SECONDS).join();
  }

  @Test
  void what_a_handler_sends_is_stored_with_the_settlement_and_not_before() {
    consume(
        noRetry(),
        (command, context) -> {
          context.publish(new OrderShipped("o-1"));
          context.transfer(new Invoice("i-1"));
        });

    FakeDelivery payment = transport.deliver("payments", payment("p-1"));

    assertThat(payment.settlement()).isEqualTo(Settlement.accept());
    assertThat(transport.calls).contains("receive atomically payments");
    assertThat(transport.sent).isEmpty();
    assertThat(transport.sentTogether).isEmpty();
    assertThat(payment.together).hasSize(1);
    List<Addressed> messages = payment.together.get(0);
    assertThat(messages)
        .extracting(one -> one.channel().toString())
        .containsExactly("topic orders", "queue invoices");
    assertThat(messages)
        .extracting(one -> one.message().attributes().get("causationid"))
        .containsOnly("p-1");
  }

  @Test
  void a_handler_that_sends_nothing_needs_no_company() {
    consume(noRetry(), (command, context) -> {});

    FakeDelivery payment = transport.deliver("payments", payment("p-1"));

    assertThat(payment.settlement()).isEqualTo(Settlement.accept());
    assertThat(payment.together).isEmpty();
  }

  @Test
  void a_message_that_can_not_be_stored_is_a_failure_of_the_handling() {
    consume(retry(1), (command, context) -> context.transfer(new Invoice("i-1")));

    FakeDelivery payment = refusing(payment("p-1"), 1);

    assertThat(settled()).isEqualTo(Settlement.accept());
    assertThat(attempts).containsExactly(1, 2);
    assertThat(payment.together).hasSize(2);
  }

  @Test
  void a_message_that_can_never_be_stored_makes_a_dead_letter_that_says_so() {
    consume(noRetry(), (command, context) -> context.transfer(new Invoice("i-1")));

    FakeDelivery payment = refusing(payment("p-1"), 1);

    assertThat(settled())
        .isInstanceOfSatisfying(
            Reject.class,
            reject ->
                assertThat(reject.evidence())
                    .containsEntry("waybill-dead-letter-exception-message", "no such topic"));
    assertThat(payment.together).as("the dead letter has no company").hasSize(1);
  }

  @Test
  void nothing_is_stored_if_the_handler_fails() {
    consume(
        noRetry(),
        (command, context) -> {
          context.transfer(new Invoice("i-1"));
          throw new IllegalStateException("after sending");
        });

    FakeDelivery payment = transport.deliver("payments", payment("p-1"));

    assertThat(payment.settlement()).isInstanceOf(Reject.class);
    assertThat(payment.together).isEmpty();
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void the_fault_of_a_request_is_stored_with_its_dead_letter() {
    consume(
        noRetry(),
        (command, context) -> {
          throw new IllegalStateException("no bank");
        });

    FakeDelivery request = transport.deliver("payments", request());

    assertThat(request.settlement()).isInstanceOf(Reject.class);
    assertThat(transport.sent).isEmpty();
    assertThat(request.together).hasSize(1);
    assertThat(request.together.get(0))
        .extracting(one -> one.message().attributes().get("type"))
        .containsExactly("dev.waybill.fault.v1");
  }

  @Test
  void a_fault_that_can_not_be_stored_does_not_keep_the_dead_letter_from_being_put_down() {
    consume(
        noRetry(),
        (command, context) -> {
          throw new IllegalStateException("no bank");
        });

    FakeDelivery request = refusing(request(), 1);

    assertThat(settled()).isInstanceOf(Reject.class);
    assertThat(request.settlements).hasSize(2);
    assertThat(request.together).as("the first time").hasSize(1);
  }

  @Test
  void a_fault_also_tells_of_a_reply_that_could_not_be_stored() {
    consume(noRetry(), (command, context) -> context.transfer(new Invoice("i-1")));

    FakeDelivery request = refusing(request(), 1);

    assertThat(settled()).isInstanceOf(Reject.class);
    assertThat(request.together).hasSize(2);
    assertThat(request.together.get(1))
        .extracting(one -> one.message().attributes().get("type"))
        .containsExactly("dev.waybill.fault.v1");
  }

  private static FakeDelivery request() {
    return payment(
        "p-1",
        Contracts.PAYMENT,
        attributes -> attributes.put("waybillreplyto", new ReplyQueue("shop", "1").name()));
  }
}
