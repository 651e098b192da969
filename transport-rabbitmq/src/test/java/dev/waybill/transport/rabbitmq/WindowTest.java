package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.transport.rabbitmq.PendingSend.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class WindowTest {
  private static final Duration SOON = Duration.ofMillis(20);
  private static final Target ONE = Target.queue("one");
  private static final Target OTHER = Target.queue("other");

  private final Window window = new Window(30, 20);

  @Test
  void one_target_has_its_share_only_and_leaves_the_rest_to_others() throws Exception {
    assertThat(enter(ONE, 20)).hasSize(20);
    assertThat(enter(ONE, 1)).isEmpty();

    assertThat(enter(OTHER, 20)).hasSize(10);
  }

  @Test
  void who_leaves_makes_room_for_its_own_and_for_all() throws Exception {
    List<Runnable> ones = enter(ONE, 20);
    assertThat(enter(OTHER, 20)).hasSize(10);

    ones.get(0).run();

    assertThat(enter(ONE, 2)).hasSize(1);
  }

  @Test
  void few_may_go_where_an_answer_is_missing_until_there_is_one() throws Exception {
    List<Runnable> ones = enter(ONE, 15);
    window.doubt(ONE);
    window.doubt(ONE);
    ones.subList(0, 6).forEach(Runnable::run);
    assertThat(enter(ONE, 20)).hasSize(Window.DOUBTED - 9);

    window.trust(ONE);

    assertThat(enter(ONE, 20)).hasSize(10);
  }

  @Test
  void doubt_ends_with_the_last_that_has_left() throws Exception {
    List<Runnable> ones = enter(ONE, 1);
    window.doubt(ONE);
    ones.forEach(Runnable::run);

    assertThat(enter(ONE, 20)).hasSize(20);
  }

  @Test
  void nobody_waits_any_more_once_it_is_open() throws Exception {
    assertThat(enter(ONE, 20)).hasSize(20);
    CompletableFuture<Runnable> late = new CompletableFuture<>();
    Thread waiting =
        new Thread(
            () -> {
              try {
                late.complete(window.enter(ONE, Wires.DEADLINE.multipliedBy(2)));
              } catch (InterruptedException e) {
                late.completeExceptionally(e);
              }
            });
    waiting.start();
    await().atMost(Wires.DEADLINE).until(() -> waiting.getState() == Thread.State.TIMED_WAITING);

    window.open();

    assertThat(late).succeedsWithin(Wires.DEADLINE).isNotNull();
  }

  /** Takes as many places as there are, but not more than so many. */
  private List<Runnable> enter(Target target, int most) throws InterruptedException {
    List<Runnable> entered = new ArrayList<>();
    while (entered.size() < most) {
      Runnable place = window.enter(target, SOON);
      if (place == null) {
        break;
      }
      entered.add(place);
    }
    return entered;
  }
}
