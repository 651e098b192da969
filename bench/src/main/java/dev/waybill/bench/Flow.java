package dev.waybill.bench;

import dev.waybill.bench.Contender.Outlet;
import java.util.List;
import java.util.stream.LongStream;

/** Sends without end, on a thread of its own, no further ahead of the handlers than a window. */
final class Flow implements AutoCloseable {
  private final Outlet outlet;
  private final Progress progress;

  /** Made beforehand: by reference, an order would cost more to make than to hand over. */
  private final List<Order> orders;

  private final Thread thread = new Thread(this::send, "flow");
  private volatile boolean closed;

  private final int window;

  Flow(Outlet outlet, Progress progress, Orders made, int window) {
    this.outlet = outlet;
    this.progress = progress;
    this.orders = LongStream.range(0, made.customers()).mapToObj(made::number).toList();
    this.window = window;
    thread.setDaemon(true);
    thread.start();
  }

  private void send() {
    try {
      long handled = 0;
      for (long sent = 0; !closed; sent++) {
        while (sent - handled >= window && !closed) {
          handled = progress.count();
          Thread.onSpinWait();
        }
        outlet.send(orders.get((int) (sent % orders.size())), () -> {});
      }
    } catch (RuntimeException e) {
      Failure.end("a send", e);
    }
  }

  /** Ends sending, and waits for that. */
  @Override
  public void close() {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new Failure("Interrupted", e);
    }
  }
}
