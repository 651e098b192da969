package dev.waybill.internal;

import dev.waybill.ConsumerStatus;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.TransportConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A consumer at work: its receiver, its dispatcher, and the keeping of its leases. */
final class Consumer {
  /**
   * What a consumer is to be.
   *
   * @param atomic whether deliveries are settled together with what is sent
   * @param workers its own; ended with it
   */
  record Setting(
      Source source, int concurrency, int maxUnsettled, boolean atomic, ExecutorService workers) {}

  /** A lease is renewed at a third of its length, so that one renewal may fail. */
  private static final int RENEWALS_PER_LEASE = 3;

  private final Setting setting;

  /** Nothing can be done about a loss, but that it does not happen again. */
  private static final Duration LOSS_TOLD = Duration.ofMinutes(5);

  private final Settler settler;
  private final Dispatcher dispatcher;
  private final Trouble disturbance;
  private final Trouble losses;
  private final Receiver receiver;
  private final @Nullable ScheduledFuture<?> leaseKeeping;

  Consumer(
      Setting setting,
      Pipeline pipeline,
      Capabilities capabilities,
      TransportConnection connection,
      ScheduledExecutorService timer,
      Clock clock,
      SendReports reports) {
    this.setting = setting;
    this.settler = new Settler(setting.source(), timer, clock, reports);
    this.disturbance = new Trouble(clock);
    this.losses = new Trouble(clock);
    this.dispatcher =
        new Dispatcher(
            setting.source(),
            setting.concurrency(),
            pipeline,
            settler,
            setting.workers(),
            timer,
            capabilities.support(Feature.RETRY_AFTER),
            capabilities.longestOpen());
    this.leaseKeeping = keepLeases(dispatcher, capabilities.leaseDuration(), timer);
    Receiver.Listener listener =
        new ReceiverListener(setting.source(), dispatcher, disturbance, losses);
    this.receiver =
        setting.atomic()
            ? connection.receiveAtomically(setting.source(), setting.maxUnsettled(), listener)
            : connection.receive(setting.source(), setting.maxUnsettled(), listener);
  }

  /** Changes how many handlers may run at a time. */
  synchronized void concurrency(int handlers) {
    if (handlers < 1 || handlers > setting.maxUnsettled()) {
      throw new IllegalArgumentException(
          "concurrency(%d) of the %s: give from 1 to its maxUnsettled, %d."
              .formatted(handlers, setting.source(), setting.maxUnsettled()));
    }
    dispatcher.concurrency(handlers);
  }

  /** What is wrong at the moment, a sentence each. */
  Stream<String> problems() {
    return Stream.of(
            Optional.ofNullable(disturbance.sentence()),
            Optional.ofNullable(losses.sentence(LOSS_TOLD)),
            Optional.ofNullable(settler.problem()))
        .flatMap(Optional::stream);
  }

  ConsumerStatus status() {
    Receiver.Status now = receiver.status();
    return new ConsumerStatus(
        setting.source().name(),
        dispatcher.inFlight(),
        dispatcher.longestHandling(),
        dispatcher.waitingLanes() + now.waitingKeys(),
        dispatcher.open() >= setting.maxUnsettled(),
        now.backlog(),
        now.asOf(),
        now.owned(),
        now.waiting(),
        now.settledAhead());
  }

  int inFlight() {
    return dispatcher.inFlight();
  }

  void pause() {
    receiver.pause();
  }

  void resume() {
    receiver.resume();
  }

  /** Ends receiving, and gives back what has not begun; what has goes on. */
  void stop() {
    receiver.stop();
    dispatcher.stop();
  }

  /** After {@link #stop}: lets handlers finish, gives the rest back, closes. Blocks. */
  void drain(Duration patience) {
    try {
      dispatcher.drain(patience);
    } finally {
      if (leaseKeeping != null) {
        leaseKeeping.cancel(false);
      }
      receiver.close();
    }
  }

  private static @Nullable ScheduledFuture<?> keepLeases(
      Dispatcher dispatcher, @Nullable Duration lease, ScheduledExecutorService timer) {
    if (lease == null) {
      return null;
    }
    long period = lease.dividedBy(RENEWALS_PER_LEASE).toMillis();
    return timer.scheduleAtFixedRate(
        dispatcher::renewLeases, period, period, TimeUnit.MILLISECONDS);
  }
}
