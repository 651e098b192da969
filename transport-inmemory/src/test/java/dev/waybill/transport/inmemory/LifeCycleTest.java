package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LifeCycleTest {
  /** As long as a stop waits for who hands over. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(2);

  private final Scene scene = new Scene(Scene.QUEUE, Scene.KEYED);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void aReceiverTellsTheBacklogOfItsQueue() {
    Receiver receiver = scene.receive(Scene.QUEUE, 1, new Listening());
    scene.send(Scene.QUEUE, "one");
    scene.send(Scene.QUEUE, "two");

    assertThat(receiver.status().backlog()).isEqualTo(2);

    receiver.close();
    assertThat(receiver.status()).isEqualTo(Receiver.Status.UNKNOWN);
  }

  @Test
  void aClosedConnectionLeavesNoThread() {
    scene.listen(Scene.QUEUE);
    scene.listen(Scene.KEYED);
    scene.listen(new Queue("missing-for-ever", false));
    assertThat(threads()).hasSize(3);

    scene.connection.close();

    assertThat(threads()).isEmpty();
  }

  @Test
  void aStoppedReceiverLeavesNoThread() {
    Receiver receiver = scene.receive(Scene.QUEUE, 1, new Listening());
    receiver.stop();

    assertThat(threads()).isEmpty();
  }

  @Test
  void stoppingAndClosingAgainDoesNothing() {
    Receiver receiver = scene.receive(Scene.QUEUE, 1, new Listening());
    receiver.stop();
    receiver.stop();
    receiver.close();
    receiver.close();
    receiver.pause();
    receiver.resume();
    scene.connection.close();
    scene.connection.close();

    assertThat(threads()).isEmpty();
  }

  @Test
  void aClosedConnectionAnswersWithClosed() {
    scene.connection.close();

    MessagingException receiving =
        catchThrowableOfType(MessagingException.class, () -> scene.listen(Scene.QUEUE));
    MessagingException preparing =
        catchThrowableOfType(
            MessagingException.class,
            () -> scene.connection.prepare(Scene.topology(Scene.QUEUE), Topology.Mode.VERIFY));

    assertThat(receiving.code()).isEqualTo(ErrorCode.CLOSED);
    assertThat(preparing.code()).isEqualTo(ErrorCode.CLOSED);
  }

  @Test
  void aReceiverOpenedAgainGetsWhatCameBetween() {
    scene.receive(Scene.QUEUE, 1, new Listening()).close();
    scene.send(Scene.QUEUE, "between");

    assertThat(Listening.text(scene.listen(Scene.QUEUE).next())).isEqualTo("between");
  }

  @Test
  void aListenerMayCloseItsReceiver() {
    AtomicReference<Receiver> receiver = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    CompletableFuture<String> closed = new CompletableFuture<>();
    Receiver.Listener listener =
        new Handing() {
          @Override
          public void delivered(Delivery delivery) {
            try {
              known.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            receiver.get().close();
            closed.complete(Listening.text(delivery));
          }
        };
    scene.send(Scene.QUEUE, "one");
    scene.send(Scene.QUEUE, "two");
    receiver.set(scene.receive(Scene.QUEUE, 10, listener));
    known.countDown();

    assertThat(closed.join()).isEqualTo("one");
    List<Delivery> left = scene.listen(Scene.QUEUE).next(2);
    assertThat(left).extracting(Delivery::attempt).containsExactly(2, 2);
  }

  @Test
  void whatAStoppedReceiverWasNotHandedIsNotAnAttempt() throws Exception {
    CountDownLatch stopping = new CountDownLatch(1);
    CountDownLatch handed = new CountDownLatch(1);
    Receiver.Listener listener =
        new Handing() {
          @Override
          public void delivered(Delivery delivery) {
            handed.countDown();
            try {
              stopping.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        };
    scene.send(Scene.QUEUE, "one");
    Receiver receiver = scene.receive(Scene.QUEUE, 10, listener);
    handed.await();
    scene.send(Scene.QUEUE, "two");
    Thread stopper = new Thread(receiver::stop);
    stopper.start();
    await().until(() -> waitsOrHasEnded(stopper)); // it waits two seconds at most
    stopping.countDown();
    stopper.join();

    Delivery two = scene.listen(Scene.QUEUE).next();
    assertThat(Listening.text(two)).isEqualTo("two");
    assertThat(two.attempt()).isEqualTo(1);
    assertThat(scene.broker.unsettled("payments")).isEqualTo(2);
  }

  @Test
  void aStopWaitsForWhoeverHandsOverWhileItSends() throws Exception {
    CountDownLatch handed = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<String> ends = new CopyOnWriteArrayList<>();
    Receiver receiver =
        scene.receive(
            Scene.QUEUE,
            10,
            (Handing)
                delivery -> {
                  handed.countDown();
                  awaitQuietly(goOn);
                  ends.add("hand-over");
                });
    Scene.awaitIdle(Scene.QUEUE);
    Thread sender = new Thread(() -> scene.send(Scene.QUEUE, "m"));
    sender.start();
    handed.await();
    long begin = System.nanoTime();
    Thread stopper =
        new Thread(
            () -> {
              receiver.stop();
              ends.add("stop");
            });
    stopper.start();
    await().until(() -> threads().isEmpty());

    await().until(() -> waitsOrHasEnded(stopper));
    goOn.countDown();
    stopper.join();
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    sender.join();
    if (took.compareTo(STOP_LIMIT) < 0) { // else it may have waited for as long as it does
      assertThat(ends).containsExactly("hand-over", "stop");
    }
  }

  private static boolean waitsOrHasEnded(Thread thread) {
    return thread.getState() == Thread.State.TIMED_WAITING || !thread.isAlive();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("waybill-inmemory-"))
        .toList();
  }
}
