package dev.waybill.internal;

import static dev.waybill.delivery.DeliveryGuarantee.AT_MOST_ONCE;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.internal.Contracts.payment;
import static dev.waybill.internal.Contracts.paymentOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.Envelope;
import dev.waybill.Handler;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.Outcome;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderPlaced;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.Queue;
import dev.waybill.serialization.Codec;
import dev.waybill.serialization.JacksonCodec;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class IncomingTest {
  private static final Settlement ACCEPT = Settlement.accept();

  private FakeTransport transport = new FakeTransport();
  private final List<Object> handled = new CopyOnWriteArrayList<>();
  private final IdentityHashMap<ListAppender<ILoggingEvent>, Logger> logs = new IdentityHashMap<>();
  private MessageBus bus;

  @AfterEach
  void close() {
    if (bus != null) {
      bus.close();
    }
    logs.forEach(
        (log, logger) -> {
          logger.detachAppender(log);
          logger.setLevel(null);
        });
  }

  private void start(UnaryOperator<MessageBus.Builder> more) {
    bus = Contracts.bus(transport, more);
  }

  private void consumePayments(Consumer<ConsumerSpec> consumer) {
    start(b -> b.consume("payments", consumer));
  }

  private FakeDelivery handle(FakeDelivery payment) {
    transport.deliver("payments", payment);
    payment.settlement();
    return payment;
  }

  private static Reject rejected(FakeDelivery delivery) {
    assertThat(delivery.settlement()).isInstanceOf(Reject.class);
    return (Reject) delivery.settlement();
  }

  // reading

  @Test
  void a_handler_gets_the_payload_and_all_that_travels_with_it() {
    BlockingQueue<Command<ProcessPayment>> commands = new LinkedBlockingQueue<>();
    consumePayments(
        c -> c.onCommand(ProcessPayment.class, (command, context) -> commands.add(command)));

    FakeDelivery delivery = handle(payment("m-1"));

    Command<ProcessPayment> command = commands.remove();
    assertThat(command.payload()).isEqualTo(new ProcessPayment("o-1", 995));
    assertThat(command.metadata().id()).isEqualTo("m-1");
    assertThat(command.metadata().type()).isEqualTo("payments.process.v1");
    assertThat(command.metadata().source()).isEqualTo("shop");
    assertThat(command.metadata().key()).isEqualTo("o-1");
    assertThat(command.metadata().header("tenant")).isEqualTo("acme");
    assertThat(delivery.settlements).containsExactly(ACCEPT);
  }

  @Test
  void what_travels_with_a_payload_is_read_when_it_is_asked_for_and_stays() {
    BlockingQueue<Command<ProcessPayment>> commands = new LinkedBlockingQueue<>();
    consumePayments(
        c -> c.onCommand(ProcessPayment.class, (command, context) -> commands.add(command)));
    WireMessage foreign =
        FakeDelivery.wire("{\"orderId\":\"o-1\",\"cents\":5}", Map.of(), Map.of(), "k");

    handle(new FakeDelivery("payments@7", foreign, 1));

    Command<ProcessPayment> command = commands.remove();
    assertThat(command.metadata())
        .isEqualTo(Metadata.withId("payments@7").withType("payments.process.v1").withKey("k"))
        .isSameAs(command.metadata());
  }

  @Test
  void a_context_knows_source_attempt_broker_id_and_ownership() {
    BlockingQueue<HandlerContext> contexts = new LinkedBlockingQueue<>();
    consumePayments(
        c -> c.onCommand(ProcessPayment.class, (command, context) -> contexts.add(context)));
    FakeDelivery original = payment("m-1");
    FakeDelivery delivery = handle(new FakeDelivery("payments@7", original.message(), 3));

    HandlerContext context = contexts.remove();
    assertThat(context.source()).isEqualTo(new Queue("payments", true));
    assertThat(context.attempt()).isEqualTo(3);
    assertThat(context.brokerId()).isEqualTo("payments@7");
    assertThat(context.isOwnershipLost()).isFalse();
    delivery.lose();
    assertThat(context.isOwnershipLost()).isTrue();
  }

  @Test
  void a_foreign_message_is_of_the_only_type_there_is() {
    BlockingQueue<Command<ProcessPayment>> commands = new LinkedBlockingQueue<>();
    consumePayments(
        c -> c.onCommand(ProcessPayment.class, (command, context) -> commands.add(command)));

    handle(
        new FakeDelivery(
            "payments-0@42",
            new WireMessage(
                Contracts.PAYMENT.getBytes(StandardCharsets.UTF_8),
                null,
                Map.of(),
                Map.of(),
                null,
                null),
            1));

    Command<ProcessPayment> command = commands.remove();
    assertThat(command.metadata().id()).isEqualTo("payments-0@42");
    assertThat(command.metadata().type()).isEqualTo("payments.process.v1");
    assertThat(command.metadata().source()).isNull();
    assertThat(command.metadata().time()).isNull();
  }

  @Test
  void a_foreign_message_where_several_types_travel_is_a_dead_letter() {
    start(
        b ->
            b.subscribe(
                "orders",
                "billing",
                c ->
                    c.onEvent(OrderPlaced.class, (event, context) -> handled.add(event))
                        .ignoring(OrderShipped.class)));
    FakeDelivery foreign = FakeDelivery.of("orders@1", null);

    transport.deliver("orders.billing", foreign);

    assertThat(rejected(foreign).reason())
        .isEqualTo(
            "the message names no type, and several travel on the subscription billing of topic"
                + " orders");
    assertThat(handled).isEmpty();
  }

  @Test
  void an_ignored_type_is_acknowledged_unseen_whatever_else_is_the_matter_with_it() {
    start(
        b ->
            b.subscribe(
                "orders",
                "billing",
                c ->
                    c.onEvent(OrderPlaced.class, (event, context) -> handled.add(event))
                        .ignoring(OrderShipped.class)));
    FakeDelivery shipped =
        new FakeDelivery(
            "orders@1",
            FakeDelivery.wire("no json", Map.of("type", "orders.shipped.v1"), Map.of(), null),
            1);

    FakeDelivery expired =
        new FakeDelivery(
            "orders@2",
            FakeDelivery.wire(
                "no json",
                Map.of("type", "orders.shipped.v1", "expirytime", "2020-01-01T00:00:00Z"),
                Map.of(),
                null),
            1);
    FakeDelivery last = new FakeDelivery("orders@3", shipped.message(), 4).lastAllowed();

    List<FakeDelivery> all = List.of(shipped, expired, last);
    all.forEach(each -> transport.deliver("orders.billing", each));

    assertThat(all).allSatisfy(each -> assertThat(each.settlement()).isEqualTo(ACCEPT));
    assertThat(handled).isEmpty();
  }

  @Test
  void what_can_not_be_read_or_known_is_a_dead_letter_at_once_and_the_next_goes_on() {
    consumePayments(this::countingWithRetries);

    assertReason(
        payment("m-1", "{", a -> {}),
        "the body is not a JSON ProcessPayment: JsonEOFException at line 1, column 2");
    assertReason(
        payment("m-2", "null", a -> {}), "the body is the JSON null, not a ProcessPayment");
    assertReason(
        payment("m-3", Contracts.PAYMENT, a -> a.put("type", "payments.process.v9")),
        "no route on the queue payments has the type name 'payments.process.v9'");
    assertReason(
        payment("m-4", Contracts.PAYMENT, a -> a.put("waybillkind", "event")),
        "'payments.process.v1' is a command by its route, but came as 'event'");
    assertReason(
        payment("m-5", Contracts.PAYMENT, a -> a.put("time", "noon")),
        "the CloudEvents attribute 'time' is not a time in RFC 3339 form with an offset");

    assertThat(handle(payment("m-6")).settlements).containsExactly(ACCEPT);
    assertThat(handled).hasSize(1);
  }

  @Test
  void a_content_type_that_can_not_be_read_is_a_dead_letter() {
    consumePayments(this::countingWithRetries);
    WireMessage json = payment("m-1").message();
    FakeDelivery xml =
        new FakeDelivery(
            "payments@1",
            new WireMessage(
                json.body(), "application/xml", json.attributes(), Map.of(), null, null),
            1);

    assertReason(xml, "the content type 'application/xml' can't be read, only application/json");
  }

  @Test
  void a_body_over_the_limit_is_a_dead_letter_unread() {
    transport =
        new FakeTransport(
            FakeTransport.capabilities(),
            FakeTransport.capabilities(b -> b.maxBodyBytes(30), Map.of()));
    consumePayments(this::countingWithRetries);

    assertReason(
        payment("m-1", " ".repeat(31), a -> {}), "the body has 31 bytes, over the limit of 30");
  }

  @Test
  void a_dead_letter_never_quotes_the_body() {
    consumePayments(this::countingWithRetries);

    FakeDelivery secret = handle(payment("m-1", "{\"cents\":\"4111-1111\"}", a -> {}));

    assertThat(rejected(secret).evidence().values()).noneMatch(text -> text.contains("4111"));
    assertThat(rejected(secret).evidence()).containsEntry("waybill-dead-letter-attempts", "0");
  }

  @Test
  void a_codec_that_fails_in_whatever_way_makes_a_dead_letter_and_loses_no_place() {
    List<Throwable> failures =
        List.of(
            new IllegalStateException("x"),
            new StackOverflowError(),
            new AssertionError("z"),
            new NoClassDefFoundError("y"));
    start(
        b ->
            b.codec(new FailingCodec(failures))
                .consume("payments", c -> countingWithRetries(c.concurrency(1))));

    for (int i = 0; i < failures.size(); i++) {
      assertReason(payment("m-" + i), "the message could not be read");
    }
    assertThat(handle(payment("m-9")).settlements).containsExactly(ACCEPT);
  }

  @Test
  void a_message_that_its_transport_could_not_read_is_a_dead_letter_unhandled() {
    consumePayments(this::countingWithRetries);
    FakeDelivery unread =
        payment("m-1")
            .unread(new MessagingException(ErrorCode.UNDECODABLE, "no sense in the attribute x"));

    transport.deliver("payments", unread);

    assertThat(rejected(unread).reason()).isEqualTo("no sense in the attribute x");
    assertThat(rejected(unread).evidence())
        .containsEntry("waybill-dead-letter-channel", "payments")
        .containsEntry("waybill-dead-letter-attempts", "0");
    assertThat(handled).isEmpty();
    assertThat(handle(payment("m-2")).settlements).containsExactly(ACCEPT);
  }

  @Test
  void a_message_on_which_the_machine_itself_failed_is_kept_and_tried_again() {
    start(
        b ->
            b.codec(new FailingCodec(List.of(new OutOfMemoryError("x"))))
                .consume("payments", c -> countingWithRetries(c.concurrency(1))));

    assertThat(handle(payment("m-1")).settlements).containsExactly(ACCEPT);
    assertThat(handled).hasSize(1);
  }

  @Test
  void a_message_on_which_the_machine_fails_each_time_goes_the_way_of_its_policy() {
    OutOfMemoryError tooBig = new OutOfMemoryError("x");
    start(
        b ->
            b.codec(new FailingCodec(List.of(tooBig, tooBig, tooBig, tooBig)))
                .consume("payments", c -> countingWithRetries(c)));

    assertThat(rejected(handle(payment("m-1"))).reason()).isEqualTo("attempt 4 failed");
  }

  @Test
  void a_failure_whose_cause_can_not_be_printed_is_a_dead_letter_and_costs_no_place() {
    RuntimeException cause =
        new RuntimeException() {
          @Override
          public String getMessage() {
            throw new IllegalStateException("no message");
          }
        };
    start(
        b ->
            b.consume(
                "payments",
                c ->
                    c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              handled.add(command.metadata().id());
                              if (handled.size() == 1) {
                                throw new IllegalStateException("x", cause);
                              }
                            })
                        .concurrency(1)
                        .onFailure(noRetry())));

    assertThat(rejected(handle(payment("m-1"))).reason()).isEqualTo("attempt 1 failed");
    assertThat(handle(payment("m-2")).settlements).containsExactly(ACCEPT);
  }

  // expiry

  @Test
  void the_last_delivery_that_the_broker_allows_is_a_dead_letter_unhandled() {
    consumePayments(this::countingWithRetries);
    FakeDelivery last = new FakeDelivery("payments@1", payment("m-1").message(), 4).lastAllowed();

    transport.deliver("payments", last);

    assertThat(rejected(last).reason())
        .isEqualTo(
            "not handled: delivery 4 is among the last that the broker allows, and those before"
                + " were not settled");
    assertThat(rejected(last).evidence())
        .containsEntry("waybill-dead-letter-attempts", "3")
        .containsEntry("waybill-dead-letter-channel", "payments");
    assertThat(handled).isEmpty();
    assertThat(handle(payment("m-2")).settlements).containsExactly(ACCEPT);
  }

  @Test
  void an_expired_message_is_a_dead_letter_and_is_not_handled() {
    Instant now = Instant.parse("2026-01-01T12:00:00Z");
    start(
        b ->
            b.clock(Clock.fixed(now, ZoneOffset.UTC))
                .consume("payments", this::countingWithRetries));

    assertReason(
        payment("m-1", "no json", a -> a.put("expirytime", now.toString())),
        "expired at 2026-01-01T12:00:00Z");
    assertThat(handled).isEmpty();
    FakeDelivery justNot =
        payment("m-2", Contracts.PAYMENT, a -> a.put("expirytime", now.plusMillis(1).toString()));
    assertThat(handle(justNot).settlements).containsExactly(ACCEPT);
    assertThat(handled).hasSize(1);
  }

  @Test
  void expired_messages_are_discarded_where_that_was_asked_for() {
    consumePayments(c -> countingWithRetries(c.discardExpired()));

    FakeDelivery old =
        handle(payment("m-1", Contracts.PAYMENT, a -> a.put("expirytime", "2020-01-01T00:00:00Z")));

    assertThat(old.settlements).containsExactly(ACCEPT);
    assertThat(handled).isEmpty();
  }

  // failing

  @Test
  void a_handler_that_throws_is_retried_as_the_policy_says_and_leaves_evidence() {
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    consumePayments(
        c ->
            c.onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      attempts.add(context.attempt());
                      throw new IOException("no disk");
                    })
                .onFailure(retry(1).thenAfter(Duration.ofMillis(1)).thenDeadLetter()));

    Reject reject = rejected(handle(payment("m-1")));

    assertThat(attempts).containsExactly(1, 2, 3);
    assertThat(reject.reason()).isEqualTo("attempt 3 failed");
    assertThat(reject.evidence())
        .containsEntry("waybill-dead-letter-attempts", "3")
        .containsEntry("waybill-dead-letter-exception-class", "java.io.IOException")
        .containsEntry("waybill-dead-letter-exception-message", "no disk")
        .containsKeys("waybill-dead-letter-first-failure", "waybill-dead-letter-last-failure");
  }

  @Test
  void a_policy_may_discard() {
    consumePayments(
        c ->
            c.onCommand(ProcessPayment.class, failing(new IOException()))
                .onFailure(noRetry().discardOn(IOException.class)));

    assertThat(handle(payment("m-1")).settlements).containsExactly(ACCEPT);
  }

  @Test
  void an_error_is_a_failure_like_any_other() {
    consumePayments(
        c ->
            c.concurrency(1)
                .onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      if (handled.isEmpty()) {
                        handled.add("first");
                        throw new NoClassDefFoundError("gone");
                      }
                    })
                .onFailure(noRetry()));

    assertThat(rejected(handle(payment("m-1"))).evidence())
        .containsEntry("waybill-dead-letter-exception-class", "java.lang.NoClassDefFoundError");
    assertThat(handle(payment("m-2")).settlements).containsExactly(ACCEPT);
  }

  @Test
  void a_failure_that_can_not_say_what_it_is_goes_to_the_policy_too() {
    RuntimeException broken =
        new RuntimeException() {
          @Override
          public String getMessage() {
            throw new IllegalStateException("no words");
          }
        };
    consumePayments(c -> c.onCommand(ProcessPayment.class, failing(broken)).onFailure(retry(1)));

    Reject reject = rejected(handle(payment("m-1")));

    assertThat(reject.reason()).isEqualTo("attempt 2 failed");
    assertThat(reject.evidence()).containsEntry("waybill-dead-letter-attempts", "2");
  }

  @Test
  void a_message_that_expires_between_its_attempts_is_not_handled_again() {
    TickingClock clock = new TickingClock();
    start(
        b ->
            b.clock(clock)
                .consume(
                    "payments",
                    c ->
                        c.onCommand(
                                ProcessPayment.class,
                                (command, context) -> {
                                  handled.add(command);
                                  clock.pass(Duration.ofHours(1));
                                  throw new IOException("x");
                                })
                            .onFailure(retry(5))));
    String expiry = clock.instant().plusSeconds(60).toString();

    assertReason(
        payment("m-1", Contracts.PAYMENT, a -> a.put("expirytime", expiry)),
        "expired at " + expiry);
    assertThat(handled).hasSize(1);
  }

  // deciding

  @Test
  void a_handler_decides_through_its_context() {
    Map<String, Consumer<HandlerContext>> decisions =
        Map.of(
            "m-1", context -> {},
            "m-2", context -> context.deadLetter("not mine"),
            "m-3", context -> context.discard("stale"));
    consumePayments(
        c ->
            c.onCommand(
                ProcessPayment.class,
                (command, context) -> decisions.get(command.metadata().id()).accept(context)));

    assertThat(handle(payment("m-1")).settlements).containsExactly(ACCEPT);
    assertReason(payment("m-2"), "not mine");
    assertThat(handle(payment("m-3")).settlements).containsExactly(ACCEPT);
  }

  @Test
  void a_decided_retry_is_an_attempt_beyond_any_policy() {
    consumePayments(
        c ->
            c.onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      handled.add(context.attempt());
                      if (context.attempt() < 4) {
                        context.retryAfter(Duration.ofMillis(1));
                      }
                    })
                .onFailure(noRetry()));

    assertThat(handle(payment("m-1")).settlements).containsExactly(ACCEPT);
    assertThat(handled).containsExactly(1, 2, 3, 4);
  }

  @Test
  void a_handler_decides_once() {
    consumePayments(
        c ->
            c.onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      context.retryAfter(Duration.ofDays(1));
                      context.discard("after all");
                    })
                .onFailure(noRetry()));

    assertFailed(
        "the handler of m-1 has decided already, Retried[after=PT24H]: it has to return then, since"
            + " nothing that it sends leaves");
  }

  @Test
  void what_a_handler_sends_after_it_has_decided_is_a_mistake_of_its_own() {
    consumePayments(
        c ->
            c.onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      context.discard("stale");
                      context.publish(new OrderShipped("o-1"));
                    })
                .onFailure(noRetry()));

    assertFailed(
        "the handler of m-1 has decided already, Discarded[reason=stale]: it has to return then,"
            + " since nothing that it sends leaves");
  }

  @Test
  void a_handler_that_throws_has_failed_whatever_it_has_decided() {
    consumePayments(
        c ->
            c.onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      context.discard("stale");
                      throw new IOException("broken");
                    })
                .onFailure(noRetry()));

    assertFailed("broken");
  }

  @Test
  void a_decision_that_makes_no_sense_is_a_failure_and_not_an_acknowledgement() {
    consumePayments(
        c ->
            c.onCommand(
                    ProcessPayment.class,
                    (command, context) -> context.retryAfter(Duration.ofMillis(-1)))
                .onFailure(noRetry()));

    assertFailed("a retry after PT-0.001S: give zero or more");
  }

  @Test
  void a_handler_that_is_done_decides_no_more() {
    BlockingQueue<HandlerContext> contexts = new LinkedBlockingQueue<>();
    consumePayments(
        c -> c.onCommand(ProcessPayment.class, (command, context) -> contexts.add(context)));

    assertThat(handle(payment("m-1")).settlements).containsExactly(ACCEPT);

    assertThatIllegalStateException()
        .isThrownBy(() -> contexts.remove().deadLetter("too late"))
        .withMessage(
            "DeadLettered[reason=too late] has no effect on m-1: its handler decides, while it"
                + " handles; an interceptor returns its decision");
  }

  private void assertFailed(String message) {
    assertThat(rejected(handle(payment("m-1"))).evidence())
        .containsEntry("waybill-dead-letter-reason", "attempt 1 failed")
        .containsEntry("waybill-dead-letter-exception-message", message);
  }

  // asynchronous

  @Test
  void an_asynchronous_handler_keeps_its_message_open_its_place_and_its_key() {
    CompletableFuture<Object> first = new CompletableFuture<>();
    consumePayments(
        c ->
            c.concurrency(1)
                .onCommandAsync(
                    ProcessPayment.class,
                    (command, context) -> {
                      handled.add(command.metadata().id());
                      return handled.size() == 1 ? first : CompletableFuture.completedFuture(null);
                    }));
    FakeDelivery one = transport.deliver("payments", payment("m-1"));
    FakeDelivery two = transport.deliver("payments", payment("m-2"));
    await().until(() -> handled.size() == 1);
    assertThat(one.settlements).isEmpty();
    assertThat(two.settlements).isEmpty();

    first.complete("any value");

    assertThat(one.settlement()).isEqualTo(ACCEPT);
    assertThat(two.settlement()).isEqualTo(ACCEPT);
    assertThat(handled).containsExactly("m-1", "m-2");
  }

  @Test
  void a_stage_that_fails_goes_to_the_policy_with_its_own_cause() {
    consumePayments(
        c ->
            c.onCommandAsync(
                    ProcessPayment.class,
                    (command, context) ->
                        CompletableFuture.runAsync(
                            () -> {
                              handled.add(context.attempt());
                              throw new IllegalStateException("later");
                            }))
                .onFailure(retry(2).deadLetterOn(IOException.class)));

    Reject reject = rejected(handle(payment("m-1")));

    assertThat(handled).containsExactly(1, 2, 3);
    assertThat(reject.evidence())
        .containsEntry("waybill-dead-letter-exception-class", "java.lang.IllegalStateException")
        .containsEntry("waybill-dead-letter-exception-message", "later");
  }

  @Test
  void an_asynchronous_handler_decides_until_its_stage_completes() {
    consumePayments(
        c ->
            c.onCommandAsync(
                ProcessPayment.class,
                (command, context) ->
                    CompletableFuture.runAsync(() -> context.deadLetter("async"))));

    assertReason(payment("m-1"), "async");
  }

  @Test
  void a_decision_that_a_stage_gives_as_its_value_is_not_lost_silently() {
    consumePayments(
        c ->
            c.onCommandAsync(
                    ProcessPayment.class,
                    (command, context) ->
                        CompletableFuture.completedFuture(Outcome.deadLetter("async")))
                .onFailure(noRetry()));

    assertFailed(
        "the handler's stage gave DeadLettered[reason=async], which nobody heeds: decide through the"
            + " context, such as by context.deadLetter(…)");
  }

  @Test
  void no_stage_is_a_failure() {
    consumePayments(
        c ->
            c.onCommandAsync(ProcessPayment.class, (command, context) -> null)
                .onFailure(noRetry()));

    assertThat(rejected(handle(payment("m-1"))).evidence())
        .containsEntry(
            "waybill-dead-letter-exception-message",
            "the handler returned null instead of a stage");
  }

  // at most once

  @Test
  void at_most_once_accepts_before_it_handles() {
    FakeDelivery delivery = payment("m-1");
    consumePayments(
        c ->
            c.guarantee(AT_MOST_ONCE)
                .onCommand(
                    ProcessPayment.class,
                    (command, context) -> handled.addAll(delivery.settlements)));

    transport.deliver("payments", delivery);

    await().until(() -> !handled.isEmpty());
    assertThat(handled).containsExactly(ACCEPT);
  }

  @Test
  void at_most_once_neither_retries_nor_dead_letters_a_failed_handler() {
    consumePayments(
        c ->
            c.guarantee(AT_MOST_ONCE)
                .concurrency(1)
                .onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      handled.add(command.metadata().id());
                      throw new IOException("x");
                    }));

    FakeDelivery first = transport.deliver("payments", payment("m-1"));
    FakeDelivery second = transport.deliver("payments", payment("m-2"));
    await().until(() -> handled.size() == 2);
    bus.close();

    assertThat(handled).containsExactly("m-1", "m-2");
    assertThat(first.settlements).containsExactly(ACCEPT);
    assertThat(second.settlements).containsExactly(ACCEPT);
  }

  @Test
  void at_most_once_does_not_handle_what_it_could_not_accept() {
    consumePayments(c -> countingWithRetriesAtMostOnce(c.concurrency(1)));
    FakeDelivery lost =
        paymentOf("o-1", "m-1")
            .answering(() -> CompletableFuture.completedFuture(Result.NOT_OWNED));
    FakeDelivery failed =
        paymentOf("o-2", "m-2")
            .answering(
                () ->
                    CompletableFuture.failedFuture(
                        new MessagingException(ErrorCode.BROKER_UNAVAILABLE, "not now")));

    handle(lost);
    handle(failed);
    handle(paymentOf("o-3", "m-3"));

    await().until(() -> !handled.isEmpty());
    assertThat(handled).hasSize(1);
    assertThat(lost.settlements).hasSize(1);
    assertThat(failed.settlements).hasSize(1);
  }

  @Test
  void at_most_once_dead_letters_what_it_can_not_read() {
    consumePayments(this::countingWithRetriesAtMostOnce);

    assertReason(
        payment("m-1", "null", a -> {}), "the body is the JSON null, not a ProcessPayment");
  }

  @Test
  void each_time_that_a_handler_puts_its_message_off_is_a_line_in_the_log() {
    ListAppender<ILoggingEvent> log = appender(IncomingPipeline.class);
    consumePayments(
        c ->
            c.onCommand(
                ProcessPayment.class,
                (command, context) -> {
                  handled.add(command);
                  if (handled.size() < 3) {
                    context.retryAfter(Duration.ofMillis(1));
                  }
                }));

    FakeDelivery delivery = handle(payment("m-1"));
    await().until(() -> delivery.settlements.contains(ACCEPT));

    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "Command[ProcessPayment m-1] from the queue payments: attempt 1 decided that it is handled again after PT0.001S",
            "Command[ProcessPayment m-1] from the queue payments: attempt 2 decided that it is handled again after PT0.001S");
  }

  @Test
  void what_becomes_a_dead_letter_or_is_dropped_is_found_in_the_log_by_the_messages_id() {
    ListAppender<ILoggingEvent> log = appender(Settler.class);
    consumePayments(
        c ->
            c.onCommand(
                ProcessPayment.class,
                (command, context) -> {
                  if (command.metadata().id().equals("m-1")) {
                    context.deadLetter("broken");
                  } else {
                    context.discard("stale");
                  }
                }));

    FakeDelivery dead = handle(new FakeDelivery("payments-0@7", payment("m-1").message(), 1));
    FakeDelivery dropped = handle(new FakeDelivery("payments-0@8", payment("m-2").message(), 1));
    await().until(() -> dead.settlements.size() == 1 && dropped.settlements.size() == 1);

    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactlyInAnyOrder(
            "m-1 (payments-0@7) from the queue payments becomes a dead letter: broken",
            "m-2 (payments-0@8) from the queue payments is discarded: stale");
  }

  @Test
  void at_most_once_says_in_the_log_that_a_handlers_decision_comes_too_late() {
    ListAppender<ILoggingEvent> log = appender(Settler.class);
    consumePayments(
        c ->
            c.guarantee(AT_MOST_ONCE)
                .onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      handled.add(command);
                      context.deadLetter("too late");
                    }));

    FakeDelivery delivery = handle(payment("m-1"));
    await().until(() -> handled.size() == 1);
    bus.close();

    assertThat(delivery.settlements).containsExactly(ACCEPT);
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "payments@m-1 from the queue payments was accepted before it was handled, at-most-once:"
                + " DeadLettered[reason=too late] has no effect any more");
  }

  /** What a class logs, until the end of the test. */
  private ListAppender<ILoggingEvent> appender(Class<?> of) {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    Logger logger = (Logger) LoggerFactory.getLogger(of);
    logger.setLevel(Level.INFO);
    logger.addAppender(log);
    logs.put(log, logger);
    return log;
  }

  // dead letters

  @Test
  void a_dead_letter_handler_gets_the_evidence_and_its_return_removes_the_message() {
    start(b -> b.consumeDeadLetters("payments", handled::add));
    FakeDelivery letter =
        new FakeDelivery(
            "payments.dlq@1",
            payment("m-1")
                .message()
                .withHeaders(
                    Map.of(
                        "waybill-dead-letter-reason", "why", "waybill-dead-letter-attempts", "3")),
            1);

    transport.deliver("payments.dlq", letter);

    assertThat(letter.settlement()).isEqualTo(ACCEPT);
    assertThat(handled).hasSize(1);
    assertThat(handled.get(0)).hasToString("DeadLetter[payments.process.v1 m-1 from null: why]");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 30})
  void a_dead_letter_that_can_not_be_taken_waits_and_is_never_dead_lettered_itself(int attempt) {
    transport = new FakeTransport(nativeRetry(), nativeRetry());
    start(
        b ->
            b.consumeDeadLetters(
                "payments",
                letter -> {
                  throw new NoClassDefFoundError("x");
                }));
    FakeDelivery letter = new FakeDelivery("payments.dlq@1", payment("m-1").message(), attempt);

    transport.deliver("payments.dlq", letter);

    long seconds = Math.min(60, 1L << Math.min(10, attempt - 1));
    assertThat(letter.settlement()).isEqualTo(new Release(Duration.ofSeconds(seconds), attempt));
  }

  private static Capabilities nativeRetry() {
    Capabilities.Builder builder = Capabilities.builder();
    for (var feature : Capabilities.Feature.values()) {
      builder.natively(feature, "by the fake");
    }
    return builder.build();
  }

  private ConsumerSpec countingWithRetries(ConsumerSpec consumer) {
    return consumer
        .onCommand(ProcessPayment.class, (command, context) -> handled.add(command))
        .onFailure(retry(3));
  }

  private ConsumerSpec countingWithRetriesAtMostOnce(ConsumerSpec consumer) {
    return consumer
        .guarantee(AT_MOST_ONCE)
        .onCommand(ProcessPayment.class, (command, context) -> handled.add(command));
  }

  private void assertReason(FakeDelivery delivery, String reason) {
    assertThat(rejected(handle(delivery)).reason()).isEqualTo(reason);
  }

  private static <E extends Envelope<?>> Handler<E> failing(Exception failure) {
    return (envelope, context) -> {
      throw failure;
    };
  }

  @Test
  void an_async_handler_whose_stage_gives_another_stage_has_failed() {
    CompletableFuture<Object> nested = new CompletableFuture<>();
    nested.complete(CompletableFuture.failedFuture(new IOException("x")));
    start(
        b ->
            b.consume(
                "payments",
                c ->
                    c.onCommandAsync(ProcessPayment.class, (command, context) -> nested)
                        .onFailure(noRetry())));

    assertThat(rejected(handle(payment("m-1"))).evidence())
        .hasEntrySatisfying(
            "waybill-dead-letter-exception-message",
            message -> assertThat(message).contains("use thenCompose instead of thenApply"));
  }

  @Test
  void events_and_documents_have_both_forms_too() {
    start(
        b ->
            b.subscribe(
                    "orders",
                    "billing",
                    c ->
                        c.onEvent(
                                OrderPlaced.class,
                                (event, context) -> context.deadLetter(event.payload().orderId()))
                            .onEventAsync(
                                OrderShipped.class,
                                (event, context) -> {
                                  handled.add(event.payload());
                                  return CompletableFuture.completedFuture(null);
                                }))
                .consume(
                    "invoices",
                    c ->
                        c.onDocument(
                            Invoice.class,
                            (document, context) -> handled.add(document.payload()))));
    FakeDelivery placed = typed("orders.placed.v1", "{\"orderId\":\"o-7\",\"cents\":1}");
    FakeDelivery shipped = typed("orders.shipped.v1", "{\"orderId\":\"o-8\"}");
    FakeDelivery invoice = typed("invoices.invoice.v1", "{\"number\":\"i-9\"}");

    transport.deliver("orders.billing", placed);
    transport.deliver("orders.billing", shipped);
    transport.deliver("invoices", invoice);

    assertThat(rejected(placed).reason()).isEqualTo("o-7");
    assertThat(rejected(placed).evidence())
        .containsEntry("waybill-dead-letter-channel", "orders")
        .containsEntry("waybill-dead-letter-subscription", "billing");
    assertThat(shipped.settlement()).isEqualTo(ACCEPT);
    assertThat(invoice.settlement()).isEqualTo(ACCEPT);
    assertThat(handled).containsExactlyInAnyOrder(new OrderShipped("o-8"), new Invoice("i-9"));
  }

  private static FakeDelivery typed(String type, String body) {
    return new FakeDelivery(
        "broker@" + type, FakeDelivery.wire(body, Map.of("type", type), Map.of(), null), 1);
  }

  /** Throws what it was given, one after the other, then decodes. */
  private static final class FailingCodec implements Codec {
    private final BlockingQueue<Throwable> failures;
    private final Codec json = JacksonCodec.upTo(10_000);

    FailingCodec(List<Throwable> failures) {
      this.failures = new LinkedBlockingQueue<>(failures);
    }

    @Override
    public String contentType() {
      return json.contentType();
    }

    @Override
    public boolean reads(String contentType) {
      return json.reads(contentType);
    }

    @Override
    public byte[] encode(Object payload) {
      return json.encode(payload);
    }

    @Override
    public <T> T decode(byte[] body, Class<T> type) {
      Throwable failure = failures.poll();
      if (failure instanceof Error error) {
        throw error;
      }
      if (failure instanceof RuntimeException exception) {
        throw exception;
      }
      return json.decode(body, type);
    }
  }

  private static final class TickingClock extends Clock {
    private volatile Instant now = Instant.parse("2026-01-01T12:00:00Z");

    void pass(Duration time) {
      now = now.plus(time);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
