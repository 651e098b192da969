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
  private final Deadlines deadlines = new Deadlines(timer, LENGTH, Runnable::run);
  private final List<String> late = new ArrayList<>();

  private Deadlines.Deadline named(String name) {
    return new Deadlines.Deadline() {
      @Override
      void late() {
        late.add(name);
      }
    };
  }

  @Test
  void a_deadline_is_over_after_its_length_and_not_before() {
    deadlines.begin(named("a"));

    timer.advance(LENGTH.minus(NANO));
    assertThat(late).isEmpty();
    timer.advance(NANO);
    assertThat(late).containsExactly("a");
    timer.advance(LENGTH);
    assertThat(late).containsExactly("a");
  }

  @Test
  void a_deadline_that_is_met_is_never_over() {
    Deadlines.Deadline a = named("a");
    deadlines.begin(a);
    deadlines.begin(named("b"));
    Deadlines.Deadline c = named("c");
    deadlines.begin(c);

    deadlines.meet(a);
    deadlines.meet(a);
    deadlines.meet(c);
    timer.advance(LENGTH);

    assertThat(late).containsExactly("b");
  }

  @Test
  void a_deadline_that_is_met_before_it_begins_is_never_over() {
    Deadlines.Deadline a = named("a");

    deadlines.meet(a);
    deadlines.begin(a);
    timer.advance(LENGTH);

    assertThat(late).isEmpty();
  }

  @Test
  void those_that_begin_later_are_over_later() {
    deadlines.begin(named("a"));
    timer.advance(PAUSE);
    deadlines.begin(named("b"));

    timer.advance(LENGTH.minus(PAUSE));
    assertThat(late).containsExactly("a");
    timer.advance(PAUSE.minus(NANO));
    assertThat(late).containsExactly("a");
    timer.advance(NANO);
    assertThat(late).containsExactly("a", "b");
  }

  @Test
  void many_that_begin_together_cost_few_tasks_and_those_that_are_met_none() {
    deadlines.begin(named("first"));
    List<Deadlines.Deadline> more = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      more.add(named("more"));
      deadlines.begin(more.get(i));
    }
    assertThat(timer.waiting()).isLessThan(1_000);

    timer.advance(PAUSE);
    more.forEach(deadlines::meet);
    assertThat(timer.waiting()).isEqualTo(1);
    timer.advance(LENGTH);
    assertThat(late).containsExactly("first");
    assertThat(timer.waiting()).isZero();
  }

  @Test
  void what_begins_while_others_are_over_has_a_length_of_its_own() {
    deadlines.begin(
        new Deadlines.Deadline() {
          @Override
          void late() {
            late.add("a");
            deadlines.begin(named("again"));
          }
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
    Deadlines fast = new Deadlines(timer, Duration.ofMillis(100), Runnable::run);

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
