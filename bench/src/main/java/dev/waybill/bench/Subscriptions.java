package dev.waybill.bench;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** One topic in memory with many subscriptions: what their copies cost, and what they keep. */
record Subscriptions(Turn turn, Size size) {
  private static final String TOPIC = "orders";
  private static final int COLLECTIONS = 3;
  private static final long PAUSE_NANOS = 50_000;

  /** What is in use. */
  private record Kept(long heapBytes, int threads) {
    /** Once the collector has been asked to. */
    static Kept now() {
      for (int i = 0; i < COLLECTIONS; i++) {
        System.gc();
      }
      return new Kept(
          ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
          ManagementFactory.getThreadMXBean().getThreadCount());
    }
  }

  /** Runs it. */
  Row run(Contender waybill) {
    AtomicLong handled = new AtomicLong();
    try (MessageBus loads = start(1, handled)) { // what is there once, however many there are
      publish(loads, 1, 1, handled);
    }
    Kept before = Kept.now();
    try (MessageBus bus = start(turn.level(), handled)) {
      Kept after = Kept.now();
      publish(bus, size.warmUp() / turn.level(), turn.level(), handled);
      Meter meter = new Meter();
      publish(bus, size.measured() / turn.level(), turn.level(), handled);
      Meter.Usage usage = meter.used(size.measured() / turn.level() * turn.level());
      return Row.of(turn, waybill, waybill.receiveGuarantee(), usage, null)
          .keeping(
              (after.heapBytes - before.heapBytes) / turn.level(), after.threads - before.threads);
    }
  }

  private MessageBus start(int subscriptions, AtomicLong handled) {
    Routes routes =
        Routes.define(
            r ->
                r.event(Order.class)
                    .named("bench.order.v1")
                    .toTopic(TOPIC)
                    .keyedBy(Order::customer));
    MessageBus.Builder bus = MessageBus.over(InMemoryTransport.builder().build()).routes(routes);
    for (int i = 0; i < subscriptions; i++) {
      bus.subscribe(
          TOPIC,
          "subscription-" + i,
          c -> c.onEvent(Order.class, (order, context) -> handled.incrementAndGet()));
    }
    return bus.start();
  }

  /** Returns when all copies are handled; at most a window of them is on its way, or one event. */
  private void publish(MessageBus bus, long events, int subscriptions, AtomicLong handled) {
    Orders orders = new Orders(turn.bench().customers());
    long begun = handled.get();
    for (long i = 0; i < events; i++) {
      await(handled, begun + Math.max(0, i * subscriptions - Bench.WINDOW));
      bus.publish(orders.number(i)).join();
    }
    await(handled, begun + events * subscriptions);
  }

  private void await(AtomicLong handled, long count) {
    long begun = System.nanoTime();
    while (handled.get() < count) {
      if (System.nanoTime() - begun > size.longest().toNanos()) {
        throw new Failure("%d of %d copies were handled".formatted(handled.get(), count));
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
