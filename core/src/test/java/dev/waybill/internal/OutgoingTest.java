package dev.waybill.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderPlaced;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.internal.FakeTransport.Sent;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutgoingTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00.123456Z");

  private FakeTransport transport = new FakeTransport();
  private MessageBus bus;

  @AfterEach
  void close() {
    if (bus != null) {
      bus.close();
    }
  }

  private void start(UnaryOperator<MessageBus.Builder> more) {
    bus = Contracts.bus(transport, b -> more.apply(b.clock(Clock.fixed(NOW, ZoneOffset.UTC))));
  }

  private void start() {
    start(b -> b);
  }

  private void startLimited(Consumer<Capabilities.Builder> limits) {
    transport =
        new FakeTransport(
            FakeTransport.capabilities(limits, Map.of()), FakeTransport.capabilities());
    start();
  }

  private static SendException failure(CompletableFuture<SendReceipt> send) {
    Throwable failure =
        send.handle((done, thrown) -> thrown).orTimeout(20, TimeUnit.SECONDS).join();
    return (SendException) (failure instanceof CompletionException ? failure.getCause() : failure);
  }

  private void assertRejected(CompletableFuture<SendReceipt> send, ErrorCode code, String message) {
    SendException failure = failure(send);
    assertThat(failure).hasMessage(message);
    assertThat(failure.code()).isEqualTo(code);
    assertThat(failure.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(transport.sent).isEmpty();
  }

  // the way out

  @Test
  void a_send_completes_with_the_brokers_confirmation() {
    CompletableFuture<String> confirmation = new CompletableFuture<>();
    transport.answer = sent -> confirmation;
    start();

    CompletableFuture<SendReceipt> send =
        bus.send(Command.of(new ProcessPayment("o-1", 1), Metadata.withId("m-1")));
    assertThat(send).isNotDone();

    confirmation.complete("payments-0@42");
    assertThat(send.join())
        .isEqualTo(new SendReceipt("m-1", new Queue("payments", true), "payments-0@42"));
  }

  @Test
  void what_is_left_open_is_filled_in_from_route_and_bus() {
    start(b -> b.sendTimeout(Duration.ofSeconds(7)));

    bus.publish(new OrderPlaced("o-1", 995)).join();

    Sent sent = transport.sent.get(0);
    assertThat(sent.channel()).isEqualTo(new Topic("orders", true));
    assertThat(sent.deadline()).isEqualTo(Duration.ofMillis(6_300));
    assertThat(sent.message().body())
        .isEqualTo("{\"orderId\":\"o-1\",\"cents\":995}".getBytes(UTF_8));
    assertThat(sent.message().contentType()).isEqualTo("application/json");
    assertThat(sent.message().key()).isEqualTo("o-1");
    assertThat(sent.message().headers()).isEmpty();
    assertThat(sent.message().attributes())
        .isEqualTo(
            Map.of(
                "specversion", "1.0",
                "id", sent.id(),
                "source", "test-service",
                "type", "orders.placed.v1",
                "time", "2026-01-01T12:00:00.123Z",
                "waybillkind", "event",
                "partitionkey", "o-1",
                "correlationid", sent.id()));
  }

  @Test
  void what_is_given_is_kept_but_for_the_type() {
    start();
    Metadata given =
        new Metadata(
            "m-1",
            "my-type",
            "my-source",
            Instant.parse("2020-01-01T00:00:00Z"),
            "my-key",
            "co",
            "ca",
            "re",
            Instant.parse("2030-01-01T00:00:00Z"),
            Duration.ofSeconds(3),
            Map.of("tenant", "acme"));

    bus.publish(Event.of(new OrderPlaced("o-1", 1), given)).join();

    Sent sent = transport.sent.get(0);
    assertThat(WireMapping.decode(sent.message(), () -> "x"))
        .isEqualTo(given.withType("orders.placed.v1").withDelay(null));
    assertThat(sent.message().delay()).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void a_delay_of_nothing_is_none() {
    start();

    for (Duration delay : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1)}) {
      bus.publish(Event.of(new OrderShipped("o-1")).with(m -> m.withDelay(delay))).join();
    }

    assertThat(transport.sent).extracting(sent -> sent.message().delay()).containsOnlyNulls();
  }

  @Test
  void a_route_gives_its_messages_their_expiry() {
    bus =
        MessageBus.over(transport)
            .clock(Clock.fixed(NOW, ZoneOffset.UTC))
            .routes(
                Routes.define(
                    r ->
                        r.event(OrderShipped.class)
                            .named("s")
                            .toTopic("orders")
                            .expiringAfter(Duration.ofMinutes(5))))
            .start();

    bus.publish(new OrderShipped("o-1")).join();

    assertThat(transport.sent.get(0).message().attributes())
        .containsEntry("expirytime", "2026-01-01T12:05:00.123Z");
  }

  @Test
  void each_verb_has_its_kind_as_an_envelope_and_as_a_payload() {
    start();

    bus.send(Command.of(new ProcessPayment("o-1", 1))).join();
    bus.send(new ProcessPayment("o-1", 1)).join();
    bus.publish(Event.of(new OrderPlaced("o-1", 1))).join();
    bus.publish(new OrderPlaced("o-1", 1)).join();
    bus.transfer(Document.of(new Invoice("i-1"))).join();
    bus.transfer(new Invoice("i-1")).join();

    assertThat(transport.sent)
        .extracting(sent -> sent.message().attributes().get("waybillkind"))
        .containsExactly("command", "command", "event", "event", "document", "document");
  }

  @Test
  void a_resend_of_the_same_envelope_keeps_its_id() {
    start();
    Event<OrderShipped> event = Event.of(new OrderShipped("o-1"));

    bus.publish(event).join();
    bus.publish(event).join();

    assertThat(transport.sent)
        .extracting(Sent::id)
        .containsExactly(event.metadata().id(), event.metadata().id());
  }

  // the caller's mistakes

  @Test
  void a_wrong_verb_is_told_the_right_one() {
    start();

    assertRejected(
        bus.send(new OrderPlaced("o-1", 1)),
        ErrorCode.WRONG_KIND,
        "OrderPlaced is an event on topic orders: publish it.");
    assertRejected(
        bus.publish(new ProcessPayment("o-1", 1)),
        ErrorCode.WRONG_KIND,
        "ProcessPayment is a command on queue payments: send it.");
    assertRejected(
        bus.send(new Invoice("i-1")),
        ErrorCode.WRONG_KIND,
        "Invoice is a document on queue invoices: transfer it.");
  }

  @Test
  void a_missing_route_is_told_how_to_write_it() {
    record Unknown() {}
    start();

    assertRejected(
        bus.send(new Unknown()),
        ErrorCode.NO_ROUTE,
        "Unknown has no route: add r.command(Unknown.class).named(\"…\").toQueue(\"…\") to the routes.");
    assertRejected(
        bus.publish(new Unknown()),
        ErrorCode.NO_ROUTE,
        "Unknown has no route: add r.event(Unknown.class).named(\"…\").toTopic(\"…\") to the routes.");
    assertRejected(
        bus.transfer(new Unknown()),
        ErrorCode.NO_ROUTE,
        "Unknown has no route: add r.document(Unknown.class).named(\"…\").toQueue(\"…\") to the routes.");
  }

  @Test
  void what_can_not_be_written_is_rejected() {
    record Odd(Optional<String> value) {}
    bus =
        MessageBus.over(transport)
            .routes(
                Routes.define(
                    r -> {
                      r.document(Odd.class).named("o").toQueue("q");
                      r.document(Invoice.class).named("i").toQueue("q");
                    }))
            .start();

    assertRejected(
        bus.transfer(new Odd(Optional.empty())),
        ErrorCode.INVALID_MESSAGE,
        Odd.class.getName() + " can't be written as JSON: InvalidDefinitionException");
    assertRejected(
        bus.transfer(Document.of(new Invoice("i")).with(m -> m.withHeader("a b", "v"))),
        ErrorCode.INVALID_MESSAGE,
        "the header name 'a b' has to be 1 to 200 visible ASCII characters");
  }

  @Test
  void a_key_that_can_not_be_taken_is_rejected() {
    bus =
        MessageBus.over(transport)
            .routes(
                Routes.define(
                    r ->
                        r.event(OrderShipped.class)
                            .named("s")
                            .toTopic("orders")
                            .keyedBy(shipped -> shipped.orderId().trim())))
            .start();

    assertRejected(
        bus.publish(Event.of(new OrderShipped(null), Metadata.withId("m-1"))),
        ErrorCode.INVALID_MESSAGE,
        "the key of Event[OrderShipped m-1] can't be taken: its route's keyedBy(…) threw java.lang.NullPointerException");
  }

  // limits

  @Test
  void a_body_over_the_limit_is_rejected() {
    startLimited(b -> b.maxBodyBytes(16));

    bus.transfer(new Invoice("123")).join();
    transport.sent.clear();
    assertRejected(
        bus.transfer(new Invoice("1".repeat(2_000))),
        ErrorCode.TOO_LARGE,
        "Invoice to queue invoices has a body of 2,013 bytes, over the limit of 16 of fake: send less, or a reference to it.");
  }

  @Test
  void too_many_headers_are_rejected() {
    startLimited(b -> b.maxHeaders(8));

    bus.transfer(Document.of(new Invoice("1")).with(m -> m.withHeader("a", "1"))).join();
    transport.sent.clear();
    assertRejected(
        bus.transfer(
            Document.of(new Invoice("1")).with(m -> m.withHeader("a", "1").withHeader("b", "2"))),
        ErrorCode.TOO_LARGE,
        "Invoice to queue invoices has 9 attributes and headers, over the limit of 8 of fake: send less, or a reference to it.");
  }

  @Test
  void headers_are_counted_in_utf_8() {
    startLimited(b -> b.maxHeaderBytes(1_000));
    Document<Invoice> document = Document.of(new Invoice("1"), Metadata.withId("m-1"));

    SendException failure =
        failure(bus.transfer(document.with(m -> m.withHeader("a", "€".repeat(300)))));

    assertThat(failure.code()).isEqualTo(ErrorCode.TOO_LARGE);
    assertThat(failure.getMessage())
        .matches(
            "Invoice to queue invoices has 1,\\d{3} bytes of attributes and headers, over the limit of 1,000 of fake: send less, or a reference to it\\.");
    bus.transfer(document.with(m -> m.withHeader("a", "€".repeat(200)))).join();
  }

  @Test
  void a_delay_that_the_transport_does_not_serve_is_rejected() {
    Map<Feature, String> refused = Map.of(Feature.DELAY, "it has none; send later.");
    Capabilities.Builder limited = Capabilities.builder();
    for (Feature feature : Feature.values()) {
      if (feature == Feature.DELAY) {
        limited.nativelyUpTo(feature, Duration.ofMinutes(15), "DelaySeconds");
      } else {
        limited.emulated(feature, "by the fake");
      }
    }
    transport = new FakeTransport(limited.build(), FakeTransport.capabilities(b -> {}, refused));
    start();

    assertRejected(
        bus.publish(
            Event.of(new OrderShipped("o-1")).with(m -> m.withDelay(Duration.ofSeconds(1)))),
        ErrorCode.UNSUPPORTED,
        "OrderShipped can't be delayed by PT1S on topic orders: fake refuses delays (it has none; send later.).");
    assertRejected(
        bus.transfer(Document.of(new Invoice("i")).with(m -> m.withDelay(Duration.ofMinutes(16)))),
        ErrorCode.UNSUPPORTED,
        "Invoice can't be delayed by PT16M on queue invoices: fake delays at most PT15M (DelaySeconds).");
    bus.transfer(Document.of(new Invoice("i")).with(m -> m.withDelay(Duration.ofMinutes(15))))
        .join();
  }

  // the three answers

  @Test
  void a_send_without_an_answer_fails_as_unknown_within_the_timeout() {
    transport.answer = sent -> new CompletableFuture<>();
    start(b -> b.sendTimeout(Duration.ofMillis(50)));

    SendException failure =
        failure(bus.publish(Event.of(new OrderShipped("o-1"), Metadata.withId("m-1"))));

    assertThat(failure.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(failure.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failure)
        .hasMessage(
            "m-1 to topic orders: fake has not confirmed it within PT0.05S, it may or may not have been stored. If it is sent again, then as the same envelope, so that it keeps its id.");
    assertThat(transport.sent).hasSize(1);
  }

  @Test
  void a_transport_that_answers_at_its_deadline_is_faster_than_the_bus() {
    ManualTimer timer = new ManualTimer();
    transport.answer =
        sent -> {
          CompletableFuture<String> answer = new CompletableFuture<>();
          SendException notSent =
              SendException.rejected(ErrorCode.CONNECTION_FAILED, "not sent", null);
          var unused =
              timer.schedule(
                  () -> answer.completeExceptionally(notSent),
                  sent.deadline().toNanos(),
                  TimeUnit.NANOSECONDS);
          return answer;
        };
    start(b -> b.timer(timer).sendTimeout(Duration.ofSeconds(1)));

    List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sends.add(bus.publish(new OrderShipped("o-1")));
      timer.advance(Duration.ofMillis(1)); // ends with those of a moment ago
    }
    timer.advance(Duration.ofSeconds(1));

    assertThat(sends)
        .extracting(send -> failure(send).certainty())
        .containsOnly(Certainty.REJECTED);
  }

  @Test
  void a_transport_has_a_tenth_less_than_a_short_timeout() {
    start(b -> b.sendTimeout(Duration.ofMillis(50)));

    bus.publish(new OrderShipped("o-1")).join();

    assertThat(transport.sent.get(0).deadline()).isEqualTo(Duration.ofMillis(45));
  }

  @Test
  void a_transport_has_a_second_less_than_a_long_timeout() {
    start(b -> b.sendTimeout(Duration.ofMinutes(1)));

    bus.publish(new OrderShipped("o-1")).join();

    assertThat(transport.sent.get(0).deadline()).isEqualTo(Duration.ofSeconds(59));
  }

  @Test
  void the_shortest_timeout_leaves_a_transport_some_time() {
    start(b -> b.sendTimeout(Duration.ofNanos(1)));

    bus.publish(new OrderShipped("o-1")).join();

    assertThat(transport.sent.get(0).deadline()).isPositive();
  }

  @Test
  void the_time_that_a_transport_blocks_counts_towards_the_timeout() {
    Duration timeout = Duration.ofMillis(500);
    ManualTimer timer = new ManualTimer();
    transport.answer =
        sent -> {
          long end = System.nanoTime() + sent.deadline().toNanos();
          for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
          }
          return new CompletableFuture<>();
        };
    start(b -> b.timer(timer).sendTimeout(timeout));

    CompletableFuture<SendReceipt> send = bus.publish(new OrderShipped("o-1"));
    timer.advance(timeout.minus(transport.sent.get(0).deadline()));

    assertThat(failure(send).code()).isEqualTo(ErrorCode.TIMEOUT);
  }

  @Test
  void an_answer_after_the_timeout_changes_nothing() {
    CompletableFuture<String> late = new CompletableFuture<>();
    transport.answer = sent -> late;
    start(b -> b.sendTimeout(Duration.ofMillis(20)));
    CompletableFuture<SendReceipt> send = bus.publish(new OrderShipped("o-1"));
    SendException failure = failure(send);

    late.complete("x");

    assertThat(failure(send)).isSameAs(failure);
  }

  @Test
  void metadata_that_can_not_be_supplied_fails_the_send_and_is_not_thrown() {
    start();

    SendException failure =
        failure(
            bus.publish(
                Event.of(
                    new OrderShipped("o-1"),
                    () -> {
                      throw new IllegalStateException("no id today");
                    })));

    assertThat(failure.certainty()).isEqualTo(SendException.Certainty.REJECTED);
    assertThat(failure).hasRootCauseMessage("no id today");
  }

  @Test
  void a_dependent_of_a_late_send_that_blocks_holds_up_no_other() {
    transport.answer = sent -> new CompletableFuture<>();
    start(b -> b.sendTimeout(Duration.ofMillis(200)));

    CompletableFuture<SendException> second =
        bus.publish(new OrderShipped("o-1"))
            .handle((receipt, failure) -> failure(bus.publish(new OrderShipped("o-2"))));

    assertThat(second)
        .succeedsWithin(Duration.ofSeconds(30))
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT));
  }

  @Test
  void a_transports_own_verdict_is_passed_on() {
    SendException rejected = SendException.rejected(ErrorCode.UNROUTABLE, "nobody is bound", null);
    start();

    transport.answer = sent -> CompletableFuture.failedFuture(rejected);
    assertThat(failure(bus.publish(new OrderShipped("o-1")))).isSameAs(rejected);
    transport.answer = sent -> CompletableFuture.failedFuture(new CompletionException(rejected));
    assertThat(failure(bus.publish(new OrderShipped("o-1")))).isSameAs(rejected);
  }

  @Test
  void what_a_transport_does_not_know_says_which_message_it_is_and_what_to_do() {
    IOException cause = new IOException("reset");
    start();
    Event<OrderShipped> event = Event.of(new OrderShipped("o-1"), Metadata.withId("m-1"));

    for (String why : List.of("it may be stored: reset", "it may be stored: reset.")) {
      transport.answer =
          sent ->
              CompletableFuture.failedFuture(
                  SendException.unknown(ErrorCode.CONNECTION_FAILED, why, cause));
      SendException failure = failure(bus.publish(event));
      assertThat(failure.certainty()).isEqualTo(Certainty.UNKNOWN);
      assertThat(failure.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
      assertThat(failure)
          .hasCause(cause)
          .hasMessage(
              "m-1 to topic orders: it may be stored: reset. If it is sent again, then as the same envelope, so that it keeps its id.");
    }
  }

  @Test
  void any_other_failure_of_a_transport_is_unknown() {
    IOException cause = new IOException("reset");
    start();
    Event<OrderShipped> event = Event.of(new OrderShipped("o-1"), Metadata.withId("m-1"));

    transport.answer = sent -> CompletableFuture.failedFuture(cause);
    SendException failed = failure(bus.publish(event));
    assertThat(failed.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(failed)
        .hasCause(cause)
        .hasMessage(
            "m-1 to topic orders: the transport failed, it may or may not have been stored. If it is sent again, then as the same envelope, so that it keeps its id.");

    transport.answer =
        sent -> {
          throw new MessagingException(ErrorCode.BROKER_ERROR, "odd");
        };
    SendException threw = failure(bus.publish(event));
    assertThat(threw.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(threw)
        .hasMessage(
            "m-1 to topic orders: the transport failed while sending, it may or may not have been stored. If it is sent again, then as the same envelope, so that it keeps its id.");
  }

  @Test
  void a_closed_bus_rejects() {
    start();
    bus.close();

    assertRejected(
        bus.publish(new OrderShipped("o-1")),
        ErrorCode.CLOSED,
        "The bus test-service is closed: send before closing it.");
  }

  @Test
  void a_send_that_the_closing_overtakes_fails_and_does_not_throw() throws InterruptedException {
    CountDownLatch sending = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    transport.answer =
        sent -> {
          sending.countDown();
          awaitQuietly(closed);
          return new CompletableFuture<>();
        };
    start();
    CompletableFuture<SendReceipt> send =
        CompletableFuture.runAsync(() -> {})
            .thenComposeAsync(begun -> bus.publish(new OrderShipped("o-1")));
    assertThat(sending.await(20, TimeUnit.SECONDS)).isTrue();

    bus.close();
    closed.countDown();

    SendException failure = failure(send);
    assertThat(failure.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(failure.code()).isEqualTo(ErrorCode.CLOSED);
    assertThat(failure.getMessage())
        .endsWith(
            " to topic orders: the bus was closed before fake confirmed it, it may or may not have been stored. If it is sent again, then as the same envelope, so that it keeps its id.");
  }

  // taking back

  @Test
  void a_message_is_taken_back_where_the_transport_can() {
    transport = cancelling();
    start();
    SendReceipt receipt = bus.transfer(new Invoice("i")).join();

    assertThat(bus.cancel(receipt)).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(true);
    assertThat(transport.calls)
        .contains("cancel " + receipt.brokerId() + " in queue invoices within PT29S");
    transport.cancelAnswer = brokerId -> CompletableFuture.completedFuture(false);
    assertThat(bus.cancel(receipt)).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(false);
  }

  @Test
  void a_message_is_not_taken_back_where_the_transport_refuses() {
    transport =
        new FakeTransport(
            FakeTransport.capabilities(
                limits -> {}, Map.of(Feature.CANCEL, "it knows no message by name")),
            FakeTransport.capabilities());
    start();
    SendReceipt receipt =
        bus.transfer(Document.of(new Invoice("i"), Metadata.withId("m-1"))).join();

    assertCancelFails(
        receipt,
        ErrorCode.UNSUPPORTED,
        "m-1 can't be taken back from queue invoices: fake refuses to cancel (it knows no message by name).");
    assertThat(transport.calls).noneMatch(call -> call.startsWith("cancel"));
    bus.close();
    assertCancelFails(
        receipt, ErrorCode.CLOSED, "The bus test-service is closed: send before closing it.");
  }

  @Test
  void taking_back_without_an_answer_fails_in_time() {
    transport = cancelling();
    transport.cancelAnswer = brokerId -> new CompletableFuture<>();
    start(b -> b.sendTimeout(Duration.ofMillis(50)));
    SendReceipt receipt =
        bus.transfer(Document.of(new Invoice("i"), Metadata.withId("m-1"))).join();

    assertCancelFails(
        receipt,
        ErrorCode.TIMEOUT,
        "m-1 on queue invoices: fake has not confirmed it within PT0.05S, it may or may not have been taken back");
    MessagingException refused = new MessagingException(ErrorCode.NOT_AUTHORISED, "no");
    transport.cancelAnswer = brokerId -> CompletableFuture.failedFuture(refused);
    assertCancelFails(receipt, ErrorCode.NOT_AUTHORISED, "no");
  }

  private static FakeTransport cancelling() {
    return new FakeTransport(
        FakeTransport.natively(Feature.CANCEL, "by its name", limits -> {}),
        FakeTransport.capabilities());
  }

  private void assertCancelFails(SendReceipt receipt, ErrorCode code, String message) {
    assertThat(bus.cancel(receipt))
        .failsWithin(Duration.ofSeconds(20))
        .withThrowableOfType(ExecutionException.class)
        .havingCause()
        .isInstanceOfSatisfying(
            MessagingException.class, failure -> assertThat(failure.code()).isEqualTo(code))
        .withMessage(message);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
