package dev.waybill.bench;

import java.util.concurrent.ArrayBlockingQueue;

/** The JDK's bounded queue. */
final class BlockingQueueHandover extends Handover {
  private final ArrayBlockingQueue<Order> queue = new ArrayBlockingQueue<>(ROOM);

  BlockingQueueHandover(Place place, String name) {
    super(
        ArrayBlockingQueue.class,
        "at most once, in order: no settlement, no order per key, no metadata",
        "ArrayBlockingQueue of " + ROOM + ", one thread takes");
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    return loop(
        () -> {
          try {
            while (true) {
              handler.handle(queue.take());
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Override
  public Outlet outlet() {
    return calling(
        order -> {
          try {
            queue.put(order);
          } catch (InterruptedException e) {
            throw new Failure("Interrupted", e);
          }
        });
  }
}
