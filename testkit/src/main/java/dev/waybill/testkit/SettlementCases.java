package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.DeadLetter;
import dev.waybill.MessageBus;
import dev.waybill.Outcome;
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
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What becomes of a message. */
abstract class SettlementCases extends SubscriptionCases {

  @Test
  void attempts_count_one_two_three_and_the_dead_letter_is_evidence() {
    Recorder<Integer> attempts = new Recorder<>();
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Instant before = Instant.now().minusSeconds(1);
    try (MessageBus bus =
        here.bus()
            .consume(
                here.keyedQueue,
                c ->
                    c.onCommand(
                            Charge.class,
                            (m, x) -> {
                              attempts.add(x.attempt());
                              throw new IllegalStateException(
                                  "no account " + m.payload().account());
                            })
                        .onFailure(retry(1).thenAfter(Duration.ofMillis(300)).thenDeadLetter()))
            .consumeDeadLetters(here.keyedQueue, deadLetters::add)
            .start()) {
      Command<Charge> command =
          Command.of(new Charge("a", 1)).with(m -> m.withHeader("tenant", "t-1"));
      bus.send(command).join();
      DeadLetter letter = await(deadLetters, 1).get(0);
      assertThat(attempts.all()).containsExactly(1, 2, 3);
      assertThat(letter.messageId()).isEqualTo(command.metadata().id());
      assertThat(letter.typeName()).isEqualTo("charge.v1");
      assertThat(new String(letter.message().body(), StandardCharsets.UTF_8))
          .isEqualTo("{\"account\":\"a\",\"number\":1}");
      assertThat(letter.message().headers()).containsEntry("wb-tenant", "t-1");
      assertThat(letter.message().attributes()).containsEntry("partitionkey", "a");
      assertThat(letter.reason()).isEqualTo("attempt 3 failed");
      assertThat(letter.exceptionClass()).isEqualTo("java.lang.IllegalStateException");
      assertThat(letter.exceptionMessage()).isEqualTo("no account a");
      assertThat(letter.channel()).isEqualTo(here.keyedQueue);
      assertThat(letter.subscription()).isNull();
      assertThat(letter.attempts()).isEqualTo(3);
      assertThat(letter.firstFailure()).isBetween(before, Instant.now());
      assertThat(letter.lastFailure()).isAfterOrEqualTo(letter.firstFailure());
    }
  }

  @Test
  void each_subscription_has_dead_letters_of_its_own() {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Recorder<Integer> fine = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .subscribe(
                here.plainTopic,
                "broken",
                c ->
                    c.onEventDeciding(Refreshed.class, (e, x) -> Outcome.deadLetter("not today"))
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
  void a_retry_comes_not_before_its_time() {
    Recorder<Long> times = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommandDeciding(
                    Refresh.class,
                    (m, x) -> {
                      times.add(System.nanoTime());
                      return x.attempt() < 3
                          ? Outcome.retryAfter(Duration.ofMillis(500))
                          : Outcome.acknowledged();
                    }))) {
      bus.send(new Refresh(1)).join();
      List<Long> all = await(times, 3);
      assertThat(all).hasSize(3);
      assertThat(all.get(1) - all.get(0))
          .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(495));
      assertThat(all.get(2) - all.get(1))
          .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(495));
    }
  }

  @Test
  void what_cannot_be_read_or_known_is_a_dead_letter_and_the_next_message_is_handled() {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      byte[] noText = {0, (byte) 0xff, (byte) 0xfe, '{', 10, 13};
      here.sendForeign(here.queue(here.plainQueue), wire(noText, Map.of()));
      here.sendForeign(here.queue(here.plainQueue), wire(new byte[0], Map.of()));
      here.sendForeign(
          here.queue(here.plainQueue),
          wire(
              json("{}"),
              Map.of(
                  "id", "u-1", "source", "s", "specversion", "1.0", "type", "java.lang.Runtime")));
      bus.send(new Refresh(2)).join();
      assertThat(await(seen, 1)).containsExactly(2);
      List<DeadLetter> letters = await(deadLetters, 3);
      assertThat(letters).extracting(DeadLetter::attempts).containsOnly(0);
      assertThat(letters)
          .extracting(DeadLetter::reason)
          .contains(
              "no route on the queue %s has the type name 'java.lang.Runtime'"
                  .formatted(here.plainQueue));
      assertThat(letters)
          .anySatisfy(letter -> assertThat(letter.message().body()).isEqualTo(noText));
      assertThat(letters).anySatisfy(letter -> assertThat(letter.message().body()).isEmpty());
    }
  }

  @Test
  void an_expired_message_is_not_handled_and_one_that_is_not_is() {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      bus.send(Command.of(new Refresh(1)).with(m -> m.withExpiresAt(Instant.now().minusSeconds(1))))
          .join();
      bus.send(Command.of(new Refresh(2)).with(m -> m.withExpiresAt(Instant.now().plusSeconds(60))))
          .join();
      assertThat(await(deadLetters, 1).get(0).reason()).startsWith("expired at ");
      assertThat(await(seen, 1)).containsExactly(2);
    }
  }

  @Test
  void what_was_settled_is_not_seen_again_and_what_was_not_is() {
    Recorder<Integer> first = new Recorder<>();
    CountDownLatch never = new CountDownLatch(1);
    MessageBus bus =
        here.bus()
            .drainTimeout(Duration.ZERO)
            .consume(
                here.keyedQueue,
                c ->
                    c.onCommand(
                        Charge.class,
                        (m, x) -> {
                          first.add(m.payload().number());
                          if (m.payload().number() == 3) {
                            never.await();
                          }
                        }))
            .start();
    try (bus) {
      confirmed(
          IntStream.range(0, 8).mapToObj(i -> bus.send(new Charge("account-" + i, i))).toList());
      await(first, 8);
    }
    Recorder<Integer> second = new Recorder<>();
    Recorder<Integer> attempts = new Recorder<>();
    try (MessageBus next =
        here.charging(
            c ->
                c.onCommand(
                    Charge.class,
                    (m, x) -> {
                      second.add(m.payload().number());
                      attempts.add(x.attempt());
                    }))) {
      next.send(new Charge("last", 99)).join();
      List<Integer> again = await(second, all -> all.contains(3) && all.contains(99), "3 and 99");
      assertThat(again).as("7 were settled, 1 was given back").containsExactlyInAnyOrder(3, 99);
    }
  }

  @Test
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
}
