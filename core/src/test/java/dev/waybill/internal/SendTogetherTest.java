package dev.waybill.internal;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.internal.Contracts.payment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.Handler;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SendTogetherTest {
  private static final Capabilities ATOMIC =
      FakeTransport.natively(Feature.ATOMIC_SEND, "a transaction", b -> {});

  private FakeTransport transport = new FakeTransport(ATOMIC, ATOMIC);
  private MessageBus bus;

  @AfterEach
  void close() {
    bus.close();
  }

  private Settlement handle(Handler<Command<ProcessPayment>> handler) {
    bus =
        Contracts.bus(
            transport,
            b ->
                b.intercept(new Interceptor() {})
                    .consume(
                        "payments",
                        c -> c.onCommand(ProcessPayment.class, handler).onFailure(noRetry())));
    return transport.deliver("payments", payment("p-1")).settlement();
  }

  @Test
  void what_a_handler_sends_is_stored_together_where_the_transport_can() {
    Settlement settlement =
        handle(
            (command, context) -> {
              context.publish(new OrderShipped("o-1"));
              context.transfer(new Invoice("i-1"));
            });

    assertThat(settlement).isEqualTo(Settlement.accept());
    assertThat(transport.sent).isEmpty();
    assertThat(transport.sentTogether).hasSize(1);
    List<Addressed> together = transport.sentTogether.get(0);
    assertThat(together)
        .extracting(one -> one.channel().toString())
        .containsExactly("topic orders", "queue invoices");
    assertThat(together)
        .extracting(one -> one.message().attributes().get("causationid"))
        .containsOnly("p-1");
  }

  @Test
  void a_single_message_needs_no_company() {
    Settlement settlement = handle((command, context) -> context.transfer(new Invoice("i-1")));

    assertThat(settlement).isEqualTo(Settlement.accept());
    assertThat(transport.sent).hasSize(1);
    assertThat(transport.sentTogether).isEmpty();
  }

  @Test
  void one_channel_that_can_not_makes_them_leave_one_by_one() {
    transport = new FakeTransport(ATOMIC, FakeTransport.capabilities());

    Settlement settlement =
        handle(
            (command, context) -> {
              context.transfer(new Invoice("i-1"));
              context.send(new ProcessPayment("o-1", 1));
            });

    assertThat(settlement).isEqualTo(Settlement.accept());
    assertThat(transport.sent).hasSize(2);
    assertThat(transport.sentTogether).isEmpty();
  }

  @Test
  void nothing_leaves_if_one_of_them_can_not_be_prepared() {
    Capabilities small =
        FakeTransport.natively(Feature.ATOMIC_SEND, "a transaction", b -> b.maxBodyBytes(60));
    transport = new FakeTransport(small, small);

    Settlement settlement =
        handle(
            (command, context) -> {
              context.transfer(new Invoice("i-1"));
              context.transfer(new Invoice("x".repeat(100)));
            });

    assertThat(settlement).isInstanceOf(Reject.class);
    assertThat(((Reject) settlement).evidence().get("waybill-dead-letter-exception-message"))
        .startsWith("Invoice to queue invoices has a body of 113 bytes");
    assertThat(transport.sent).isEmpty();
    assertThat(transport.sentTogether).isEmpty();
  }

  @Test
  void a_failure_of_all_is_a_failure_of_the_handling() {
    transport.answer =
        sent ->
            CompletableFuture.failedFuture(
                SendException.unknown(ErrorCode.TIMEOUT, "no answer", null));

    Settlement settlement =
        handle(
            (command, context) -> {
              context.transfer(new Invoice("i-1"));
              context.transfer(new Invoice("i-2"));
            });

    assertThat(settlement).isInstanceOf(Reject.class);
    assertThat(((Reject) settlement).evidence())
        .containsEntry("waybill-dead-letter-exception-message", "no answer");
  }
}
