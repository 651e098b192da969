package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Starting, pausing, closing, and what a bus says of itself. */
abstract class LifeCycleCases extends ConcurrencyCases {

  @Test
  @Case("H1")
  void closing_lets_running_handlers_finish_and_settles_them() throws InterruptedException {
    Recorder<Integer> started = new Recorder<>();
    Recorder<Integer> finished = new Recorder<>();
    CountDownLatch go = new CountDownLatch(1);
    MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                    Refresh.class,
                    (m, x) -> {
                      started.add(m.payload().number());
                      go.await();
                      finished.add(m.payload().number());
                    }));
    bus.send(new Refresh(1)).join();
    await(started, 1);
    Thread closing = new Thread(bus::close, "closing");
    closing.start();
    until("a close that waits", () -> closing.getState() == Thread.State.WAITING);
    assertThat(finished.all()).isEmpty();
    go.countDown();
    closing.join();
    assertThat(finished.all()).containsExactly(1);
    assertThat(handledByAnother(2, List.of(2))).containsExactly(2);
  }

  @Test
  @Case("H2")
  void an_impatient_close_interrupts_and_does_not_count_that_as_a_failure() {
    Recorder<Integer> started = new Recorder<>();
    Recorder<Integer> interrupted = new Recorder<>();
    MessageBus bus =
        here.bus()
            .drainTimeout(Duration.ofMillis(50))
            .consume(
                here.plainQueue,
                c ->
                    c.onFailure(noRetry())
                        .onCommand(
                            Refresh.class,
                            (m, x) -> {
                              started.add(m.payload().number());
                              try {
                                new CountDownLatch(1).await();
                              } catch (InterruptedException e) {
                                interrupted.add(m.payload().number());
                                throw e;
                              }
                            }))
            .start();
    try (bus) {
      bus.send(new Refresh(1)).join();
      await(started, 1);
    }
    assertThat(await(interrupted, 1)).containsExactly(1);
    // a failure would have made it a dead letter at once
    assertThat(handledByAnother(2, List.of(1, 2))).containsExactlyInAnyOrder(1, 2);
  }

  @Test
  @Case("H3")
  void a_consumer_that_comes_back_receives_what_came_between() {
    Recorder<String> seen = new Recorder<>();
    consuming(seen).close();
    try (MessageBus sender = here.bus().start()) {
      sender.send(new Refresh(1)).join();
      sender.publish(new Refreshed(2)).join();
    }
    assertThat(seen.all()).isEmpty();
    try (MessageBus back = consuming(seen)) {
      assertThat(back.health().isUp()).isTrue();
      assertThat(await(seen, 2)).containsExactlyInAnyOrder("command 1", "event 2");
    }
  }

  private MessageBus consuming(Recorder<String> seen) {
    return here.bus()
        .consume(
            here.plainQueue,
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add("command " + m.payload().number())))
        .subscribe(
            here.plainTopic,
            "durable",
            c -> c.onEvent(Refreshed.class, (m, x) -> seen.add("event " + m.payload().number())))
        .start();
  }

  @Test
  @Case("H4")
  void closing_twice_does_nothing_and_a_closed_bus_refuses_to_send() {
    MessageBus.Builder builder = here.bus();
    MessageBus bus = builder.start();
    bus.close();
    bus.close();
    assertThatThrownBy(bus.send(new Refresh(1))::join)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class,
            failure -> {
              assertThat(failure.code()).isEqualTo(ErrorCode.CLOSED);
              assertThat(failure.certainty()).isEqualTo(Certainty.REJECTED);
            });
    assertThat(bus.health().isUp()).isFalse();
    assertThatThrownBy(builder::start).isInstanceOf(IllegalStateException.class);
  }

  @Test
  @Case("H5")
  void a_paused_consumer_receives_nothing_until_it_is_resumed() {
    Recorder<Integer> seen = new Recorder<>();
    Recorder<Integer> marker = new Recorder<>();
    CountDownLatch go = new CountDownLatch(1);
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          seen.add(m.payload().number());
                          go.await();
                          seen.add(-m.payload().number());
                        }))
            .consume(
                here.keyedQueue,
                c -> c.onCommand(Charge.class, (m, x) -> marker.add(m.payload().number())))
            .start()) {
      bus.send(new Refresh(1)).join();
      await(seen, 1);
      bus.pause(here.plainQueue);
      go.countDown();
      await(seen, 2); // in flight, and completes
      bus.send(new Refresh(2)).join(); // may be taken for one that was on its way
      letWorkGoOn(bus, marker);
      bus.send(new Refresh(3)).join();
      letWorkGoOn(bus, marker);
      List<Integer> whilePaused = seen.all();
      bus.resume(here.plainQueue);
      await(seen, 6);
      assertThat(whilePaused).startsWith(1, -1).doesNotContain(3);
      assertThat(seen.all()).containsExactlyInAnyOrder(1, -1, 2, -2, 3, -3);
    }
  }

  /** Time passes, as counted by the work of another consumer. */
  private void letWorkGoOn(MessageBus bus, Recorder<Integer> marker) {
    int before = marker.all().size();
    for (int i = 1; i <= 5; i++) {
      bus.send(new Charge("m", i)).join();
      await(marker, before + i);
    }
  }

  @Test
  @Case("H6")
  void buses_open_and_close_side_by_side() {
    Recorder<Integer> seen = new Recorder<>();
    List<CompletableFuture<Void>> lives = new ArrayList<>();
    for (int life = 0; life < 4; life++) {
      int number = life;
      lives.add(beside(() -> live(number, seen)));
    }
    until("the end of all buses", () -> lives.stream().allMatch(CompletableFuture::isDone));
    lives.forEach(CompletableFuture::join);
    try (MessageBus last = recording(seen)) {
      last.send(new Refresh(8)).join();
      List<Integer> all = await(seen, list -> new HashSet<>(list).size() == 9, "all nine");
      assertThat(new HashSet<>(all)).hasSize(9);
    }
  }

  /** Opens a bus, sends two commands, and closes it from two threads. */
  private void live(int number, Recorder<Integer> seen) {
    CompletableFuture<Void> closing;
    try (MessageBus bus = recording(seen)) {
      bus.send(new Refresh(2 * number)).join();
      bus.send(new Refresh(2 * number + 1)).join();
      closing = beside(bus::close);
    }
    closing.join();
  }

  private MessageBus recording(Recorder<Integer> seen) {
    return here.refreshing(
        c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())));
  }

  @Test
  @Case("H7")
  void closing_waits_for_the_answers_of_sends_on_their_way() {
    Recorder<Integer> seen = new Recorder<>();
    List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
    try (MessageBus bus = here.bus().start()) {
      IntStream.range(0, 50).forEach(i -> sends.add(bus.send(new Refresh(i))));
    }
    assertThat(sends).allMatch(CompletableFuture::isDone);
    confirmed(sends);
    try (MessageBus later = recording(seen)) {
      assertThat(later.health().isUp()).isTrue();
      assertThat(new HashSet<>(await(seen, 50))).hasSize(50);
    }
  }

  @Test
  @Case(value = "H8", alone = true)
  void a_closed_bus_leaves_no_thread_and_no_task_in_its_timer() {
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    timer.setRemoveOnCancelPolicy(true);
    try {
      live(timer); // makes what a client keeps for the whole process
      Set<Thread> before = Thread.getAllStackTraces().keySet();
      live(timer);
      live(timer);
      until(
          "all threads to end, of which are left " + left(before),
          () -> left(before).isEmpty() && timer.getQueue().isEmpty());
    } finally {
      timer.shutdownNow();
    }
  }

  private void live(ScheduledThreadPoolExecutor timer) {
    Recorder<String> seen = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .timer(timer)
            .consume(here.keyedQueue, c -> c.onCommand(Charge.class, (m, x) -> seen.add("command")))
            .subscribe(
                here.plainTopic,
                "lives",
                c -> c.onEvent(Refreshed.class, (m, x) -> seen.add("event")))
            .start()) {
      bus.send(new Charge("a", 1)).join();
      bus.publish(new Refreshed(1)).join();
      await(seen, 2);
    }
  }

  private static List<String> left(Set<Thread> before) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.isAlive() && !before.contains(thread))
        .map(Thread::getName)
        .filter(name -> !name.startsWith("ForkJoinPool") && !name.startsWith("process reaper"))
        .toList();
  }

  @Test
  @Case("H9")
  void a_bus_is_healthy_until_its_broker_does_not_answer_and_again_when_it_does() {
    ConnectionFaults way = harness().connectionFaults();
    if (way == null) {
      notProvable("the harness can not disturb a connection");
      return;
    }
    try (way) {
      try (MessageBus bus =
          here.bus(way.transport())
              .sendTimeout(Duration.ofSeconds(10))
              .consume(here.plainQueue, c -> c.onCommand(Refresh.class, (m, x) -> {}))
              .start()) {
        bus.send(new Refresh(1)).join();
        assertThat(bus.health().problems()).isEmpty();
        way.hold();
        CompletableFuture<SendReceipt> lost = bus.send(new Refresh(2));
        until("the answer of a send", lost::isDone);
        assertThat(bus.health().problems())
            .anyMatch(
                problem -> problem.matches("(?s)Since \\S+Z sends to .* fail, the last one .*"));
        way.heal();
        until("a bus that is well", () -> isSent(bus) && bus.health().isUp());
      } finally {
        way.heal();
      }
    }
  }

  private boolean isSent(MessageBus bus) {
    CompletableFuture<SendReceipt> send = bus.send(new Refresh(3));
    until("the answer of a send", send::isDone);
    return !send.isCompletedExceptionally();
  }

  @Test
  @Case(value = "H10", alone = true)
  void a_receiver_that_fails_says_so_and_comes_back() {
    BrokerFaults broker = harness().brokerFaults();
    if (broker == null) {
      notProvable("the harness can not stop the broker");
      return;
    }
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus = recording(seen)) {
      bus.send(new Refresh(1)).join();
      await(seen, 1);
      broker.stop();
      try {
        until(
            "a problem of the receiver",
            () ->
                bus.health().problems().stream()
                    .anyMatch(
                        problem ->
                            problem.contains(
                                "receiving from the queue " + here.plainQueue + " is disturbed")));
      } finally {
        broker.start();
      }
      until("a receiver that is well", () -> bus.health().isUp());
      bus.send(new Refresh(2)).join();
      await(seen, all -> all.contains(2), "the second");
    }
  }

  /** What another bus handles, which sends {@code sent}, until it has handled {@code awaited}. */
  private List<Integer> handledByAnother(int sent, List<Integer> awaited) {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus other = recording(seen)) {
      other.send(new Refresh(sent)).join();
      return await(seen, all -> all.containsAll(awaited), "all of " + awaited);
    }
  }
}
