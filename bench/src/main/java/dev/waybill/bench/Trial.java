package dev.waybill.bench;

import dev.waybill.bench.Contender.Outlet;
import dev.waybill.bench.Contender.Place;
import dev.waybill.bench.Contender.Running;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** One contender in one bench, in this JVM. */
record Trial(Turn turn, Size size) {
  private static final Duration CONFIRMED = Duration.ofMinutes(1);
  private static final int NUMBER_OF_DIGITS = 3;

  /** No more than this many bytes are on their way, where their number is varied. */
  private static final int BYTES_ON_THEIR_WAY = 64 * 1024 * 1024;

  /** The JVM of one trial: writes its row to standard output. */
  public static void main(String[] args) {
    Part part = Part.valueOf(args[0]);
    Bench bench = Bench.valueOf(args[1]);
    Turn turn =
        new Turn(part, bench, args[2], Integer.parseInt(args[4]), Integer.parseInt(args[5]));
    Place place = new Place(args[6], args[7], bench.partitions());
    Trial trial = new Trial(turn, Size.of(turn, Size.Mode.valueOf(args[3])));
    try {
      System.out.println(trial.run(place).toJson());
    } catch (RuntimeException | Error e) {
      Failure.end(turn.toString(), e); // or the threads of a contender would keep the JVM
    }
    System.exit(0); // whatever a contender has left behind
  }

  /** The arguments of {@link #main}. */
  static List<String> arguments(Turn turn, Size.Mode mode, Place place) {
    return List.of(
        turn.part().name(),
        turn.bench().name(),
        turn.contender(),
        mode.name(),
        String.valueOf(turn.level()),
        String.valueOf(turn.round()),
        place.uri(),
        place.queue());
  }

  /** Runs it; the log that is read is there already, but for a broker in this JVM. */
  Row run(Place place) {
    Contender made =
        switch (turn.bench()) {
          case CHANNELS -> Own.channels(place, turn.level());
          case EXACTLY_ONCE -> turn.part().shipping(turn.contender(), place);
          default -> turn.part().contender(turn.contender(), place);
        };
    return switch (turn.bench()) {
      case PRODUCE, PRODUCE_BODIES -> produce(made);
      case FLOW, CHANNELS, KEYS, BODIES -> flow(made);
      case LATENCY -> latency(made);
      case EXACTLY_ONCE -> ship(made, place);
      case SUBSCRIPTIONS -> new Subscriptions(turn, size).run(made);
      default -> {
        if (turn.part() == Part.INMEMORY) {
          try (Outlet outlet = made.outlet()) {
            fill(outlet, orders(), size.log());
          }
        }
        yield consume(made);
      }
    };
  }

  private Orders orders() {
    return switch (turn.bench()) {
      case KEYS -> new Orders(turn.level());
      case BODIES, PRODUCE_BODIES -> new Orders(turn.bench().customers(), turn.level());
      default -> new Orders(turn.bench().customers());
    };
  }

  private int window() {
    return turn.bench() == Bench.BODIES || turn.bench() == Bench.PRODUCE_BODIES
        ? Math.min(Bench.WINDOW, BYTES_ON_THEIR_WAY / turn.level())
        : Bench.WINDOW;
  }

  private int handlers() {
    return turn.bench().handlers(turn.contender());
  }

  /** Sends the log of a bench. */
  static void fill(Outlet outlet, Orders orders, long count) {
    send(outlet, 0, count, orders, Bench.WINDOW, null);
  }

  private Row produce(Contender made) {
    Orders orders = orders();
    try (Outlet outlet = made.outlet()) {
      send(outlet, 0, size.warmUp(), orders, window(), null);
      Histogram latencies = new ConcurrentHistogram(CONFIRMED.toNanos(), NUMBER_OF_DIGITS);
      Meter meter = new Meter();
      send(outlet, size.warmUp(), size.measured(), orders, window(), latencies);
      return row(made, made.sendGuarantee(), meter.used(size.measured()), latencies);
    }
  }

  /** Returns when all are confirmed. */
  private static void send(
      Outlet outlet,
      long from,
      long count,
      Orders orders,
      int most,
      @Nullable Histogram latencies) {
    Semaphore window = new Semaphore(most);
    for (long number = from; number < from + count; number++) {
      acquire(window, 1);
      long begun = System.nanoTime();
      outlet.send(
          orders.number(number),
          () -> {
            if (latencies != null) {
              latencies.recordValue(Math.min(System.nanoTime() - begun, CONFIRMED.toNanos()));
            }
            window.release();
          });
    }
    acquire(window, most);
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
    Running running = made.receive(handlers(), order -> progress.done());
    try (running;
        Outlet outlet = made.outlet()) {
      Flow flow = new Flow(outlet, progress, orders(), window());
      try (flow) {
        return row(made, made.receiveGuarantee(), progress.measure(), null);
      }
    }
  }

  private Row latency(Contender made) {
    FixedRate fixedRate = new FixedRate(size, Size.rate(turn.part()), orders());
    Running running = made.receive(handlers(), fixedRate);
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
            handlers(),
            order -> {
              if (turn.bench().handle(order)) {
                progress.done();
              }
            });
    try {
      return row(made, made.receiveGuarantee(), progress.measure(), null);
    } finally {
      running.close();
    }
  }

  /** What is lost or stored twice is no figure, but a failure. */
  private Row ship(Contender made, Place place) {
    Progress progress = new Progress(size);
    Running running = made.receive(handlers(), order -> progress.done());
    try (KafkaShipments shipments = new KafkaShipments(place, size.log())) {
      Meter.Usage usage;
      try (running) {
        usage = progress.measure();
        shipments.awaitAll();
      }
      shipments.readOn();
      return row(made, made.receiveGuarantee(), usage, null);
    }
  }

  private Row row(
      Contender made, String guarantee, Meter.Usage usage, @Nullable Histogram latencies) {
    return Row.of(
        turn,
        made,
        guarantee,
        usage,
        latencies == null ? null : percent -> latencies.getValueAtPercentile(percent) / 1_000.0);
  }
}
