package dev.waybill.bench;

import dev.waybill.bench.Contender.Outlet;
import dev.waybill.bench.Contender.Place;
import dev.waybill.bench.Contender.Running;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** One contender in one bench, in this JVM. */
record Trial(Part part, Bench bench, String contender, Size size, int round) {
  private static final Duration CONFIRMED = Duration.ofMinutes(1);
  private static final int NUMBER_OF_DIGITS = 3;

  /** The JVM of one trial: writes its row to standard output. */
  public static void main(String[] args) {
    Part part = Part.valueOf(args[0]);
    Bench bench = Bench.valueOf(args[1]);
    Size size = Size.of(part, bench, Size.Mode.valueOf(args[3]));
    Place place = new Place(args[5], args[6], bench.partitions());
    Trial trial = new Trial(part, bench, args[2], size, Integer.parseInt(args[4]));
    System.out.println(trial.run(place).toJson());
    System.exit(0); // whatever a contender has left behind
  }

  /** Runs it; the log that is read is there already, but for a broker in this JVM. */
  Row run(Place place) {
    Contender made = part.contender(contender, place);
    if (bench == Bench.PRODUCE) {
      return produce(made);
    }
    if (bench == Bench.FLOW) {
      return flow(made);
    }
    if (bench == Bench.LATENCY) {
      return latency(made);
    }
    if (part == Part.INMEMORY) {
      try (Outlet outlet = made.outlet()) {
        fill(outlet, bench, size.log());
      }
    }
    return consume(made);
  }

  /** Sends the log of a bench. */
  static void fill(Outlet outlet, Bench bench, long count) {
    send(outlet, 0, count, bench.customers(), null);
  }

  private Row produce(Contender made) {
    try (Outlet outlet = made.outlet()) {
      send(outlet, 0, size.warmUp(), bench.customers(), null);
      Histogram latencies = new ConcurrentHistogram(CONFIRMED.toNanos(), NUMBER_OF_DIGITS);
      Meter meter = new Meter();
      send(outlet, size.warmUp(), size.measured(), bench.customers(), latencies);
      return row(made, made.sendGuarantee(), meter.used(size.measured()), latencies);
    }
  }

  /** Returns when all are confirmed. */
  private static void send(
      Outlet outlet, long from, long count, int customers, @Nullable Histogram latencies) {
    Semaphore window = new Semaphore(Bench.WINDOW);
    for (long number = from; number < from + count; number++) {
      acquire(window, 1);
      long begun = System.nanoTime();
      outlet.send(
          Order.number(number, customers),
          () -> {
            if (latencies != null) {
              latencies.recordValue(Math.min(System.nanoTime() - begun, CONFIRMED.toNanos()));
            }
            window.release();
          });
    }
    acquire(window, Bench.WINDOW);
  }

  private static void acquire(Semaphore window, int permits) {
    try {
      if (!window.tryAcquire(permits, CONFIRMED.toSeconds(), TimeUnit.SECONDS)) {
        throw new Failure("Sends were not confirmed within " + CONFIRMED);
      }
    } catch (InterruptedException e) {
      throw new Failure("Interrupted while sending", e);
    }
  }

  private Row flow(Contender made) {
    Progress progress = new Progress(size);
    Running running = made.receive(bench.handlers(contender), order -> progress.done());
    try (running;
        Outlet outlet = made.outlet()) {
      Flow flow = new Flow(outlet, progress, bench.customers());
      try (flow) {
        return row(made, made.receiveGuarantee(), progress.measure(), null);
      }
    }
  }

  private Row latency(Contender made) {
    FixedRate fixedRate = new FixedRate(size, Size.rate(part), bench.customers());
    Running running = made.receive(bench.handlers(contender), fixedRate);
    try (running;
        Outlet outlet = made.outlet()) {
      Meter.Usage usage = fixedRate.send(outlet);
      return row(made, made.receiveGuarantee(), usage, fixedRate.latencies());
    }
  }

  private Row consume(Contender made) {
    Progress progress = new Progress(size);
    Running running =
        made.receive(
            bench.handlers(contender),
            order -> {
              if (bench.handle(order)) {
                progress.done();
              }
            });
    try {
      return row(made, made.receiveGuarantee(), progress.measure(), null);
    } finally {
      running.close();
    }
  }

  private Row row(
      Contender made, String guarantee, Meter.Usage usage, @Nullable Histogram latencies) {
    double n = usage.messages();
    return new Row(
        part.inWords(),
        bench.id(),
        contender,
        made.version(),
        guarantee,
        made.settings(),
        usage.messages(),
        n * TimeUnit.SECONDS.toNanos(1) / usage.nanos(),
        usage.cpuNanos() / n / 1_000,
        usage.allocatedBytes() / n,
        micros(latencies, 50),
        micros(latencies, 99),
        micros(latencies, 99.9),
        round,
        Runtime.version().toString(),
        null,
        null,
        null);
  }

  private static @Nullable Double micros(@Nullable Histogram latencies, double percentile) {
    return latencies == null ? null : latencies.getValueAtPercentile(percentile) / 1_000.0;
  }
}
