package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Pausing and closing. */
abstract class LifeCycleCases extends ConcurrencyCases {

  @Test
  void a_paused_consumer_receives_nothing_until_it_is_resumed() {
    Recorder<Integer> seen = new Recorder<>();
    Recorder<Integer> marker = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))
            .consume(
                here.keyedQueue,
                c -> c.onCommand(Charge.class, (m, x) -> marker.add(m.payload().number())))
            .start()) {
      bus.send(new Refresh(1)).join();
      await(seen, 1);
      bus.pause(here.plainQueue);
      bus.send(new Refresh(2)).join();
      for (int i = 0; i < 5; i++) { // time passes, as counted by another consumer's work
        bus.send(new Charge("m", i)).join();
        await(marker, i + 1);
      }
      int whilePaused = seen.all().size();
      bus.resume(here.plainQueue);
      await(seen, 2);
      assertThat(whilePaused).isBetween(1, 2);
      assertThat(seen.all()).containsExactly(1, 2);
    }
  }

  @Test
  void closing_lets_running_handlers_finish_and_settles_them() {
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
    CompletableFuture<Void> closing = CompletableFuture.runAsync(bus::close);
    go.countDown();
    closing.join();
    assertThat(finished.all()).containsExactly(1);
    Recorder<Integer> second = new Recorder<>();
    try (MessageBus next =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, x) -> second.add(m.payload().number())))) {
      next.send(new Refresh(2)).join();
      assertThat(await(second, 1)).containsExactly(2);
    }
  }
}
