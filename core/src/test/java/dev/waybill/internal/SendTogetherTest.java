package dev.waybill.internal;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.internal.Contracts.payment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.Handler;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderPlaced;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
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
  void nothing_leaves_if_one_of_them_can_not_be_prepared_where_they_leave_one_by_one() {
    Capabilities small = FakeTransport.capabilities(b -> b.maxBodyBytes(60), Map.of());
    transport = new FakeTransport(small, small);

    Settlement settlement =
        handle(
            (command, context) -> {
              context.transfer(new Invoice("i-1"));
              context.transfer(new Invoice("x".repeat(100)));
            });

    assertThat(settlement).isInstanceOf(Reject.class);
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void of_a_key_each_leaves_when_the_one_before_it_is_confirmed_and_none_after_one_that_failed() {
    transport = new FakeTransport();
    List<CompletableFuture<String>> answers = new CopyOnWriteArrayList<>();
    transport.answer =
        sent -> {
          answers.add(new CompletableFuture<>());
          return answers.get(answers.size() - 1);
        };
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
                                  context.publish(new OrderPlaced("o-1", 1));
                                  context.publish(new OrderPlaced("o-1", 2));
                                  context.publish(new OrderPlaced("o-1", 3));
                                  context.publish(new OrderPlaced("o-2", 1));
                                  context.publish(new OrderShipped("o-1"));
                                })
                            .onFailure(noRetry())));
    FakeDelivery delivery = transport.deliver("payments", payment("p-1"));

    await().until(() -> answers.size() == 3);
    assertThat(bodies()).containsExactly("o-1 1", "o-2 1", "o-1");
    answers.get(0).complete("1");
    await().until(() -> answers.size() == 4);
    answers.get(1).complete("2");
    answers.get(2).complete("3");
    answers.get(3).completeExceptionally(SendException.rejected(ErrorCode.THROTTLED, "full", null));

    assertThat(delivery.settlement()).isInstanceOf(Reject.class);
    assertThat(bodies()).containsExactly("o-1 1", "o-2 1", "o-1", "o-1 2");
  }

  private List<String> bodies() {
    return transport.sent.stream()
        .map(sent -> new String(sent.message().body(), UTF_8))
        .map(json -> json.replaceAll("[{}\"]|orderId|cents|:", "").replace(',', ' '))
        .toList();
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
    assertThat(((Reject) settlement).evidence().get("waybill-dead-letter-exception-message"))
        .matches(
            "2 messages, the first of them \\S+ to queue invoices: no answer\\. If it is sent again, .*");
  }
}
