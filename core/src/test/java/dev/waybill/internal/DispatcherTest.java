package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Accept;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Release;
import dev.waybill.transport.Settlement.Result;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DispatcherTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Support EMULATED = new Support(Level.EMULATED, null, "");
  private static final Support NATIVE = new Support(Level.NATIVE, null, "");
  private static final Support UP_TO_A_MINUTE = new Support(Level.EMULATED, MINUTE, "");
  private static final Duration SECONDS_40 = Duration.ofSeconds(40);
  private static final Duration SECONDS_20 = Duration.ofSeconds(20);

  private final ScriptedPipeline pipeline = new ScriptedPipeline();
  private final ManualWorkers workers = new ManualWorkers();
  private final ManualTimer timer = new ManualTimer();
  private Dispatcher dispatcher = keyed(8);

  private Dispatcher keyed(int concurrency) {
    return dispatcher(new Queue("q", true), concurrency, EMULATED);
  }

  private Dispatcher dispatcher(Queue source, int concurrency, Support retryAfter) {
    return dispatcher(source, concurrency, retryAfter, null);
  }

  private Dispatcher dispatcher(
      Queue source, int concurrency, Support retryAfter, @Nullable Duration longestOpen) {
    return new Dispatcher(
        source,
        concurrency,
        pipeline,
        new Settler(source, timer, Clock.systemUTC(), SendReports.to(List.of())),
        workers,
        timer,
        new Waits(retryAfter, longestOpen, timer::nanoTime));
  }

  private FakeDelivery deliver(String name, String key) {
    return deliver(FakeDelivery.of(name, key));
  }

  private FakeDelivery deliver(FakeDelivery delivery) {
    dispatcher.delivered(delivery);
    workers.work();
    return delivery;
  }

  private ScriptedPipeline.Call call(String name) {
    return pipeline.call(name);
  }

  private void succeed(String name) {
    call(name).succeed();
    workers.work();
  }

  private void retry(String name, Duration after) {
    call(name).retry(after);
    workers.work();
  }

  private void pass(Duration time) {
    timer.advance(time);
    workers.work();
  }

  // concurrency and lanes

  @Test
  void a_handled_message_is_accepted_once() {
    FakeDelivery a = deliver("a", "k");

    assertThat(a.settlements).isEmpty();
    assertThat(dispatcher.isIdle()).isFalse();
    succeed("a");

    assertThat(a.settlements).containsExactly(Settlement.accept());
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void no_more_run_at_a_time_than_the_concurrency() {
    dispatcher = keyed(2);
    for (String name : List.of("a", "b", "c", "d")) {
      deliver(name, name);
    }

    assertThat(pipeline.running()).containsExactly("a", "b");
    succeed("b");
    assertThat(pipeline.running()).containsExactly("a", "c");
    succeed("a");
    succeed("c");
    assertThat(pipeline.running()).containsExactly("d");
  }

  @Test
  void messages_of_one_key_run_one_at_a_time_and_in_order() {
    deliver("a", "k");
    deliver("b", "k");
    deliver("c", "k");

    assertThat(pipeline.running()).containsExactly("a");
    succeed("a");
    assertThat(pipeline.running()).containsExactly("b");
    succeed("b");
    assertThat(pipeline.running()).containsExactly("c");
  }

  @Test
  void the_next_of_a_key_begins_only_when_the_one_before_is_settled() {
    CompletableFuture<Result> settled = new CompletableFuture<>();
    deliver(FakeDelivery.of("a", "k").answering(() -> settled));
    deliver("b", "k");

    succeed("a");
    assertThat(pipeline.begun()).containsExactly("a");

    settled.complete(Result.SETTLED);
    workers.work();
    assertThat(pipeline.begun()).containsExactly("a", "b");
  }

  @Test
  void settling_takes_no_place_from_the_handlers() {
    dispatcher = keyed(1);
    deliver(FakeDelivery.of("a", "k").answering(() -> new CompletableFuture<>()));
    deliver("b", "l");

    succeed("a");

    assertThat(pipeline.running()).containsExactly("b");
  }

  @Test
  void a_concurrency_that_is_raised_begins_what_waits_and_one_that_is_lowered_ends_nothing() {
    dispatcher = keyed(1);
    for (String name : List.of("a", "b", "c", "d")) {
      deliver(name, name);
    }

    dispatcher.concurrency(3);
    workers.work();
    assertThat(pipeline.running()).containsExactly("a", "b", "c");

    dispatcher.concurrency(1);
    succeed("a");
    succeed("b");
    assertThat(pipeline.running()).containsExactly("c");
    succeed("c");
    assertThat(pipeline.running()).containsExactly("d");
  }

  @Test
  void a_worker_goes_on_with_the_next_message_instead_of_one_being_called_for_each() {
    dispatcher = over(work -> CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED));
    List<FakeDelivery> deliveries = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      deliveries.add(FakeDelivery.of("m" + i, "k" + i % 7));
    }

    dispatcher.delivered(deliveries);
    workers.work();

    assertThat(deliveries)
        .allSatisfy(one -> assertThat(one.settlements).containsExactly(Settlement.accept()));
    assertThat(workers.called()).isLessThanOrEqualTo(8);
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void messages_that_arrive_together_run_in_parallel_and_in_order_per_key() {
    dispatcher.delivered(
        List.of(FakeDelivery.of("a", "k"), FakeDelivery.of("b", "l"), FakeDelivery.of("c", "k")));
    workers.work();

    assertThat(pipeline.running()).containsExactly("a", "b");
    succeed("a");
    assertThat(pipeline.running()).containsExactly("b", "c");
  }

  @Test
  void a_handler_that_leaves_its_thread_interrupted_interrupts_no_other() {
    List<Boolean> interrupted = new ArrayList<>();
    dispatcher =
        over(
            work -> {
              interrupted.add(Thread.currentThread().isInterrupted());
              Thread.currentThread().interrupt();
              return CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED);
            });

    dispatcher.delivered(List.of(FakeDelivery.of("a", "k"), FakeDelivery.of("b", "k")));
    workers.work();

    assertThat(interrupted).containsExactly(false, false);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  private Dispatcher over(Pipeline other) {
    Queue source = new Queue("q", true);
    return new Dispatcher(
        source,
        8,
        other,
        new Settler(source, timer, Clock.systemUTC(), SendReports.to(List.of())),
        workers,
        timer,
        EMULATED,
        null);
  }

  @Test
  void different_keys_run_in_parallel() {
    deliver("a", "k");
    deliver("b", "l");

    assertThat(pipeline.running()).containsExactly("a", "b");
  }

  @Test
  void messages_without_a_key_have_no_order() {
    deliver("a", null);
    deliver("b", null);

    assertThat(pipeline.running()).containsExactly("a", "b");
  }

  @Test
  void a_source_that_keeps_no_order_ignores_keys() {
    dispatcher = dispatcher(new Queue("q", false), 8, EMULATED);
    deliver("a", "k");
    deliver("b", "k");

    assertThat(pipeline.running()).containsExactly("a", "b");
  }

  @Test
  void an_empty_key_is_a_key() {
    deliver("a", "");
    deliver("b", "");

    assertThat(pipeline.running()).containsExactly("a");
  }

  @Test
  void keys_take_turns_so_that_a_busy_one_starves_no_other() {
    dispatcher = keyed(1);
    deliver("a1", "a");
    deliver("a2", "a");
    deliver("a3", "a");
    deliver("b1", "b");

    succeed("a1");
    assertThat(pipeline.running()).containsExactly("b1");
  }

  @Test
  void a_key_that_comes_again_after_a_pause_is_a_lane_anew() {
    deliver("a", "k");
    succeed("a");
    deliver("b", "k");
    deliver("c", "k");

    assertThat(pipeline.running()).containsExactly("b");
  }

  // retries

  @Test
  void a_retry_at_once_keeps_the_lane_and_counts_the_attempt() {
    dispatcher = keyed(1);
    deliver("a", "k");
    deliver("b", "k");
    deliver("c", "l");

    retry("a", Duration.ZERO);
    retry("a", Duration.ZERO);
    succeed("a");
    succeed("c");
    succeed("b");

    assertThat(pipeline.begun()).containsExactly("a", "a#2", "a#3", "c", "b");
  }

  @Test
  void attempts_go_on_from_where_the_broker_counted() {
    deliver(new FakeDelivery("a", FakeDelivery.of("a", "k").message(), 4));
    retry("a", Duration.ZERO);

    assertThat(pipeline.begun()).containsExactly("a#4", "a#5");
  }

  @Test
  void a_broker_that_counts_from_zero_does_not_confuse() {
    deliver(new FakeDelivery("a", FakeDelivery.of("a", "k").message(), 0));

    assertThat(pipeline.begun()).containsExactly("a");
  }

  @Test
  void a_wait_holds_its_key_and_no_other_and_frees_its_place() {
    dispatcher = keyed(1);
    FakeDelivery a = deliver("a", "k");
    deliver("b", "k");
    deliver("c", "l");

    retry("a", MINUTE);

    assertThat(pipeline.running()).containsExactly("c");
    succeed("c");
    assertThat(pipeline.running()).isEmpty();
    assertThat(a.settlements).isEmpty();
    pass(MINUTE);
    assertThat(pipeline.running()).containsExactly("a#2");
    succeed("a");
    assertThat(pipeline.running()).containsExactly("b");
  }

  @Test
  void a_wait_is_never_shorter_than_promised() {
    deliver("a", "k");
    retry("a", MINUTE);

    pass(MINUTE.minusNanos(1));
    assertThat(pipeline.running()).isEmpty();
    pass(Duration.ofNanos(1));
    assertThat(pipeline.running()).containsExactly("a#2");
  }

  @Test
  void what_has_waited_goes_before_what_has_not_begun() {
    dispatcher = keyed(1);
    deliver("a", "k");
    deliver("b", "l");
    deliver("c", "m");

    retry("a", MINUTE);
    pass(MINUTE);
    succeed("b");

    assertThat(pipeline.running()).containsExactly("a#2");
  }

  @Test
  void a_native_wait_gives_the_message_back_with_its_attempts() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    FakeDelivery a = deliver("a", "k");
    retry("a", Duration.ZERO);
    retry("a", MINUTE);

    assertThat(a.settlements).containsExactly(new Release(MINUTE, 2));
    assertThat(dispatcher.isIdle()).isTrue();
    assertThat(timer.waiting()).isZero();
  }

  @Test
  void a_retry_at_once_is_never_given_back() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    FakeDelivery a = deliver("a", "k");

    retry("a", Duration.ZERO);

    assertThat(a.settlements).isEmpty();
    assertThat(pipeline.running()).containsExactly("a#2");
  }

  @Test
  void a_wait_beyond_the_native_limit_is_kept_here() {
    dispatcher = dispatcher(new Queue("q", true), 8, new Support(Level.NATIVE, MINUTE, ""));
    FakeDelivery a = deliver("a", "k");

    retry("a", MINUTE.plusNanos(1));

    assertThat(a.settlements).isEmpty();
    pass(MINUTE.plusNanos(1));
    assertThat(pipeline.running()).containsExactly("a#2");
  }

  @Test
  void a_wait_longer_than_a_delivery_may_be_open_gives_the_message_back_with_its_attempts() {
    dispatcher = dispatcher(new Queue("q", false), 8, EMULATED, MINUTE);
    FakeDelivery a = deliver("a", null);

    retry("a", MINUTE);
    assertThat(a.settlements).isEmpty();
    pass(MINUTE);
    retry("a", MINUTE.plusNanos(1));

    assertThat(a.settlements).containsExactly(new Release(MINUTE.plusNanos(1), 2));
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void waits_of_one_delivery_that_add_up_to_more_than_it_may_be_open_go_to_the_broker_too() {
    dispatcher = dispatcher(new Queue("q", false), 8, EMULATED, MINUTE);
    FakeDelivery a = deliver("a", null);

    retry("a", SECONDS_40);
    pass(SECONDS_40);
    assertThat(a.settlements).isEmpty();
    retry("a", SECONDS_40);

    assertThat(a.settlements).containsExactly(new Release(SECONDS_40, 2));
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void a_wait_that_no_one_else_keeps_goes_on_in_another_delivery_and_keeps_order_and_attempts() {
    dispatcher = dispatcher(new Queue("q", true), 8, UP_TO_A_MINUTE, MINUTE);
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    retry("a", SECONDS_40);
    pass(SECONDS_40);
    retry("a", SECONDS_40);

    pass(SECONDS_20.minusNanos(1));
    assertThat(a.settlements).isEmpty();
    pass(Duration.ofNanos(1));

    assertThat(a.settlements).containsExactly(new Release(Duration.ZERO, 2));
    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(dispatcher.isIdle()).isTrue();
    deliver(new FakeDelivery("a", a.message(), 2));
    deliver(new FakeDelivery("b", b.message(), 2));
    assertThat(dispatcher.waitingLanes()).isEqualTo(1);
    pass(SECONDS_20.minusNanos(1));
    assertThat(pipeline.running()).isEmpty();
    pass(Duration.ofNanos(1));
    assertThat(pipeline.running()).containsExactly("a#3");
    succeed("a");
    succeed("b");
    assertThat(pipeline.begun()).containsExactly("a", "a#2", "a#3", "b");
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void a_wait_that_no_one_else_keeps_takes_as_many_deliveries_as_it_must() {
    dispatcher = dispatcher(new Queue("q", true), 8, UP_TO_A_MINUTE, MINUTE);
    FakeDelivery first = deliver("a", "k");
    retry("a", MINUTE.multipliedBy(2).plusSeconds(20));

    pass(MINUTE);
    FakeDelivery second = deliver(new FakeDelivery("a", first.message(), 2));
    pass(MINUTE);
    deliver(new FakeDelivery("a", first.message(), 3));

    assertThat(first.settlements).containsExactly(new Release(Duration.ZERO, 1));
    assertThat(second.settlements).containsExactly(new Release(Duration.ZERO, 1));
    assertThat(pipeline.running()).isEmpty();
    pass(SECONDS_20);
    assertThat(pipeline.running()).containsExactly("a#2");
  }

  @Test
  void the_time_behind_one_of_the_same_key_counts_as_open() {
    dispatcher = dispatcher(new Queue("q", true), 8, UP_TO_A_MINUTE, MINUTE);
    deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    retry("a", SECONDS_40);
    pass(SECONDS_40);
    succeed("a");
    retry("b", SECONDS_40);

    pass(SECONDS_20);

    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 1));
  }

  @Test
  void what_waits_on_after_it_has_come_again_goes_back_once_at_the_stop() {
    dispatcher = dispatcher(new Queue("q", true), 8, UP_TO_A_MINUTE, MINUTE);
    FakeDelivery first = deliver("a", "k");
    retry("a", MINUTE.multipliedBy(3));
    pass(MINUTE);
    FakeDelivery again = deliver(new FakeDelivery("a", first.message(), 2));

    dispatcher.stop();
    pass(MINUTE.multipliedBy(3));

    assertThat(again.settlements).containsExactly(new Release(Duration.ZERO, 1));
    assertThat(pipeline.begun()).containsExactly("a");
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void those_behind_a_message_that_waits_at_the_broker_go_back_after_it_uncounted() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    FakeDelivery c = deliver("c", "k");
    deliver("d", "l");

    retry("a", MINUTE);

    assertThat(a.settlements).containsExactly(new Release(MINUTE, 1));
    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(c.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(pipeline.running()).containsExactly("d");
    assertThat(dispatcher.inFlight()).isEqualTo(1);
  }

  @Test
  void what_comes_while_those_behind_go_back_goes_back_after_them() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    deliver("a", "k");
    List<String> released = new ArrayList<>();
    deliver(
        FakeDelivery.of("b", "k")
            .answering(
                () -> {
                  dispatcher.delivered(noting("c", 1, released));
                  released.add("b");
                  return CompletableFuture.completedFuture(Result.SETTLED);
                }));

    retry("a", MINUTE);

    assertThat(released).containsExactly("b", "c");
    assertThat(pipeline.begun()).containsExactly("a");
    assertThat(dispatcher.isIdle()).isTrue();
    deliver("a", "k");
    assertThat(pipeline.running()).containsExactly("a");
  }

  @Test
  void a_key_waits_until_those_behind_are_back() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    deliver("a", "k");
    CompletableFuture<Result> back = new CompletableFuture<>();
    deliver(FakeDelivery.of("b", "k").answering(() -> back));
    retry("a", MINUTE);

    FakeDelivery again = deliver("a", "k");
    FakeDelivery later = deliver("c", "k");

    assertThat(pipeline.begun()).containsExactly("a");
    back.complete(Result.SETTLED);
    workers.work();
    assertThat(later.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(again.settlements).isEmpty();
    assertThat(pipeline.begun()).containsExactly("a", "a");
  }

  @Test
  void what_came_behind_the_next_delivery_of_a_message_goes_back_after_those_before_it() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    CompletableFuture<Result> waits = new CompletableFuture<>();
    deliver(FakeDelivery.of("a", "k").answering(() -> waits));
    FakeDelivery b = deliver("b", "k");
    retry("a", MINUTE);
    FakeDelivery again = deliver("a", "k");
    FakeDelivery later = deliver("c", "k");

    waits.complete(Result.SETTLED);
    workers.work();

    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(later.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(again.settlements).isEmpty();
    assertThat(pipeline.begun()).containsExactly("a", "a");
  }

  @Test
  void what_has_come_again_in_its_order_stays_and_so_does_what_is_behind_that() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    deliver("a", "k");
    CompletableFuture<Result> back = new CompletableFuture<>();
    deliver(FakeDelivery.of("b", "k").answering(() -> back));
    retry("a", MINUTE);
    deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    FakeDelivery c = deliver("c", "k");

    back.complete(Result.SETTLED);
    workers.work();

    assertThat(b.settlements).isEmpty();
    assertThat(c.settlements).isEmpty();
    assertThat(pipeline.begun()).containsExactly("a", "a");
  }

  @Test
  void what_comes_while_those_behind_go_back_is_not_begun_after_a_stop_either() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    deliver("a", "k");
    List<String> released = new ArrayList<>();
    deliver(
        FakeDelivery.of("b", "k")
            .answering(
                () -> {
                  dispatcher.delivered(noting("c", 1, released));
                  dispatcher.stop();
                  return CompletableFuture.completedFuture(Result.SETTLED);
                }));

    retry("a", MINUTE);

    assertThat(released).containsExactly("c");
    assertThat(pipeline.begun()).containsExactly("a");
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void a_resend_with_the_same_id_behind_a_message_that_waits_goes_back_with_the_others() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    deliver(sent("q@5", "m-1"));
    FakeDelivery resend = deliver(sent("q@6", "m-1"));
    FakeDelivery other = deliver(sent("q@7", "m-2"));

    retry("q@5", MINUTE);

    assertThat(resend.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(other.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(pipeline.begun()).containsExactly("q@5");
  }

  private static FakeDelivery sent(String brokerId, String id) {
    return new FakeDelivery(brokerId, FakeDelivery.wire("{}", Map.of("id", id), Map.of(), "k"), 1);
  }

  @Test
  void a_message_that_fails_during_the_stop_waits_at_the_broker_too() {
    dispatcher = dispatcher(new Queue("q", true), 8, NATIVE);
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    dispatcher.stop();

    retry("a", MINUTE);

    assertThat(a.settlements).containsExactly(new Release(MINUTE, 1));
    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void a_message_that_is_lost_before_its_turn_is_dropped_without_a_word_to_the_broker() {
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    deliver("other", "l");

    b.lose();
    succeed("a");

    assertThat(b.settlements).isEmpty();
    assertThat(a.settlements).hasSize(1);
    assertThat(pipeline.running()).containsExactly("other");
    succeed("other");
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void
      those_behind_one_that_is_not_settled_go_back_uncounted_and_in_order_to_come_again_after_it() {
    List<String> released = new ArrayList<>();
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver(noting("b", 1, released));
    FakeDelivery c = deliver(noting("c", 3, released));
    deliver("other", "l");

    a.answering(
        () ->
            CompletableFuture.failedFuture(
                new MessagingException(ErrorCode.CONNECTION_FAILED, "gone")));
    succeed("a");

    assertThat(released).containsExactly("b", "c");
    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(c.settlements).containsExactly(new Release(Duration.ZERO, 2));
    assertThat(pipeline.begun()).containsExactly("a", "other");
    deliver("a", "k");
    succeed("a");
    deliver("b", "k");
    assertThat(pipeline.begun()).containsExactly("a", "other", "a", "b");
    succeed("b");
    succeed("other");
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void a_lost_one_that_has_come_again_is_handled_next_and_those_behind_that_stay() {
    FakeDelivery a = deliver("a", "k");
    FakeDelivery b = deliver("b", "k");
    FakeDelivery again = deliver("a", "k");
    FakeDelivery bAgain = deliver("b", "k");

    a.lose();
    b.lose();
    succeed("a");

    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(pipeline.begun()).containsExactly("a", "a");
    succeed("a");
    succeed("b");
    assertThat(again.settlements).containsExactly(Settlement.accept());
    assertThat(bAgain.settlements).containsExactly(Settlement.accept());
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void what_came_after_the_loss_stays_in_its_order_also_before_the_lost_one() {
    FakeDelivery x = deliver("x", "k");
    FakeDelivery earlier = deliver("w", "k"); // whose acceptance was lost with the connection
    deliver("x", "k");
    deliver("y", "k");

    x.lose();
    succeed("x");

    assertThat(earlier.settlements).isEmpty();
    assertThat(pipeline.begun()).containsExactly("x", "w");
    succeed("w");
    succeed("x");
    succeed("y");
    assertThat(pipeline.begun()).containsExactly("x", "w", "x", "y");
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void a_lost_one_is_known_by_its_id_where_the_broker_gives_it_another_name() {
    FakeDelivery a = deliver(named("a@1", "m-1"));
    deliver(named("a@2", "m-1"));
    a.lose();

    succeed("a@1");

    assertThat(pipeline.running()).containsExactly("a@2");
  }

  @Test
  void one_that_could_not_be_accepted_before_handling_lets_none_of_its_key_go_ahead() {
    Pipeline atMostOnce =
        work -> {
          work.accepted();
          work.lost();
          return CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED);
        };
    dispatcher =
        new Dispatcher(
            new Queue("q", true),
            1,
            atMostOnce,
            new Settler(new Queue("q", true), timer, Clock.systemUTC(), SendReports.to(List.of())),
            workers,
            timer,
            EMULATED,
            null);
    dispatcher.delivered(FakeDelivery.of("a", "k"));
    FakeDelivery b = deliver("b", "k");

    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
  }

  @Test
  void a_message_that_is_lost_while_it_waits_is_dropped() {
    FakeDelivery a = deliver("a", "k");
    retry("a", MINUTE);
    a.lose();

    pass(MINUTE);

    assertThat(pipeline.begun()).containsExactly("a");
    assertThat(a.settlements).isEmpty();
    assertThat(dispatcher.isIdle()).isTrue();
  }

  @Test
  void dropped_messages_leak_no_place() {
    dispatcher = keyed(1);
    deliver("a", "k");
    for (int i = 0; i < 5; i++) {
      deliver("lost" + i, "l").lose();
    }
    succeed("a");
    deliver("b", "m");

    assertThat(pipeline.running()).containsExactly("b");
  }

  @Test
  void a_late_settlement_is_harmless() {
    FakeDelivery a = deliver("a", "k");
    a.lose();

    succeed("a");
    deliver("b", "k");

    assertThat(a.settlements).containsExactly(Settlement.accept());
    assertThat(pipeline.running()).containsExactly("b");
  }

  // settling

  @Test
  void a_dead_letter_carries_its_evidence() {
    FakeDelivery a = deliver("a", "k");
    retry("a", Duration.ZERO);

    call("a").deadLetter("attempt 2 failed");

    assertThat(a.settlements).hasSize(1);
    assertThat(a.settlements.get(0))
        .asInstanceOf(type(Reject.class))
        .satisfies(
            reject -> {
              assertThat(reject.reason()).isEqualTo("attempt 2 failed");
              assertThat(reject.evidence())
                  .containsEntry("waybill-dead-letter-reason", "attempt 2 failed")
                  .containsEntry("waybill-dead-letter-attempts", "2")
                  .containsEntry("waybill-dead-letter-channel", "q")
                  .containsEntry("waybill-dead-letter-exception-message", "broken");
              assertThat(reject.evidence().keySet()).allMatch(name -> name.startsWith("waybill-"));
            });
  }

  @Test
  void a_discarded_message_is_accepted() {
    FakeDelivery a = deliver("a", "k");

    call("a").discard("stale");

    assertThat(a.settlements).containsExactly(Settlement.accept());
  }

  @Test
  void a_dead_letter_that_can_not_be_put_down_is_kept_and_tried_again_after_growing_waits() {
    FakeDelivery a = deliver(unreachable("a", "k"));
    deliver("b", "k");
    deliver("c", "l");

    call("a").deadLetter("why");
    workers.work();

    assertThat(a.settlements).hasSize(1);
    assertThat(pipeline.running()).containsExactly("c");
    pass(Duration.ofMillis(199));
    assertThat(a.settlements).hasSize(1);
    pass(Duration.ofMillis(1));
    assertThat(a.settlements).hasSize(2);
    pass(Duration.ofMillis(399));
    assertThat(a.settlements).hasSize(2);
    pass(Duration.ofMillis(1));
    assertThat(a.settlements).hasSize(3);
    pass(Duration.ofHours(1));
    assertThat(a.settlements).hasSizeBetween(120, 140);

    a.answering(() -> CompletableFuture.completedFuture(Result.SETTLED));
    pass(Duration.ofSeconds(30));
    assertThat(pipeline.running()).containsExactly("c", "b");
    assertThat(a.settlements).allMatch(Reject.class::isInstance);
  }

  @Test
  void a_dead_letter_that_can_not_be_put_down_and_is_lost_is_left_to_its_next_delivery() {
    FakeDelivery a = deliver(unreachable("a", "k"));
    FakeDelivery b = deliver("b", "k");
    call("a").deadLetter("why");

    a.lose();
    b.lose();
    pass(Duration.ofSeconds(1));

    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(dispatcher.isIdle()).isTrue();
    pass(Duration.ofHours(1));
    assertThat(a.settlements).hasSize(2);
  }

  @Test
  void a_dead_letter_that_fails_because_the_message_is_lost_holds_up_nobody() {
    FakeDelivery a = FakeDelivery.of("a", "k");
    deliver(
        a.answering(
            () -> {
              a.lose();
              return CompletableFuture.failedFuture(
                  new MessagingException(ErrorCode.CONNECTION_FAILED, "gone"));
            }));
    FakeDelivery b = deliver("b", "k");

    b.lose();
    call("a").deadLetter("why");
    workers.work();

    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(dispatcher.isIdle()).isTrue();
    assertThat(timer.waiting()).isZero();
  }

  @Test
  void an_acceptance_that_fails_is_not_repeated_and_lets_none_of_its_key_go_ahead() {
    FakeDelivery a = deliver(unreachable("a", "k"));
    FakeDelivery b = deliver("b", "k");
    deliver("c", "l");

    succeed("a");
    pass(Duration.ofHours(1));

    assertThat(a.settlements).hasSize(1).allMatch(Accept.class::isInstance);
    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(pipeline.running()).containsExactly("c");
  }

  @Test
  void a_transport_that_throws_instead_of_failing_leaks_no_place_and_blocks_no_key() {
    dispatcher = keyed(1);
    deliver(
        FakeDelivery.of("a", "k")
            .answering(
                () -> {
                  throw new IllegalStateException("a bug of the transport");
                }));
    FakeDelivery b = deliver("b", "k");
    succeed("a");
    deliver("c", "k");

    assertThat(b.settlements).containsExactly(new Release(Duration.ZERO, 0));
    assertThat(pipeline.running()).containsExactly("c");
  }

  @Test
  void a_message_on_which_the_library_fails_is_kept_and_makes_no_hot_loop() {
    dispatcher = keyed(1);
    FakeDelivery a = deliver("a", "k");
    deliver("b", "l");

    call("a").breakDown(new NoClassDefFoundError("x"));
    workers.work();

    assertThat(pipeline.running()).containsExactly("b");
    succeed("b");
    assertThat(a.settlements).isEmpty();
    pass(Duration.ofMillis(900));
    assertThat(pipeline.begun()).containsExactly("a", "b");
    pass(Duration.ofMillis(100));
    assertThat(pipeline.begun()).containsExactly("a", "b", "a#2");
  }

  @Test
  void a_pipeline_that_throws_leaks_no_place_and_blocks_no_key() {
    ArrayDeque<CompletionStage<Resolution>> answers = new ArrayDeque<>();
    Pipeline throwing =
        work -> {
          if (answers.isEmpty()) {
            throw new NoClassDefFoundError("x");
          }
          return answers.remove();
        };
    dispatcher =
        new Dispatcher(
            new Queue("q", true),
            1,
            throwing,
            new Settler(new Queue("q", true), timer, Clock.systemUTC(), SendReports.to(List.of())),
            workers,
            timer,
            EMULATED,
            null);
    FakeDelivery a = deliver("a", "k");
    answers.add(CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED));
    FakeDelivery b = deliver("b", "l");

    assertThat(b.settlements).containsExactly(Settlement.accept());
    assertThat(a.settlements).isEmpty();
    answers.add(CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED));
    pass(MINUTE);
    assertThat(a.settlements).containsExactly(Settlement.accept());
  }

  // leases

  @Test
  void leases_of_all_that_is_open_are_renewed_and_of_nothing_else() {
    dispatcher = keyed(1);
    FakeDelivery waiting = deliver("waiting", "k");
    retry("waiting", MINUTE);
    FakeDelivery running = deliver("running", "l");
    FakeDelivery queued = deliver("queued", "m");
    FakeDelivery lost = deliver("lost", "n");
    lost.lose();

    dispatcher.renewLeases();
    succeed("running");
    dispatcher.renewLeases();

    assertThat(waiting.renewals).hasValue(2);
    assertThat(running.renewals).hasValue(1);
    assertThat(queued.renewals).hasValue(2);
    assertThat(lost.renewals).hasValue(0);
  }

  @Test
  void a_renewal_that_throws_keeps_no_other_lease_from_its_renewal() {
    for (int i = 0; i < 5; i++) {
      deliver(
          FakeDelivery.of("broken" + i, "k" + i)
              .renewing(
                  () -> {
                    throw new IllegalStateException("a bug of the transport");
                  }));
    }
    FakeDelivery good = deliver("good", "k");

    dispatcher.renewLeases();

    assertThat(good.renewals).hasValue(1);
  }

  private static FakeDelivery noting(String name, int attempt, List<String> released) {
    return new FakeDelivery(name, FakeDelivery.of(name, "k").message(), attempt)
        .answering(
            () -> {
              released.add(name);
              return CompletableFuture.completedFuture(Result.SETTLED);
            });
  }

  private static FakeDelivery named(String brokerId, String id) {
    return new FakeDelivery(brokerId, FakeDelivery.wire("{}", Map.of("id", id), Map.of(), "k"), 1);
  }

  private static FakeDelivery unreachable(String name, String key) {
    return FakeDelivery.of(name, key)
        .answering(
            () ->
                CompletableFuture.failedFuture(
                    new MessagingException(ErrorCode.BROKER_UNAVAILABLE, "not now")));
  }
}
