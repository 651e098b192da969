package dev.waybill.internal;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.internal.Contracts.payment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Event;
import dev.waybill.Handler;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderPlaced;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.internal.FakeTransport.Sent;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HandlerContextTest {
  private final FakeTransport transport = new FakeTransport();
  private final List<Integer> sentAtSettlement = new CopyOnWriteArrayList<>();
  private MessageBus bus;

  @AfterEach
  void close() {
    bus.close();
  }

  private void handling(Handler<Command<ProcessPayment>> handler) {
    handling(noRetry(), handler);
  }

  private void handling(FailurePolicy policy, Handler<Command<ProcessPayment>> handler) {
    bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments", c -> c.onCommand(ProcessPayment.class, handler).onFailure(policy)));
  }

  private Settlement handle(String id) {
    FakeDelivery delivery =
        payment(id)
            .answering(
                () -> {
                  sentAtSettlement.add(transport.sent.size());
                  return CompletableFuture.completedFuture(Settlement.Result.SETTLED);
                });
    transport.deliver("payments", delivery);
    return delivery.settlement();
  }

  @Test
  void what_a_handler_sends_leaves_after_its_success_and_before_its_message_is_settled() {
    List<Integer> sentMeanwhile = new CopyOnWriteArrayList<>();
    handling(
        (command, context) -> {
          context.publish(new OrderShipped("o-1"));
          context.transfer(new Invoice("i-1"));
          sentMeanwhile.add(transport.sent.size());
        });

    handle("m-1");

    assertThat(sentMeanwhile).containsExactly(0);
    assertThat(sentAtSettlement).containsExactly(2);
    assertThat(transport.sent)
        .extracting(sent -> sent.message().attributes().get("type"))
        .containsExactly("orders.shipped.v1", "invoices.invoice.v1");
  }

  @Test
  void a_message_is_settled_only_when_all_that_was_sent_is_confirmed() {
    List<CompletableFuture<String>> confirmations = new CopyOnWriteArrayList<>();
    transport.answer =
        sent -> {
          CompletableFuture<String> confirmation = new CompletableFuture<>();
          confirmations.add(confirmation);
          return confirmation;
        };
    handling(
        (command, context) -> {
          context.publish(new OrderShipped("o-1"));
          context.transfer(new Invoice("i-1"));
        });
    FakeDelivery delivery = transport.deliver("payments", payment("m-1"));
    await().until(() -> confirmations.size() == 2);

    confirmations.get(0).complete("x");
    assertThat(delivery.settlements).isEmpty();
    confirmations.get(1).complete("y");
    assertThat(delivery.settlement()).isEqualTo(Settlement.accept());
  }

  @Test
  void an_empty_correlation_id_of_a_foreign_sender_is_none() {
    handling((command, context) -> context.publish(new OrderShipped("o-1")));
    FakeDelivery delivery =
        payment("m-1", Contracts.PAYMENT, attributes -> attributes.put("correlationid", ""));

    transport.deliver("payments", delivery);

    assertThat(delivery.settlement()).isEqualTo(Settlement.accept());
    assertThat(transport.sent)
        .extracting(sent -> sent.message().attributes().get("correlationid"))
        .containsExactly("m-1");
  }

  @Test
  void messages_of_two_sources_with_one_id_make_messages_with_ids_of_their_own() {
    handling((command, context) -> context.publish(new OrderShipped("o-1")));

    for (String source : List.of("shop", "branch")) {
      FakeDelivery delivery =
          payment("m-1", Contracts.PAYMENT, attributes -> attributes.put("source", source));
      transport.deliver("payments", delivery);
      assertThat(delivery.settlement()).isEqualTo(Settlement.accept());
    }

    assertThat(transport.sent).extracting(Sent::id).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void a_handler_that_sends_something_else_when_it_is_repeated_gives_that_an_id_of_its_own() {
    handling(
        (command, context) -> {
          if (transport.sent.isEmpty()) {
            context.publish(new OrderShipped("o-1"));
          } else {
            context.transfer(new Invoice("i-1"));
          }
        });

    handle("m-1");
    handle("m-1");

    assertThat(transport.sent).extracting(Sent::id).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void what_an_async_handler_sends_does_not_leave_on_the_thread_that_completed_it() {
    CompletableFuture<Void> completion = new CompletableFuture<>();
    List<String> sendingThreads = new CopyOnWriteArrayList<>();
    transport.answer =
        sent -> {
          sendingThreads.add(Thread.currentThread().getName());
          return CompletableFuture.completedFuture("x");
        };
    bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommandAsync(
                            ProcessPayment.class,
                            (command, context) -> {
                              context.publish(new OrderShipped("o-1"));
                              return completion;
                            })));
    FakeDelivery delivery = transport.deliver("payments", payment("m-1"));

    await().until(() -> completion.getNumberOfDependents() > 0); // the handler has returned
    new Thread(() -> completion.complete(null), "a broker's own").start();

    assertThat(delivery.settlement()).isEqualTo(Settlement.accept());
    assertThat(sendingThreads).hasSize(1).doesNotContain("a broker's own");
  }

  @Test
  void nothing_leaves_if_the_handler_fails() {
    handling(
        retry(1),
        (command, context) -> {
          context.publish(new OrderShipped("o-1"));
          throw new IOException("x");
        });

    assertThat(handle("m-1")).isInstanceOf(Reject.class);
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void nothing_leaves_if_the_handler_decides_on_anything_but_success() {
    List<Consumer<HandlerContext>> decisions =
        new CopyOnWriteArrayList<>(
            List.of(
                context -> context.discard("x"),
                context -> context.deadLetter("y"),
                context -> context.retryAfter(Duration.ZERO),
                context -> context.deadLetter("z")));
    handling(
        (command, context) -> {
          context.publish(new OrderShipped("o-1"));
          decisions.remove(0).accept(context);
        });

    assertThat(handle("m-1")).isEqualTo(Settlement.accept());
    assertThat(handle("m-2")).isInstanceOf(Reject.class);
    assertThat(handle("m-3")).isInstanceOf(Reject.class);
    assertThat(decisions).isEmpty();
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void only_the_attempt_that_succeeds_sends() {
    handling(
        retry(2),
        (command, context) -> {
          context.publish(new OrderShipped("attempt " + context.attempt()));
          if (context.attempt() < 3) {
            throw new IOException("x");
          }
        });

    assertThat(handle("m-1")).isEqualTo(Settlement.accept());
    assertThat(transport.sent).hasSize(1);
    assertThat(new String(transport.sent.get(0).message().body(), UTF_8)).contains("attempt 3");
  }

  @Test
  void a_send_that_fails_is_a_failure_of_the_handling() {
    transport.answer =
        sent ->
            CompletableFuture.failedFuture(
                SendException.rejected(ErrorCode.UNROUTABLE, "nobody there", null));
    handling((command, context) -> context.publish(new OrderShipped("o-1")));

    assertThat(((Reject) handle("m-1")).evidence())
        .containsEntry("waybill-dead-letter-reason", "attempt 1 failed")
        .containsEntry("waybill-dead-letter-exception-class", SendException.class.getName())
        .containsEntry("waybill-dead-letter-exception-message", "nobody there");
  }

  @Test
  void what_a_handler_sends_belongs_to_the_conversation_and_the_trace() {
    handling((command, context) -> context.publish(new OrderShipped("o-1")));

    handle("m-1");

    Sent sent = transport.sent.get(0);
    assertThat(sent.message().attributes())
        .containsEntry("correlationid", "conversation")
        .containsEntry("causationid", "m-1")
        .containsEntry("source", "test-service");
    assertThat(sent.message().headers())
        .containsEntry("traceparent", "00-1-2-01")
        .containsEntry("tracestate", "a=b")
        .doesNotContainKey("wb-tenant");
  }

  @Test
  void a_message_without_a_conversation_begins_one_with_its_own_id() {
    handling((command, context) -> context.publish(new OrderShipped("o-1")));
    FakeDelivery lone = payment("m-1", Contracts.PAYMENT, a -> a.remove("correlationid"));
    transport.deliver("payments", lone);
    lone.settlement();

    assertThat(transport.sent.get(0).message().attributes()).containsEntry("correlationid", "m-1");
  }

  @Test
  void what_the_handler_has_set_itself_is_kept() {
    handling(
        (command, context) ->
            context.publish(
                Event.of(
                    new OrderShipped("o-1"),
                    Metadata.withId("my-id")
                        .withCorrelationId("mine")
                        .withHeader("traceparent", "my-trace"))));

    handle("m-1");

    assertThat(transport.sent.get(0).message().attributes())
        .containsEntry("id", "my-id")
        .containsEntry("correlationid", "mine")
        .containsEntry("causationid", "m-1");
    assertThat(transport.sent.get(0).message().headers())
        .containsEntry("traceparent", "my-trace")
        .as("the state of another trace is not this one's")
        .doesNotContainKey("tracestate");
  }

  @Test
  void a_trace_of_ones_own_goes_without_the_state_of_the_carried_one() {
    handling(
        (command, context) -> {
          context.carry("traceparent", "00-1-3-01");
          context.carry("tracestate", "c=d");
          context.publish(
              Event.of(new OrderShipped("o-1")).with(m -> m.withHeader("traceparent", "mine")));
          context.publish(
              Event.of(new OrderShipped("o-1"))
                  .with(m -> m.withHeader("traceparent", "mine").withHeader("tracestate", "e=f")));
        });

    handle("m-1");

    assertThat(transport.sent)
        .extracting(sent -> sent.message().headers().get("traceparent"))
        .containsExactly("mine", "mine");
    assertThat(transport.sent)
        .extracting(sent -> sent.message().headers().get("tracestate"))
        .containsExactly(null, "e=f");
  }

  @Test
  void what_is_carried_goes_with_all_that_is_sent_afterwards_and_has_none_of_its_own() {
    handling(
        (command, context) -> {
          context.publish(new OrderShipped("before"));
          context.carry("tenant", "nobody");
          context.carry("tenant", "acme");
          context.publish(
              Event.of(new OrderShipped("own")).with(m -> m.withHeader("tenant", "me")));
          context.publish(new OrderShipped("plain"));
          context.send(Command.of(new ProcessPayment("o-2", 1)));
          context.transfer(new Invoice("i-1"));
        });

    handle("m-1");

    assertThat(transport.sent)
        .extracting(sent -> sent.message().headers().get("wb-tenant"))
        .containsExactly(null, "me", "acme", "acme", "acme");
    assertThat(transport.sent)
        .allSatisfy(
            sent ->
                assertThat(sent.message().headers())
                    .containsEntry("traceparent", "00-1-2-01")
                    .containsEntry("tracestate", "a=b"));
  }

  @Test
  void a_trace_that_is_carried_takes_the_place_of_the_handled_messages() {
    handling(
        (command, context) -> {
          context.carry("traceparent", "00-1-3-01");
          context.publish(new OrderShipped("o-1"));
          context.carry("tracestate", "c=d");
          context.publish(new OrderShipped("o-2"));
        });

    handle("m-1");

    assertThat(transport.sent)
        .extracting(sent -> sent.message().headers().get("traceparent"))
        .containsExactly("00-1-3-01", "00-1-3-01");
    assertThat(transport.sent)
        .extracting(sent -> sent.message().headers().get("tracestate"))
        .as("the state of another span is not this one's")
        .containsExactly(null, "c=d");
  }

  @Test
  void nothing_is_carried_from_one_handling_to_the_next() {
    handling(
        (command, context) -> {
          if (command.metadata().id().equals("m-1")) {
            context.carry("tenant", "acme");
          }
          context.publish(new OrderShipped("o-1"));
        });

    handle("m-1");
    handle("m-2");

    assertThat(transport.sent)
        .extracting(sent -> sent.message().headers().get("wb-tenant"))
        .containsExactly("acme", null);
  }

  @Test
  void handling_a_message_again_sends_the_same_ids_again() {
    handling(
        (command, context) -> {
          context.publish(new OrderShipped("o-1"));
          context.transfer(new Invoice("i-1"));
          context.send(new ProcessPayment("o-2", 1));
        });

    handle("m-1");
    handle("m-1");
    handle("m-2");

    List<String> ids = transport.sent.stream().map(Sent::id).toList();
    assertThat(ids.subList(0, 3)).doesNotHaveDuplicates().isEqualTo(ids.subList(3, 6));
    assertThat(ids.subList(6, 9)).doesNotContainAnyElementsOf(ids.subList(0, 3));
  }

  @Test
  void ids_differ_by_source() {
    handling((command, context) -> context.publish(new OrderShipped("o-1")));
    handle("m-1");
    bus.close();
    bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "invoices",
                    c ->
                        c.onDocument(
                            Invoice.class,
                            (document, context) -> context.publish(new OrderShipped("o-1")))));
    FakeDelivery invoice =
        payment(
            "m-1",
            "{}",
            a -> {
              a.put("type", "invoices.invoice.v1");
              a.put("waybillkind", "document");
            });
    transport.deliver("invoices", invoice);
    invoice.settlement();

    assertThat(transport.sent).extracting(Sent::id).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void messages_sent_from_many_threads_at_once_have_different_ids() {
    int each = 500;
    handling(
        (command, context) -> {
          List<CompletableFuture<Void>> threads = new ArrayList<>();
          for (int i = 0; i < 4; i++) {
            threads.add(
                CompletableFuture.runAsync(
                    () -> {
                      for (int j = 0; j < each; j++) {
                        context.publish(new OrderShipped("o-1"));
                      }
                    },
                    task -> new Thread(task).start()));
          }
          threads.forEach(CompletableFuture::join);
        });

    handle("m-1");

    assertThat(transport.sent).extracting(Sent::id).hasSize(4 * each).doesNotHaveDuplicates();
  }

  @Test
  void all_verbs_go_to_their_routes_as_envelopes_and_as_payloads() {
    handling(
        (command, context) -> {
          context.send(Command.of(new ProcessPayment("o-1", 1)));
          context.send(new ProcessPayment("o-2", 1));
          context.publish(Event.of(new OrderPlaced("o-1", 1)));
          context.publish(new OrderPlaced("o-2", 1));
          context.transfer(Document.of(new Invoice("i-1")));
          context.transfer(new Invoice("i-2"));
        });

    handle("m-1");

    assertThat(transport.sent)
        .extracting(sent -> sent.channel().name())
        .containsExactly("payments", "payments", "orders", "orders", "invoices", "invoices");
  }

  @Test
  void a_wrong_verb_or_a_missing_route_throws_at_once() {
    record Unknown() {}
    BlockingQueue<Throwable> thrown = new LinkedBlockingQueue<>();
    handling(
        (command, context) -> {
          thrown.add(catchThrowable(() -> context.send(new OrderPlaced("o-1", 1))));
          thrown.add(catchThrowable(() -> context.publish(new Unknown())));
        });

    handle("m-1");

    assertThat(thrown.remove())
        .isInstanceOf(MessagingException.class)
        .hasMessage("OrderPlaced is an event on topic orders: publish it.");
    assertThat(thrown.remove())
        .isInstanceOf(MessagingException.class)
        .hasMessage(
            "Unknown has no route: add r.event(Unknown.class).named(\"…\").toTopic(\"…\") to the routes.");
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void a_context_sends_nothing_after_its_handler_has_ended() {
    BlockingQueue<HandlerContext> contexts = new LinkedBlockingQueue<>();
    handling(
        (command, context) -> {
          contexts.add(context);
          if (command.metadata().id().equals("m-2")) {
            throw new IOException("x");
          }
        });
    handle("m-1");
    handle("m-2");

    for (String id : List.of("m-1", "m-2")) {
      HandlerContext context = contexts.remove();
      assertThat(catchThrowable(() -> context.carry("tenant", "acme")))
          .isInstanceOf(IllegalStateException.class);
      assertThat(catchThrowable(() -> context.publish(new OrderShipped("o-1"))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "the handler of %s is done, its context sends no more; use the bus".formatted(id));
    }
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void what_is_sent_through_the_bus_leaves_at_once() {
    List<Integer> sentMeanwhile = new CopyOnWriteArrayList<>();
    handling(
        (command, context) -> {
          bus.publish(new OrderShipped("o-1")).join();
          sentMeanwhile.add(transport.sent.size());
          throw new IOException("x");
        });

    assertThat(handle("m-1")).isInstanceOf(Reject.class);
    assertThat(sentMeanwhile).containsExactly(1);
    assertThat(transport.sent.get(0).message().attributes()).doesNotContainKey("causationid");
  }

  @Test
  void a_context_names_its_source() {
    BlockingQueue<HandlerContext> contexts = new LinkedBlockingQueue<>();
    handling((command, context) -> contexts.add(context));
    handle("m-1");

    assertThat(contexts.remove().source()).isEqualTo(new Queue("payments", true));
  }
}
