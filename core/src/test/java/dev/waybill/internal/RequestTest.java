package dev.waybill.internal;

import static dev.waybill.internal.Contracts.payment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.Envelope;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.RequestFailedException;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Declined;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.Paid;
import dev.waybill.internal.Contracts.PaymentResult;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.internal.FakeTransport.Sent;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00.123Z");
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final ProcessPayment PAYMENT = new ProcessPayment("o-1", 995);

  private final FakeTransport transport = new FakeTransport();
  private MessageBus bus = start(b -> b);

  @AfterEach
  void close() {
    bus.close();
  }

  private MessageBus start(UnaryOperator<MessageBus.Builder> more) {
    return Contracts.bus(
        transport, b -> more.apply(b.requests("shop").clock(Clock.fixed(NOW, ZoneOffset.UTC))));
  }

  private <R> CompletableFuture<R> request(String id, Class<R> replyType) {
    return bus.request(Command.of(PAYMENT, Metadata.withId(id)), replyType, MINUTE);
  }

  private ReplyQueue queue() {
    return transport.topology.replies();
  }

  private FakeDelivery reply(String request, String type, String body) {
    Map<String, String> attributes = new LinkedHashMap<>();
    if (type != null) {
      attributes.put("type", type);
    }
    if (request != null) {
      attributes.put("causationid", request);
    }
    return deliver(FakeDelivery.wire(body, attributes, Map.of(), null));
  }

  private FakeDelivery deliver(WireMessage message) {
    return transport.deliver(queue().name(), new FakeDelivery("r", message, 1));
  }

  private FakeDelivery paid(String request) {
    return reply(request, "payments.paid.v1", "{\"orderId\":\"o-1\"}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "replyTo"})
  void an_interceptor_that_would_lose_the_reply_fails_the_request_at_once(String changed) {
    bus.close();
    Interceptor changing =
        new Interceptor() {
          @Override
          public Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
            Metadata given = envelope.metadata();
            return Command.of(
                envelope.payload(),
                changed.equals("id")
                    ? Metadata.withId("other").withReplyTo(given.replyTo())
                    : given.withReplyTo(new ReplyQueue("shop", "other").name()));
          }
        };
    bus = start(b -> b.intercept(changing));

    assertThat(request("m-1", Paid.class))
        .failsWithin(Duration.ofSeconds(20))
        .withThrowableOfType(ExecutionException.class)
        .havingCause()
        .asInstanceOf(InstanceOfAssertFactories.type(SendException.class))
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MESSAGE))
        .satisfies(e -> assertThat(e.getMessage()).contains("m-1", "it has to keep both"));
    assertThat(transport.sent).isEmpty();
  }

  private static <R> R reply(CompletableFuture<R> request) {
    return request.orTimeout(20, TimeUnit.SECONDS).join();
  }

  private static MessagingException failure(CompletableFuture<?> request) {
    return (MessagingException)
        request.handle((done, thrown) -> thrown).orTimeout(20, TimeUnit.SECONDS).join();
  }

  private static void assertFails(CompletableFuture<?> request, ErrorCode code, String message) {
    assertThat(failure(request)).hasMessage(message);
    assertThat(failure(request).code()).isEqualTo(code);
  }

  // the request

  @Test
  void a_requesting_instance_has_a_reply_queue_of_its_own() {
    ReplyQueue first = queue();
    assertThat(first.requester()).isEqualTo("shop");
    assertThat(first.instance()).matches("[a-z0-9]{16}");
    assertThat(transport.receivers.get(first.name()).source).isEqualTo(first);

    start(b -> b).close();
    assertThat(queue()).isNotEqualTo(first);
  }

  @Test
  void a_request_is_a_command_with_a_reply_address_and_an_expiry() {
    assertThat(bus.request(PAYMENT, Paid.class, MINUTE)).isNotDone();

    Sent sent = transport.sent.get(0);
    assertThat(sent.channel()).isEqualTo(new Queue("payments", true));
    assertThat(sent.message().attributes())
        .containsEntry("type", "payments.process.v1")
        .containsEntry("waybillkind", "command")
        .containsEntry("waybillreplyto", queue().name())
        .containsEntry("expirytime", "2026-01-01T12:01:00.123Z");
  }

  @Test
  void an_earlier_expiry_of_the_users_is_kept_and_a_later_one_is_not() {
    for (int seconds : new int[] {59, 61}) {
      Command<ProcessPayment> command =
          Command.of(PAYMENT).with(m -> m.withExpiresAt(NOW.plusSeconds(seconds)));
      assertThat(bus.request(command, Paid.class, MINUTE)).isNotDone();
    }

    assertThat(transport.sent)
        .extracting(sent -> sent.message().attributes().get("expirytime"))
        .containsExactly("2026-01-01T12:00:59.123Z", "2026-01-01T12:01:00.123Z");
  }

  @Test
  void an_earlier_expiry_of_the_routes_is_kept() {
    Routes routes =
        Routes.define(
            r -> {
              r.command(Invoice.class).named("i").toQueue("q").expiringAfter(Duration.ofSeconds(5));
              r.reply(Paid.class).named("paid");
            });
    try (MessageBus other =
        MessageBus.over(transport)
            .routes(routes)
            .requests("shop")
            .clock(Clock.fixed(NOW, ZoneOffset.UTC))
            .start()) {
      assertThat(other.request(new Invoice("1"), Paid.class, MINUTE)).isNotDone();
    }

    assertThat(transport.sent.get(0).message().attributes())
        .containsEntry("expirytime", "2026-01-01T12:00:05.123Z");
  }

  @Test
  void a_send_has_no_longer_than_its_request() {
    transport.answer = sent -> new CompletableFuture<>();
    assertThat(bus.request(PAYMENT, Paid.class, Duration.ofSeconds(20))).isNotDone();
    assertThat(bus.request(PAYMENT, Paid.class, Duration.ofHours(2))).isNotDone();

    assertThat(transport.sent)
        .extracting(Sent::deadline)
        .containsExactly(
            Duration.ofSeconds(19), MessageBus.Builder.DEFAULT_SEND_TIMEOUT.minusSeconds(1));
  }

  @Test
  void a_failed_send_fails_the_request_on_a_thread_of_the_bus() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    transport.answer = sent -> answer;
    CompletableFuture<Paid> request = request("m-1", Paid.class);
    CompletableFuture<String> thread =
        request.handle((reply, failure) -> Thread.currentThread().getName());

    answer.completeExceptionally(SendException.rejected(ErrorCode.UNROUTABLE, "nobody", null));

    assertThat(reply(thread)).startsWith("waybill-answers-");
    assertThat(failure(request)).isInstanceOf(SendException.class).hasMessage("nobody");
  }

  @Test
  void a_send_that_was_rejected_for_want_of_time_fails_its_request_as_that() {
    transport.answer =
        sent ->
            CompletableFuture.failedFuture(
                SendException.rejected(ErrorCode.TIMEOUT, "too many wait", null));

    assertThat(failure(bus.request(PAYMENT, Paid.class, Duration.ofSeconds(20))))
        .isInstanceOf(SendException.class)
        .hasMessage("too many wait");
  }

  @Test
  void a_request_whose_reply_can_not_be_taken_is_not_sent() {
    assertThat(failure(bus.request(PAYMENT, Invoice.class, MINUTE)))
        .isInstanceOfSatisfying(
            SendException.class,
            e -> assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED))
        .hasMessageStartingWith("no reply is Invoice: add r.reply(…)");
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void mistakes_of_the_callers_fail_the_request() {
    assertFails(
        bus.request(new Paid("o-1"), Paid.class, MINUTE),
        ErrorCode.NO_ROUTE,
        "Paid has no route: add r.command(Paid.class).named(\"…\").toQueue(\"…\") to the routes.");
    assertFails(
        bus.request(new Invoice("1"), Paid.class, MINUTE),
        ErrorCode.WRONG_KIND,
        "Invoice is a document on queue invoices: transfer it.");
    CompletableFuture<Paid> first = request("m-1", Paid.class);
    assertFails(
        request("m-1", Paid.class),
        ErrorCode.INVALID_MESSAGE,
        "the request m-1 waits for its reply already: give each request an id of its own");
    assertThat(first).isNotDone();
    assertThat(transport.sent).hasSize(1);
  }

  @Test
  void a_timeout_has_bounds() {
    for (Duration timeout :
        new Duration[] {Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(366)}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> bus.request(PAYMENT, Paid.class, timeout))
          .withMessage(
              "a request with a timeout of %s: give a positive one of at most 365 days", timeout);
    }
  }

  @Test
  void a_bus_that_was_not_built_for_it_makes_no_requests() {
    try (MessageBus other = Contracts.bus(transport, b -> b)) {
      assertThat(transport.topology.replies()).isNull();
      assertThatIllegalStateException()
          .isThrownBy(() -> other.request(PAYMENT, Paid.class, MINUTE))
          .withMessage(
              "the bus test-service makes no requests: add .requests(\"<the application's name>\") where it is built");
    }
  }

  // the reply

  @Test
  void a_reply_is_accepted_and_completes_its_request_on_a_thread_of_the_bus() {
    CompletableFuture<Paid> one = request("m-1", Paid.class);
    CompletableFuture<PaymentResult> other = request("m-2", PaymentResult.class);
    CompletableFuture<String> thread = one.thenApply(paid -> Thread.currentThread().getName());

    FakeDelivery declined =
        reply("m-2", "payments.declined.v1", "{\"orderId\":\"o-2\",\"why\":\"poor\"}");
    FakeDelivery paid = paid("m-1");

    assertThat(reply(thread)).startsWith("waybill-replies-"); // a joiner would run dependents, too
    assertThat(reply(one)).isEqualTo(new Paid("o-1"));
    assertThat(reply(other)).isEqualTo(new Declined("o-2", "poor"));
    assertThat(paid.settlements).containsExactly(Settlement.accept());
    assertThat(declined.settlements).containsExactly(Settlement.accept());
  }

  @Test
  void a_reply_that_can_not_be_accepted_counts_all_the_same() {
    CompletableFuture<Paid> request = request("m-1", Paid.class);
    FakeDelivery delivery =
        new FakeDelivery(
                "r",
                FakeDelivery.wire(
                    "{\"orderId\":\"o-1\"}",
                    Map.of("causationid", "m-1", "type", "payments.paid.v1"),
                    Map.of(),
                    null),
                1)
            .answering(
                () -> {
                  throw new IllegalStateException("a bug");
                });

    transport.deliver(queue().name(), delivery);

    assertThat(reply(request)).isEqualTo(new Paid("o-1"));
  }

  @Test
  void the_first_reply_counts_and_what_nobody_waits_for_is_dropped() {
    CompletableFuture<Paid> request = request("m-1", Paid.class);

    FakeDelivery unknown = paid("m-9");
    FakeDelivery nameless = paid(null);
    paid("m-1");
    FakeDelivery second = reply("m-1", "payments.paid.v1", "{\"orderId\":\"o-2\"}");

    assertThat(second.settlement()).isEqualTo(Settlement.accept());
    assertThat(unknown.settlement()).isEqualTo(Settlement.accept());
    assertThat(nameless.settlement()).isEqualTo(Settlement.accept());
    assertThat(reply(request)).isEqualTo(new Paid("o-1"));
  }

  @Test
  void a_reply_that_can_not_be_known_or_read_fails_its_request() {
    assertReplyFails(
        "payments.paid.v9",
        "{}",
        ErrorCode.UNKNOWN_TYPE,
        "no reply of the routes has the type name 'payments.paid.v9': add r.reply(….class).named(\"payments.paid.v9\")");
    assertReplyFails(
        "invoices.invoice.v1",
        "{}",
        ErrorCode.UNKNOWN_TYPE,
        "no reply of the routes has the type name 'invoices.invoice.v1': add r.reply(….class).named(\"invoices.invoice.v1\")");
    assertReplyFails(null, "{}", ErrorCode.UNKNOWN_TYPE, "the reply names no type");
    assertReplyFails(
        "payments.declined.v1",
        "{}",
        ErrorCode.UNKNOWN_TYPE,
        "the reply is Declined 'payments.declined.v1', and not of Paid: request what the handler replies with");
    assertReplyFails(
        "payments.paid.v1",
        "{",
        ErrorCode.UNDECODABLE,
        "the body is not a JSON Paid: JsonEOFException at line 1, column 2");
    assertReplyFails(
        "dev.waybill.fault.v1",
        "[]",
        ErrorCode.UNDECODABLE,
        "the body is not a JSON Fault: MismatchedInputException at line 1, column 1");
  }

  private void assertReplyFails(String type, String body, ErrorCode code, String message) {
    CompletableFuture<Paid> request = request("m-1", Paid.class);
    reply("m-1", type, body);
    assertFails(request, code, message);
  }

  @Test
  void a_reply_in_a_content_type_that_can_not_be_read_fails_its_request() {
    CompletableFuture<Paid> request = request("m-1", Paid.class);

    deliver(
        new WireMessage(
            "<paid/>".getBytes(UTF_8),
            "text/xml",
            Map.of("causationid", "m-1", "type", "payments.paid.v1"),
            Map.of(),
            null,
            null));

    assertFails(
        request,
        ErrorCode.UNDECODABLE,
        "the content type 'text/xml' can't be read, only application/json");
  }

  @Test
  void a_fault_fails_its_request_with_the_failure_there() {
    CompletableFuture<Paid> request = request("m-1", Paid.class);
    reply("m-1", "dev.waybill.fault.v1", "{\"failureType\":\"a.B\",\"message\":\"no\"}");

    assertFails(
        request,
        ErrorCode.REQUEST_FAILED,
        "the request m-1 (payments.process.v1) to the queue payments failed there (a.B): no");
    RequestFailedException failure = (RequestFailedException) failure(request);
    assertThat(failure.failureType()).isEqualTo("a.B");
    assertThat(failure.failureMessage()).isEqualTo("no");

    CompletableFuture<Paid> other = request("m-2", Paid.class);
    reply("m-2", "dev.waybill.fault.v1", "{}");
    assertFails(
        other,
        ErrorCode.REQUEST_FAILED,
        "the request m-2 (payments.process.v1) to the queue payments failed there (unknown): its fault does not say why");
  }

  // the end

  @Test
  void a_request_without_a_reply_times_out_also_if_the_broker_has_not_answered() {
    transport.answer = sent -> new CompletableFuture<>();
    Command<ProcessPayment> command = Command.of(PAYMENT, Metadata.withId("m-1"));

    CompletableFuture<Paid> request = bus.request(command, Paid.class, SHORT);

    assertFails(
        request,
        ErrorCode.TIMEOUT,
        "the request m-1 (payments.process.v1) to the queue payments had no reply within PT0.05S; it may or may not have been handled");
  }

  @Test
  void the_same_request_may_be_made_again_after_its_timeout() {
    Command<ProcessPayment> command = Command.of(PAYMENT, Metadata.withId("m-1"));
    failure(bus.request(command, Paid.class, SHORT));

    CompletableFuture<Paid> again = bus.request(command, Paid.class, MINUTE);
    paid("m-1");

    assertThat(reply(again)).isEqualTo(new Paid("o-1"));
  }

  @Test
  void a_closed_bus_waits_for_nothing() {
    CompletableFuture<Paid> request = request("m-1", Paid.class);
    String queue = queue().name();

    bus.close();

    assertThat(request).isCompletedExceptionally();
    assertFails(
        request,
        ErrorCode.CLOSED,
        "the bus test-service was closed while the request m-1 waited for its reply; it may or may not have been handled");
    assertFails(
        request("m-2", Paid.class),
        ErrorCode.CLOSED,
        "The bus test-service is closed: send before closing it.");
    assertThat(transport.calls).endsWith("stop " + queue, "close " + queue, "flush", "close");
  }

  @Test
  void a_handler_gets_its_reply_while_the_bus_drains() {
    CountDownLatch waiting = new CountDownLatch(1);
    CompletableFuture<Paid> replied = new CompletableFuture<>();
    bus.close();
    bus =
        start(
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              CompletableFuture<Paid> request = request("r-1", Paid.class);
                              waiting.countDown();
                              replied.complete(reply(request));
                            })));
    FakeDelivery payment = transport.deliver("payments", payment("m-1"));
    await().until(() -> waiting.getCount() == 0);

    CompletableFuture<Void> closing = CompletableFuture.runAsync(bus::close);
    await().until(() -> transport.calls.contains("stop payments"));
    paid("r-1");

    reply(closing);
    assertThat(reply(replied)).isEqualTo(new Paid("o-1"));
    assertThat(payment.settlement()).isEqualTo(Settlement.accept());
  }
}
