package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.DeadLetter;
import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.error.ConfigurationException;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What becomes of a message. */
abstract class SettlementCases extends SubscriptionCases {

  @Test
  @Case("C1")
  void what_was_handled_is_not_seen_again_after_a_restart() {
    Recorder<Integer> first = new Recorder<>();
    try (MessageBus bus = here.refreshing(Numbers.refreshes(first))) {
      confirmed(Numbers.refresh(bus, IntStream.range(0, 5)));
      await(first, 5);
    }
    assertThat(left(here.plainQueue, 0)).isEmpty();
  }

  @Test
  @Case("C7")
  void a_dead_letter_is_evidence_and_its_original_is_gone() {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Instant before = now().minusSeconds(1);
    Command<Refresh> command =
        Command.of(new Refresh(1)).with(m -> m.withHeader("tenant", "t-1").withKey("a"));
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                            Refresh.class,
                            (m, x) -> {
                              throw new IllegalStateException("no number " + m.payload().number());
                            })
                        .onFailure(retry(1).thenAfter(Duration.ofMillis(300)).thenDeadLetter()))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      bus.send(command).join();
      DeadLetter letter = await(deadLetters, 1).get(0);
      assertThat(letter.messageId()).isEqualTo(command.metadata().id());
      assertThat(letter.typeName()).isEqualTo("refresh.v1");
      assertThat(new String(letter.message().body(), StandardCharsets.UTF_8))
          .isEqualTo("{\"number\":1}");
      assertThat(letter.message().headers()).containsEntry("wb-tenant", "t-1");
      assertThat(letter.message().attributes()).containsEntry("partitionkey", "a");
      assertThat(letter.reason()).isEqualTo("attempt 3 failed");
      assertThat(letter.exceptionClass()).isEqualTo("java.lang.IllegalStateException");
      assertThat(letter.exceptionMessage()).isEqualTo("no number 1");
      assertThat(letter.channel()).isEqualTo(here.plainQueue);
      assertThat(letter.subscription()).isNull();
      assertThat(letter.attempts()).isEqualTo(3);
      assertThat(letter.firstFailure()).isBetween(before, now());
      assertThat(letter.lastFailure()).isBetween(letter.firstFailure(), now());
    }
    assertThat(deadLetters.all()).hasSize(1);
    assertThat(left(here.plainQueue, 0)).isEmpty();
  }

  @Test
  @Case("C7")
  void each_subscription_has_dead_letters_of_its_own() {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Recorder<Integer> fine = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .subscribe(
                here.plainTopic,
                "broken",
                c ->
                    c.onEvent(Refreshed.class, (e, x) -> x.deadLetter("not today"))
                        .onFailure(noRetry()))
            .subscribe(
                here.plainTopic,
                "fine",
                c -> c.onEvent(Refreshed.class, (e, x) -> fine.add(e.payload().number())))
            .consumeDeadLetters(here.plainTopic + ".broken", deadLetters::add)
            .start()) {
      bus.publish(new Refreshed(4)).join();
      DeadLetter letter = await(deadLetters, 1).get(0);
      assertThat(letter.reason()).isEqualTo("not today");
      assertThat(letter.channel()).isEqualTo(here.plainTopic);
      assertThat(letter.subscription()).isEqualTo("broken");
      assertThat(await(fine, 1)).containsExactly(4);
    }
  }

  @Test
  @Case(value = "C1", needs = Feature.AT_MOST_ONCE, keyed = true)
  void at_most_once_is_not_retried_or_is_refused() {
    Recorder<Integer> seen = new Recorder<>();
    MessageBus.Builder atMostOnce =
        here.bus()
            .consume(
                here.keyedQueue,
                c ->
                    c.guarantee(DeliveryGuarantee.AT_MOST_ONCE)
                        .onCommand(
                            Charge.class,
                            (m, x) -> {
                              seen.add(m.payload().number());
                              if (m.payload().number() == 1) {
                                throw new IllegalStateException("lost, as asked for");
                              }
                            }));
    Capabilities.Support support =
        harness().transport().capabilities(true).support(Feature.AT_MOST_ONCE);
    if (support.level() == Level.REFUSED) {
      assertThatThrownBy(atMostOnce::start)
          .isInstanceOf(ConfigurationException.class)
          .hasMessage(
              "guarantee(AT_MOST_ONCE) on queue %s needs AT_MOST_ONCE, which %s refuses: %s"
                  .formatted(here.keyedQueue, harness().transport().name(), support.note()));
      return;
    }
    try (MessageBus bus = atMostOnce.start()) {
      bus.send(new Charge("a", 1)).join();
      await(seen, 1);
    }
    try (MessageBus bus =
        here.charging(c -> c.onCommand(Charge.class, (m, x) -> seen.add(m.payload().number())))) {
      bus.send(new Charge("a", 2)).join();
      assertThat(await(seen, 2)).containsExactly(1, 2);
    }
  }

  /** What a new consumer of a queue gets, at least so many, without the markers that end it. */
  final List<Integer> left(String queue, int expected) {
    Recorder<Integer> seen = new Recorder<>();
    boolean keyed = queue.equals(here.keyedQueue);
    try (MessageBus bus =
        keyed ? here.charging(Numbers.charges(seen)) : here.refreshing(Numbers.refreshes(seen))) {
      confirmed(
          keyed ? Numbers.charge(bus, Numbers.markers()) : Numbers.refresh(bus, Numbers.markers()));
      await(
          seen,
          all -> all.containsAll(Numbers.MARKERS) && Numbers.withoutMarkers(all).size() >= expected,
          "the markers and %d more".formatted(expected));
    }
    return Numbers.withoutMarkers(seen.all());
  }
}
