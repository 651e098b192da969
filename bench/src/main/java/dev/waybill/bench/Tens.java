package dev.waybill.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Collects sends by ten, as one would by hand; what is left over goes after ten milliseconds. */
final class Tens implements AutoCloseable {
  static final int SIZE = 10;
  private static final long LINGER_MILLIS = 10;

  /** An order and what to run when it is confirmed. */
  record Sent(Order order, Runnable confirmed) {}

  private final Consumer<List<Sent>> call;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private List<Sent> next = new ArrayList<>(SIZE);

  Tens(Consumer<List<Sent>> call) {
    this.call = call;
    var unused =
        timer.scheduleWithFixedDelay(
            this::flush, LINGER_MILLIS, LINGER_MILLIS, TimeUnit.MILLISECONDS);
  }

  synchronized void add(Order order, Runnable confirmed) {
    next.add(new Sent(order, confirmed));
    if (next.size() == SIZE) {
      flush();
    }
  }

  private synchronized void flush() {
    if (!next.isEmpty()) {
      List<Sent> full = next;
      next = new ArrayList<>(SIZE);
      call.accept(full);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
