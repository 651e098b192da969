package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.DeadLetter;
import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Delay and expiry. */
abstract class TimingCases extends RestartCases {
  private static final Duration DELAY = Duration.ofSeconds(2);

  /** What is delayed by so much comes long after what is delayed by {@link #DELAY}. */
  private static final Duration LONG_DELAY = Duration.ofMinutes(10);

  /** A message, and when it was handled. */
  private record Seen(int number, Instant time) {}

  @Test
  @Case(value = "E1", needs = Feature.DELAY)
  void a_delayed_message_comes_at_its_time_or_is_refused() {
    Recorder<Seen> seen = new Recorder<>();
    try (MessageBus bus = here.refreshing(refreshesSeen(seen))) {
      Instant before = now();
      var send = bus.send(delayed(2, LONG_DELAY));
      if (refused(support(Feature.DELAY))) {
        isRefused(send, "Refresh", "queue " + here.plainQueue, LONG_DELAY, support(Feature.DELAY));
        return;
      }
      send.join();
      bus.send(delayed(1, DELAY)).join();
      comesInTime(seen, before);
    }
  }

  @Test
  @Case(value = "E1", needs = Feature.DELAY, keyed = true)
  void a_delayed_message_with_a_key_comes_at_its_time_or_is_refused() {
    Recorder<Seen> seen = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.onCommand(
                    Charge.class, (m, x) -> seen.add(new Seen(m.payload().number(), now()))))) {
      Instant before = now();
      var send = bus.send(Command.of(new Charge("b", 2)).with(m -> m.withDelay(LONG_DELAY)));
      if (refused(keyedSupport(Feature.DELAY))) {
        isRefused(
            send, "Charge", "queue " + here.keyedQueue, LONG_DELAY, keyedSupport(Feature.DELAY));
        return;
      }
      send.join();
      bus.send(Command.of(new Charge("a", 1)).with(m -> m.withDelay(DELAY))).join();
      comesInTime(seen, before);
    }
  }

  @Test
  @Case(value = "E1", needs = Feature.DELAY)
  void a_delayed_event_comes_at_its_time_or_is_refused() {
    Recorder<Seen> seen = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .subscribe(
                here.plainTopic,
                "one",
                c ->
                    c.onEvent(
                        Refreshed.class, (e, x) -> seen.add(new Seen(e.payload().number(), now()))))
            .start()) {
      Instant before = now();
      var send = bus.publish(Event.of(new Refreshed(2)).with(m -> m.withDelay(LONG_DELAY)));
      SendException refusal = refusal(send);
      if (refusal != null) { // also where only queues delay
        assertThat(refusal.code()).isEqualTo(ErrorCode.UNSUPPORTED);
        assertThat(refusal.certainty()).isEqualTo(SendException.Certainty.REJECTED);
        assertThat(refusal).hasMessageContaining("delay");
        return;
      }
      assertThat(refused(support(Feature.DELAY))).isFalse();
      bus.publish(Event.of(new Refreshed(1)).with(m -> m.withDelay(DELAY))).join();
      comesInTime(seen, before);
    }
  }

  @Test
  @Case(value = "E2", needs = Feature.DELAY)
  void a_delay_beyond_the_limit_is_refused_and_without_a_limit_works() {
    Recorder<Integer> seen = new Recorder<>();
    Support support = support(Feature.DELAY);
    Duration limit = support.limit();
    Duration delay = limit == null ? Duration.ofDays(400) : limit.plusSeconds(1);
    try (MessageBus bus = here.refreshing(Numbers.refreshes(seen))) {
      var send = bus.send(delayed(1, delay));
      if (!support.serves(delay)) {
        isRefused(send, "Refresh", "queue " + here.plainQueue, delay, support);
        bus.send(new Refresh(2)).join();
        assertThat(await(seen, 1)).containsExactly(2);
        return;
      }
      send.join();
      bus.send(new Refresh(2)).join();
      assertThat(await(seen, 1)).containsExactly(2);
      if (harness().clock() != null) {
        pass(delay);
        assertThat(await(seen, 2)).containsExactly(2, 1);
      }
    }
  }

  @Test
  @Case(value = "E3", needs = Feature.DELAY)
  void a_delay_outlives_the_bus_that_sent_it() {
    Recorder<Seen> seen = new Recorder<>();
    Instant before = now();
    try (MessageBus sender = here.bus().start()) {
      var send = sender.send(delayed(2, LONG_DELAY));
      if (refused(support(Feature.DELAY))) {
        isRefused(send, "Refresh", "queue " + here.plainQueue, LONG_DELAY, support(Feature.DELAY));
        return;
      }
      send.join();
      sender.send(delayed(1, DELAY)).join();
    }
    try (MessageBus consumer = here.refreshing(refreshesSeen(seen))) {
      assertThat(consumer.describe()).contains(here.plainQueue);
      comesInTime(seen, before);
    }
  }

  @Test
  @Case("E4")
  void a_delay_of_nothing_or_less_is_none() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus = here.refreshing(Numbers.refreshes(seen))) {
      bus.send(delayed(1, Duration.ZERO)).join();
      bus.send(delayed(2, Duration.ofDays(-1))).join();
      assertThat(await(seen, 2)).containsExactlyInAnyOrder(1, 2);
    }
  }

  @Test
  @Case(value = "E5", needs = Feature.EXPIRY)
  void an_expired_message_is_not_handled_and_one_that_is_not_is() {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(here.plainQueue, Numbers.refreshes(seen))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      bus.send(expiring(1, now().minusSeconds(1))).join();
      bus.send(expiring(2, now().plusSeconds(600))).join();
      DeadLetter letter = await(deadLetters, 1).get(0);
      assertThat(letter.reason()).startsWith("expired at ");
      assertThat(letter.attempts()).isZero();
      await(seen, 1);
    }
    assertThat(seen.all()).containsExactly(2);
    assertThat(deadLetters.all()).hasSize(1);
  }

  @Test
  @Case(value = "E5", needs = Feature.EXPIRY)
  void an_expired_message_is_dropped_where_the_consumer_says_so() {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus = here.bus().start()) {
      bus.send(expiring(1, now().minusSeconds(1))).join();
    }
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c -> {
                  Numbers.refreshes(seen).accept(c);
                  c.discardExpired();
                })
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      confirmed(Numbers.refresh(bus, Numbers.markers()));
      await(seen, Numbers.MARKERS.size());
    }
    assertThat(left(here.plainQueue, 0)).isEmpty();
    assertThat(Numbers.withoutMarkers(seen.all())).isEmpty();
    assertThat(deadLetters.all()).isEmpty();
  }

  @Test
  @Case(value = "E6", needs = Feature.CANCEL)
  void a_delayed_message_is_taken_back_or_that_is_refused() {
    Recorder<Integer> seen = new Recorder<>();
    Support cancel = support(Feature.CANCEL);
    try (MessageBus bus = here.refreshing(Numbers.refreshes(seen))) {
      if (cancel.level() == Level.REFUSED) {
        SendReceipt receipt = bus.send(new Refresh(1)).join();
        assertThatThrownBy(() -> bus.cancel(receipt).join())
            .isInstanceOf(CompletionException.class)
            .cause()
            .hasMessage(
                "%s can't be taken back from queue %s: %s refuses to cancel (%s)."
                    .formatted(
                        receipt.messageId(),
                        here.plainQueue,
                        harness().transport().name(),
                        cancel.note()))
            .isInstanceOfSatisfying(
                MessagingException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED));
        assertThat(await(seen, 1)).as("the message is not touched").containsExactly(1);
        return;
      }
      SendReceipt delivered = bus.send(delayed(1, Duration.ofMillis(100))).join();
      SendReceipt cancelled = bus.send(delayed(2, DELAY)).join();
      assertThat(bus.cancel(cancelled).join()).isTrue();
      assertThat(bus.cancel(cancelled).join()).as("not there any more").isFalse();
      await(seen, 1);
      assertThat(bus.cancel(delivered).join()).as("delivered already").isFalse();
      bus.send(delayed(3, DELAY)).join();
      await(seen, 2);
    }
    assertThat(seen.all()).containsExactly(1, 3);
  }

  private Consumer<ConsumerSpec> refreshesSeen(Recorder<Seen> seen) {
    return c ->
        c.onCommand(Refresh.class, (m, x) -> seen.add(new Seen(m.payload().number(), now())));
  }

  /**
   * Message 1 comes when {@link #DELAY} is over: in virtual time at that very moment, in real time
   * not before it and within the patience; and message 2, which was sent before, is not there yet.
   */
  private void comesInTime(Recorder<Seen> seen, Instant before) {
    Instant due = before.plus(DELAY);
    if (harness().clock() != null) {
      pass(DELAY.minusMillis(1));
      assertThat(seen.all()).as("what comes before %s", due).isEmpty();
      pass(Duration.ofMillis(1));
      untilNow("the message that is due", () -> !seen.all().isEmpty());
      assertThat(seen.all()).containsExactly(new Seen(1, due));
      return;
    }
    assertThat(await(seen, 1)).extracting(Seen::number).containsExactly(1);
    assertThat(seen.all().get(0).time()).isAfterOrEqualTo(due);
  }

  private static Command<Refresh> delayed(int number, Duration delay) {
    return Command.of(new Refresh(number)).with(m -> m.withDelay(delay));
  }

  private static Command<Refresh> expiring(int number, Instant at) {
    return Command.of(new Refresh(number)).with(m -> m.withExpiresAt(at));
  }

  private void isRefused(
      CompletableFuture<SendReceipt> send,
      String type,
      String channel,
      Duration delay,
      Support support) {
    String why =
        support.limit() == null
            ? "refuses delays (" + support.note() + ")"
            : "delays at most " + support.limit() + " (" + support.note() + ")";
    assertThat(refusal(send))
        .isNotNull()
        .hasMessage(
            "%s can't be delayed by %s on %s: %s %s."
                .formatted(type, delay, channel, harness().transport().name(), why))
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .satisfies(e -> assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED));
  }

  /** Why a send was refused; null if it was confirmed. */
  private static @Nullable SendException refusal(CompletableFuture<SendReceipt> send) {
    try {
      send.join();
      return null;
    } catch (CompletionException e) {
      assertThat(e.getCause()).isInstanceOf(SendException.class);
      return (SendException) e.getCause();
    }
  }
}
