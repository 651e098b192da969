package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is woken for what, with receivers that do nothing by themselves. */
class WakingTest {
  private final InMemoryBroker broker = InMemoryBroker.create();
  private final MessageQueue queue = broker.makeQueue(Scene.QUEUE);
  private final Sleeper one = new Sleeper();
  private final Sleeper two = new Sleeper();

  @BeforeEach
  void bothFindNothingAndSleep() {
    List.of(one, two).forEach(sleeper -> queue.join(sleeper.intake));
    assertThat(one.take()).isEmpty();
    assertThat(two.take()).isEmpty();
  }

  @AfterEach
  void endSleepers() {
    one.intake.wake();
    two.intake.wake();
  }

  @Test
  void aMessageWakesTheOneThatHasWaitedLongest() {
    queue.store(Scene.message("m", null, null));

    one.awaitWoken();
    assertThat(two.isAsleep()).isTrue();
  }

  @Test
  void eachMessageWakesAnother() {
    queue.store(Scene.message("a", null, null));
    queue.store(Scene.message("b", null, null));

    one.awaitWoken();
    two.awaitWoken();
  }

  @Test
  void oneThatPausesAfterItWasWokenWakesTheOthers() {
    queue.store(Scene.message("m", null, null));
    one.awaitWoken();

    one.intake.paused = true;
    queue.standAside(one.intake);

    two.awaitWoken();
  }

  @Test
  void oneThatHandsOverIsNotWokenInAnothersPlace() {
    queue.store(Scene.message("a", null, null));
    assertThat(one.take()).hasSize(1);
    assertThat(two.take()).isEmpty();
    one.intake.turn.lock();

    queue.store(Scene.message("b", null, null));

    two.awaitWoken();
  }

  /** An intake whose thread sleeps until it is woken once. */
  private final class Sleeper {
    private final InMemoryTransport transport = InMemoryTransport.builder().build();
    private final Thread thread = new Thread(LockSupport::park, "sleeper");
    final Intake intake =
        new Intake(
            thread,
            () -> LockSupport.unpark(this.thread),
            new MemorySender(transport),
            10,
            transport.conduct(false));

    Sleeper() {
      thread.setDaemon(true);
      thread.start();
      await().until(this::isAsleep);
    }

    List<MemoryDelivery> take() {
      List<MemoryDelivery> taken = new ArrayList<>();
      queue.take(intake, taken);
      return taken;
    }

    boolean isAsleep() {
      return thread.getState() == Thread.State.WAITING;
    }

    void awaitWoken() {
      await().until(() -> thread.getState() == Thread.State.TERMINATED);
    }
  }
}
