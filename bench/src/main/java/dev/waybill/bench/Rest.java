package dev.waybill.bench;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Waits until the brokers that this process has started are at rest. One that has just taken a log
 * goes on with it, writing what it has in memory to files: whoever begins sooner reads more of it
 * from memory, and whoever comes later shares the machine with that work.
 */
final class Rest {
  private static final long LOOK_MILLIS = 500;

  /** Of one core; idle, Kafka and RabbitMQ are below two percent. */
  private static final double AT_REST = 0.05;

  private static final long PATIENCE_NANOS = 120_000_000_000L;

  private Rest() {}

  /**
   * Blocks, for two looks in a row without work at least. If there is no rest for two minutes, it
   * says so, and what is measured then is with that work beside it.
   */
  static void await() {
    long begun = System.nanoTime();
    long cpu = cpuNanos();
    int idle = 0;
    while (idle < 2) {
      long looked = System.nanoTime();
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        throw new Failure("Interrupted", e);
      }
      long now = cpuNanos();
      idle = now - cpu < AT_REST * (System.nanoTime() - looked) ? idle + 1 : 0;
      cpu = now;
      if (System.nanoTime() - begun > PATIENCE_NANOS) {
        System.out.println("The broker is not at rest after two minutes");
        return;
      }
    }
  }

  private static long cpuNanos() {
    return ProcessHandle.current()
        .descendants()
        .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
        .mapToLong(Duration::toNanos)
        .sum();
  }
}
