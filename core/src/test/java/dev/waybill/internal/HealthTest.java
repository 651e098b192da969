package dev.waybill.internal;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.internal.Contracts.payment;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.ConsumerStatus;
import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement.Result;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HealthTest {
  private final FakeTransport transport = new FakeTransport();
  private final ManualTimer timer = new ManualTimer();
  private volatile Instant now = Instant.parse("2026-01-01T12:00:00.000Z");
  private MessageBus bus;

  private final class TurnedClock extends Clock {
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

  @BeforeEach
  void start() {
    bus =
        Contracts.bus(
            transport,
            b ->
                b.clock(new TurnedClock())
                    .timer(timer)
                    .consume(
                        "payments",
                        c ->
                            c.onFailure(noRetry())
                                .onCommand(
                                    ProcessPayment.class,
                                    (command, context) -> {
                                      throw new IllegalStateException("broken");
                                    })));
  }

  @AfterEach
  void close() {
    bus.close();
  }

  private void send() {
    var unused =
        bus.publish(Event.of(new OrderShipped("o-1"), Metadata.withId("m-1")))
            .handle((receipt, failure) -> failure)
            .join();
  }

  private void answering(ErrorCode code) {
    transport.answer =
        sent -> CompletableFuture.failedFuture(SendException.rejected(code, "not today", null));
  }

  private void answeringAt(String channel, ErrorCode code) {
    transport.answer =
        sent ->
            sent.channel().name().equals(channel)
                ? CompletableFuture.failedFuture(SendException.rejected(code, "not today", null))
                : CompletableFuture.completedFuture("x");
  }

  private void pass(Duration time) {
    now = now.plus(time);
    timer.advance(time);
  }

  @Test
  void a_bus_is_well_until_something_shows_otherwise() {
    assertThat(bus.health().isUp()).isTrue();
    assertThat(bus.health().problems()).isEmpty();
  }

  @Test
  void each_consumer_says_what_it_has_to_do() {
    transport.receivers.get("payments").status =
        new Receiver.Status(7L, now, List.of("payments-0", "payments-2"), 3, 2, 1);

    ConsumerStatus status = bus.health().consumers().get(0);

    assertThat(status)
        .isEqualTo(
            new ConsumerStatus(
                "payments", 0, null, 1, false, 7L, now, List.of("payments-0", "payments-2"), 3, 2));
    assertThat(bus.describe())
        .contains(
            "now\n  payments: 0 in flight, 1 lanes wait, 3 fetched, 2 settled ahead,"
                + " backlog 7 at 2026-01-01T12:00:00Z, owns payments-0, payments-2\n");
    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void a_consumer_that_has_as_much_open_as_it_may_says_so_and_what_is_unknown_is_not_made_up() {
    bus.close();
    bus =
        Contracts.bus(
            transport,
            b ->
                b.timer(timer)
                    .consume(
                        "payments",
                        c ->
                            c.concurrency(1)
                                .maxUnsettled(1)
                                .onFailure(retry(0).thenAfter(Duration.ofHours(1)))
                                .onCommand(
                                    ProcessPayment.class,
                                    (command, context) -> {
                                      throw new IllegalStateException("broken");
                                    })));

    transport.deliver("payments", payment("1"));

    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat(bus.health().consumers())
                    .containsExactly(
                        new ConsumerStatus(
                            "payments", 0, null, 1, true, null, null, List.of(), 0, 0)));
    assertThat(bus.describe()).contains("(as many as are allowed)", "backlog unknown");
  }

  @Test
  void a_handler_that_hangs_is_seen_by_how_long_it_has_been_at_its_message() {
    CountDownLatch hanging = new CountDownLatch(1);
    bus.close();
    bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onFailure(retry(0).thenAfter(Duration.ofHours(1)))
                            .onCommand(
                                ProcessPayment.class,
                                (command, context) -> {
                                  hanging.await();
                                  throw new IllegalStateException("broken");
                                })));
    assertThat(longestHandling()).isNull();

    transport.deliver("payments", payment("1"));
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                longestHandling() != null
                    && longestHandling().compareTo(Duration.ofMillis(20)) > 0);
    assertThat(bus.describe()).containsPattern("1 in flight \\(one for \\d+ ms\\)");

    hanging.countDown();
    await().atMost(Duration.ofSeconds(20)).until(() -> longestHandling() == null);
    assertThat(bus.health().consumers().get(0).waitingLanes()).isOne();
  }

  private @Nullable Duration longestHandling() {
    return bus.health().consumers().get(0).longestHandling();
  }

  @Test
  void a_closed_bus_is_not_well() {
    bus.close();

    assertThat(bus.health().problems()).containsExactly("The bus test-service is closed.");
  }

  @Test
  void a_receiver_that_is_disturbed_is_a_problem_until_it_works_again() {
    FakeTransport.FakeReceiver receiver = transport.receivers.get("payments");

    receiver.listener.failed(new MessagingException(ErrorCode.CONNECTION_FAILED, "reset"));
    pass(Duration.ofMinutes(1));
    receiver.listener.failed(new MessagingException(ErrorCode.CONNECTION_FAILED, "refused"));

    assertThat(bus.health().isUp()).isFalse();
    assertThat(bus.health().problems())
        .containsExactly(
            "Since 2026-01-01T12:00:00Z receiving from the queue payments is disturbed, CONNECTION_FAILED: refused");
    receiver.listener.recovered();
    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void that_messages_were_lost_is_a_problem_for_five_minutes_also_while_receiving_works() {
    FakeTransport.FakeReceiver receiver = transport.receivers.get("payments");

    receiver.listener.lost(new MessagingException(ErrorCode.TOPOLOGY_MISMATCH, "1 to 4 are gone"));
    receiver.listener.recovered();

    assertThat(bus.health().problems())
        .containsExactly(
            "Since 2026-01-01T12:00:00Z messages of the queue payments were lost: 1 to 4 are gone");
    pass(Duration.ofMinutes(6));
    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void a_receiver_of_replies_that_is_disturbed_is_a_problem_too() {
    bus.close();
    bus = Contracts.bus(transport, b -> b.clock(new TurnedClock()).requests("shop"));
    FakeTransport.FakeReceiver receiver =
        transport.receivers.get(transport.topology.replies().name());

    receiver.listener.failed(new MessagingException(ErrorCode.NOT_FOUND, "no topic"));

    assertThat(bus.health().problems())
        .containsExactly(
            "Since 2026-01-01T12:00:00Z receiving from the %s is disturbed, NOT_FOUND: no topic"
                .formatted(transport.topology.replies()));
    receiver.listener.recovered();
    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void sends_that_the_broker_does_not_confirm_are_a_problem_until_one_is_confirmed() {
    answering(ErrorCode.BROKER_UNAVAILABLE);
    send();
    pass(Duration.ofMinutes(1));
    answering(ErrorCode.CONNECTION_FAILED);
    send();

    assertThat(bus.health().problems())
        .containsExactly(
            "Since 2026-01-01T12:00:00Z sends to topic orders fail, the last one with CONNECTION_FAILED: not today");
    transport.answer = sent -> CompletableFuture.completedFuture("x");
    send();
    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void a_channel_whose_sends_fail_is_not_hidden_by_confirmed_sends_to_others() {
    answeringAt("orders", ErrorCode.NOT_AUTHORISED);
    send();
    pass(Duration.ofSeconds(10));

    bus.send(new ProcessPayment("o-1", 995)).join();

    assertThat(bus.health().problems())
        .containsExactly(
            "Since 2026-01-01T12:00:00Z sends to topic orders fail, the last one with NOT_AUTHORISED: not today");
    transport.answer = sent -> CompletableFuture.completedFuture("x");
    send();
    assertThat(bus.health().isUp()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"CONNECTION_FAILED", "NOT_AUTHENTICATED"})
  void a_confirmed_send_ends_what_was_wrong_with_the_connection_for_all_channels(ErrorCode code) {
    answeringAt("orders", code);
    send();
    assertThat(bus.health().isUp()).isFalse();

    bus.send(new ProcessPayment("o-1", 995)).join();

    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void what_was_wrong_with_a_channel_alone_is_not_forgotten_over_a_lost_connection() {
    answeringAt("orders", ErrorCode.NOT_AUTHORISED);
    send();
    answeringAt("orders", ErrorCode.CONNECTION_FAILED);
    send();

    bus.send(new ProcessPayment("o-1", 995)).join();

    assertThat(bus.health().isUp()).isFalse();
  }

  @Test
  void what_is_past_is_forgotten_with_the_next_confirmed_send() {
    SendTrouble trouble = new SendTrouble(new TurnedClock());
    trouble.failed(
        List.of(new Queue("q", false)), new MessagingException(ErrorCode.TIMEOUT, "no answer"));
    pass(Duration.ofSeconds(61));
    assertThat(trouble.isAny()).isTrue();

    trouble.confirmed(List.of(new Queue("other", false)));

    assertThat(trouble.isAny()).isFalse();
  }

  @Test
  void of_many_channels_whose_sends_fail_those_are_named_that_have_failed_longest() {
    SendTrouble trouble = new SendTrouble(new TurnedClock());
    for (int i = 5; i > 0; i--) {
      pass(Duration.ofSeconds(1));
      trouble.failed(
          List.of(new Queue("q" + i, false)),
          new MessagingException(ErrorCode.THROTTLED, "too many for q" + i));
    }

    assertThat(trouble.sentence())
        .contains(
            "Since 2026-01-01T12:00:01Z sends to queue q5, queue q4, queue q3 and 2 other channels fail, the last one with THROTTLED: too many for q1");
    trouble.confirmed(List.of(new Queue("q5", false), new Queue("q4", false)));
    pass(Duration.ofMinutes(1).minusSeconds(1));
    assertThat(trouble.sentence())
        .contains(
            "Since 2026-01-01T12:00:04Z sends to queue q2, queue q1 fail, the last one with THROTTLED: too many for q1");
  }

  @Test
  void a_send_without_an_answer_is_a_problem_until_the_broker_answers() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    transport.answer = sent -> answer;
    var unused = bus.publish(Event.of(new OrderShipped("o-1"), Metadata.withId("m-1")));

    pass(MessageBus.Builder.DEFAULT_SEND_TIMEOUT);

    await().until(() -> !bus.health().isUp());
    assertThat(bus.health().problems())
        .hasSize(1)
        .allMatch(problem -> problem.contains("TIMEOUT: m-1 to topic orders: fake has not"));
    answer.complete("late");
    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void a_send_that_its_caller_has_given_up_is_a_problem_too_when_the_broker_does_not_answer() {
    transport.answer = sent -> new CompletableFuture<>();
    var timedOut = bus.publish(new OrderShipped("o-1")).completeOnTimeout(null, 0, NANOSECONDS);
    await().atMost(Duration.ofSeconds(20)).until(timedOut::isDone);

    pass(MessageBus.Builder.DEFAULT_SEND_TIMEOUT);

    await().atMost(Duration.ofSeconds(20)).until(() -> !bus.health().isUp());
    assertThat(bus.health().problems())
        .allMatch(
            problem -> problem.contains("sends to topic orders fail, the last one with TIMEOUT"));
  }

  @Test
  void what_fails_after_its_deadline_is_no_news() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    transport.answer = sent -> answer;
    var late = bus.publish(new OrderShipped("o-1"));
    pass(MessageBus.Builder.DEFAULT_SEND_TIMEOUT);
    await().atMost(Duration.ofSeconds(20)).until(late::isDone);
    transport.answer = sent -> CompletableFuture.completedFuture("x");
    send();

    answer.completeExceptionally(
        SendException.unknown(ErrorCode.CONNECTION_FAILED, "it is long gone", null));

    assertThat(bus.health().isUp()).isTrue();
  }

  @Test
  void a_failed_send_says_nothing_any_more_when_none_was_made_for_a_minute() {
    answering(ErrorCode.BROKER_UNAVAILABLE);
    send();
    pass(Duration.ofSeconds(59));
    assertThat(bus.health().isUp()).isFalse();

    pass(Duration.ofSeconds(2));

    assertThat(bus.health().isUp()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      names = {"TOO_LARGE", "INVALID_MESSAGE", "UNSUPPORTED", "NOT_FOUND", "UNROUTABLE", "CLOSED"})
  void what_is_wrong_with_one_message_is_no_problem_of_the_bus(ErrorCode code) {
    answering(code);

    send();

    assertThat(bus.health().isUp()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "CONNECTION_FAILED",
        "NOT_AUTHENTICATED",
        "NOT_AUTHORISED",
        "THROTTLED",
        "TIMEOUT",
        "BROKER_UNAVAILABLE",
        "BROKER_ERROR"
      })
  void what_is_wrong_with_the_broker_is_a_problem(ErrorCode code) {
    answering(code);

    send();

    assertThat(bus.health().isUp()).isFalse();
  }

  @Test
  void dead_letters_that_can_not_be_put_down_are_a_problem_until_all_are() {
    FakeDelivery one = deadLetter("p-1", "k");
    FakeDelivery other = deadLetter("p-2", "l");
    await().until(() -> timer.waiting() == 2);

    assertThat(bus.health().problems())
        .containsExactly(
            "Since 2026-01-01T12:00:00Z dead letters of the queue payments can't be put into queue payments.dlq, and are kept: not now");
    one.answering(() -> CompletableFuture.completedFuture(Result.SETTLED));
    pass(Duration.ofMinutes(1));
    assertThat(bus.health().isUp()).isFalse();
    other.answering(() -> CompletableFuture.completedFuture(Result.SETTLED));
    pass(Duration.ofMinutes(1));
    assertThat(bus.health().isUp()).isTrue();
  }

  private FakeDelivery deadLetter(String id, String key) {
    FakeDelivery payment = payment(id);
    FakeDelivery delivery =
        new FakeDelivery(
                "payments@" + id,
                FakeDelivery.wire(
                    Contracts.PAYMENT, payment.message().attributes(), java.util.Map.of(), key),
                1)
            .answering(
                () ->
                    CompletableFuture.failedFuture(
                        new MessagingException(ErrorCode.BROKER_UNAVAILABLE, "not now")));
    return transport.deliver("payments", delivery);
  }
}
