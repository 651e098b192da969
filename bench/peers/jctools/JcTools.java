package dev.waybill.bench;

import org.jctools.queues.MpscArrayQueue;

/** JCTools' bounded queue of many producers and one consumer. */
final class JcTools extends Handover {
  private final MpscArrayQueue<Order> queue = new MpscArrayQueue<>(ROOM);

  JcTools(Place place, String name) {
    super(
        MpscArrayQueue.class,
        "at most once, in order: no settlement, no order per key, no metadata, no waiting",
        "MpscArrayQueue of " + ROOM + ", one thread polls and yields");
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    return loop(
        () -> {
          while (!Thread.currentThread().isInterrupted()) {
            Order order = queue.poll();
            if (order == null) {
              Thread.yield();
            } else {
              handler.handle(order);
            }
          }
        });
  }

  @Override
  public Outlet outlet() {
    return calling(
        order -> {
          while (!queue.offer(order)) {
            Thread.yield();
          }
        });
  }
}
