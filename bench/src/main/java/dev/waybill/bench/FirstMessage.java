package dev.waybill.bench;

import dev.waybill.bench.Contender.Outlet;
import dev.waybill.bench.Contender.Place;
import dev.waybill.bench.Contender.Running;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A JVM that handles one message: how long that takes from when the JVM was begun. */
final class FirstMessage {
  private static final int PATIENCE_SECONDS = 30;

  private FirstMessage() {}

  /**
   * Writes a row to standard output.
   *
   * @param args the contender, the round, the queue, and when the JVM was begun
   */
  public static void main(String[] args) throws Exception {
    Contender made = Part.INMEMORY.contender(args[0], new Place("memory:", args[2], 1));
    Instant handled = handleOne(made);
    // what measures is loaded now, and not before
    Duration cpu = ProcessHandle.current().info().totalCpuDuration().orElseThrow();
    long nanos = ChronoUnit.NANOS.between(Instant.parse(args[3]), handled);
    Turn turn = new Turn(Part.STARTUP, Bench.STARTUP, args[0], 0, Integer.parseInt(args[1]));
    Meter.Usage usage = new Meter.Usage(1, nanos, cpu.toNanos(), Meter.allocated());
    Row row = Row.of(turn, made, made.receiveGuarantee(), usage, null);
    System.out.println(row.toJson());
    System.exit(0); // whatever a contender has left behind
  }

  /** When the first message had been handled. */
  static Instant handleOne(Contender made)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<Instant> handled = new CompletableFuture<>();
    Running running = made.receive(1, order -> handled.complete(Instant.now()));
    try (running;
        Outlet outlet = made.outlet()) {
      outlet.send(new Orders(1).number(0), () -> {});
      return handled.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }
}
