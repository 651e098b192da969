package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class DeadlinesTest {
  private static final Duration LENGTH = Duration.ofSeconds(30);
  private static final Duration NANO = Duration.ofNanos(1);

  /** More than a moment, in which deadlines are kept together. */
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final ManualTimer timer = new ManualTimer();
  private final Deadlines deadlines = new Deadlines(timer, LENGTH);
  private final List<String> late = new ArrayList<>();

  private Runnable named(String name) {
    return () -> late.add(name);
  }

  @Test
  void a_deadline_is_over_after_its_length_and_not_before() {
    var unused = deadlines.begin(named("a"));

    timer.advance(LENGTH.minus(NANO));
    assertThat(late).isEmpty();
    timer.advance(NANO);
    assertThat(late).containsExactly("a");
    timer.advance(LENGTH);
    assertThat(late).containsExactly("a");
  }

  @Test
  void a_deadline_that_is_met_is_never_over() {
    Runnable a = named("a");
    Deadlines.Moment moment = deadlines.begin(a);
    var unused = deadlines.begin(named("b"));

    moment.end(a);
    moment.end(a);
    timer.advance(LENGTH);

    assertThat(late).containsExactly("b");
  }

  @Test
  void those_that_begin_later_are_over_later() {
    var a = deadlines.begin(named("a"));
    timer.advance(PAUSE);
    var b = deadlines.begin(named("b"));

    timer.advance(LENGTH.minus(PAUSE));
    assertThat(late).containsExactly("a");
    timer.advance(PAUSE.minus(NANO));
    assertThat(late).containsExactly("a");
    timer.advance(NANO);
    assertThat(late).containsExactly("a", "b");
    assertThat(a).isNotSameAs(b);
  }

  @Test
  void many_that_begin_together_cost_few_tasks_and_those_that_are_met_none() {
    Deadlines.Moment first = deadlines.begin(named("first"));
    List<Runnable> more = new ArrayList<>();
    List<Deadlines.Moment> moments = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      more.add(named("more"));
      moments.add(deadlines.begin(more.get(i)));
    }
    assertThat(timer.waiting()).isLessThan(1_000);

    timer.advance(PAUSE);
    for (int i = 0; i < 1_000; i++) {
      moments.get(i).end(more.get(i));
    }
    assertThat(first).isNotNull();
    assertThat(timer.waiting()).isEqualTo(1);
    timer.advance(LENGTH);
    assertThat(late).containsExactly("first");
    assertThat(timer.waiting()).isZero();
  }

  @Test
  void what_begins_while_others_are_over_has_a_length_of_its_own() {
    var unused =
        deadlines.begin(
            () -> {
              late.add("a");
              var again = deadlines.begin(named("again"));
              assertThat(again).isNotNull();
            });

    timer.advance(LENGTH);
    assertThat(late).containsExactly("a");
    timer.advance(LENGTH.minus(NANO));
    assertThat(late).containsExactly("a");
    timer.advance(NANO);
    assertThat(late).containsExactly("a", "again");
  }

  @Test
  void short_deadlines_are_kept_together_for_a_hundredth_of_their_length_only() {
    Deadlines fast = new Deadlines(timer, Duration.ofMillis(100));

    assertThat(fast.isNow(Duration.ofMillis(1).minus(NANO).toNanos())).isTrue();
    assertThat(fast.isNow(Duration.ofMillis(1).toNanos())).isFalse();
    assertThat(deadlines.isNow(Duration.ofMillis(10).minus(NANO).toNanos())).isTrue();
    assertThat(deadlines.isNow(Duration.ofMillis(10).toNanos())).isFalse();
  }

  @Test
  void none_begins_on_a_timer_that_has_ended() {
    timer.shutdown();

    assertThatExceptionOfType(RejectedExecutionException.class)
        .isThrownBy(() -> deadlines.begin(named("a")));
  }
}
