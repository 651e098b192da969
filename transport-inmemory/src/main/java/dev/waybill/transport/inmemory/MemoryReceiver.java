package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes messages from its queue and hands them to its listener: as many as it has credit for,
 * together, without the queue's lock; then it looks again. Whoever makes a message ready, by
 * sending or by settling the one before it, does so on its own thread, so that no thread is woken
 * in between. A thread of the receiver's does so for all else: what becomes due, credit after there
 * was none, and the state of the connection. If there is nothing to do it sleeps.
 */
final class MemoryReceiver implements Receiver {
  private static final Logger LOG = LoggerFactory.getLogger(MemoryReceiver.class);

  /**
   * Waits between looks for a queue that does not exist; so it is found soon, and looking is cheap.
   */
  private static final Duration FIRST_BACKOFF = Duration.ofMillis(5);

  private static final Duration LONGEST_BACKOFF = Duration.ofMillis(500);

  /** How often one who sends or settles looks again because others did meanwhile. */
  private static final int MOST_PASSES = 4;

  /** How long {@link #stop} waits for the listener to return from its last call. */
  private static final long STOP_MILLIS = 2_000;

  private final InMemoryBroker broker;
  private final Source source;
  private final Listener listener;
  private final Thread thread;
  private final Intake intake;

  /** What is being handed over, else empty; whoever does so holds the turn. */
  private final List<MemoryDelivery> taken = new ArrayList<>();

  private final Runnable tellOfTaken = this::tellOfTaken;

  /** Null until the source exists. */
  private volatile @Nullable MessageQueue queue;

  private volatile boolean closed;

  /** Whether somebody has wanted a hand-over since the one that goes on has begun. */
  private volatile boolean wanted;

  /** A receiver that has not begun yet; see {@link #start}. */
  MemoryReceiver(
      InMemoryBroker broker,
      MemorySender sender,
      Source source,
      int maxUnsettled,
      Conduct conduct,
      Listener listener) {
    this.broker = broker;
    this.source = source;
    this.listener = listener;
    this.thread = new Thread(this::run, "waybill-inmemory-" + source.name());
    this.thread.setDaemon(true);
    this.intake = new Intake(thread, this::handOver, sender, maxUnsettled, conduct);
  }

  /** Begins to receive. */
  void start() {
    tryToJoin();
    thread.start();
  }

  /** The backlog is the whole queue's, with what others have open. */
  @Override
  public Status status() {
    MessageQueue joined = queue;
    return joined == null || closed
        ? Status.UNKNOWN
        : new Status((long) joined.size(), Instant.now(), List.of(), 0, 0);
  }

  @Override
  public void pause() {
    intake.paused = true;
    standAside();
  }

  @Override
  public void resume() {
    intake.paused = false;
    intake.wake();
  }

  @Override
  public void stop() {
    intake.stopped = true;
    intake.wake();
    standAside();
    if (intake.isCurrentThread()) {
      return;
    }
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
    try {
      thread.join(STOP_MILLIS);
      if (intake.turn.tryLock(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        intake.turn.unlock();
      } else {
        LOG.warn("The listener of {} has not returned within {} ms", source, STOP_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed = true;
    stop();
    MessageQueue joined = queue;
    if (joined != null) {
      joined.leave(intake);
    }
  }

  boolean isClosed() {
    return closed;
  }

  private void standAside() {
    MessageQueue joined = queue;
    if (joined != null) {
      joined.standAside(intake);
    }
  }

  private boolean tryToJoin() {
    MessageQueue found = broker.queue(source.name());
    if (found == null) {
      return false;
    }
    found.join(intake);
    queue = found;
    return true;
  }

  private void run() {
    MessageQueue joined = awaitQueue();
    if (joined == null) {
      return;
    }
    receive(joined);
    joined.handedOver();
  }

  private @Nullable MessageQueue awaitQueue() {
    if (queue != null) {
      return queue;
    }
    report(() -> listener.failed(missing()));
    long backoff = FIRST_BACKOFF.toNanos();
    while (!intake.stopped && !isThere()) {
      LockSupport.parkNanos(this, backoff);
      forgetInterrupt();
      backoff = Math.min(2 * backoff, LONGEST_BACKOFF.toNanos());
    }
    return queue;
  }

  /** Reports that it is before anybody hands over. */
  private boolean isThere() {
    return inTurn(
        () -> {
          boolean joined = tryToJoin();
          if (joined) {
            tell(listener::recovered);
          }
          return joined;
        });
  }

  private void receive(MessageQueue joined) {
    while (!intake.stopped) {
      intake.woken = false;
      if (intake.disconnected) {
        reconnect(joined);
      }
      joined.doWhatIsDue();
      handOver();
      parkUnlessWoken(joined.nextDue());
    }
  }

  private void reconnect(MessageQueue joined) {
    report(() -> listener.failed(broker.faults().lost()));
    while (!intake.stopped && !isConnected(joined)) {
      parkUnlessWoken(Ticker.NEVER);
      intake.woken = false;
    }
  }

  private boolean isConnected(MessageQueue joined) {
    return inTurn(
        () -> {
          boolean connected = joined.connect(intake);
          if (connected && !intake.stopped) {
            tell(listener::recovered);
          }
          return connected;
        });
  }

  private void parkUnlessWoken(long due) {
    if (!intake.woken) {
      broker.ticker().park(due);
      forgetInterrupt();
    }
  }

  private void report(Runnable call) {
    var unused =
        inTurn(
            () -> {
              tell(call);
              return true;
            });
  }

  /** Waits until nobody hands over, and lets nobody do so meanwhile. */
  private boolean inTurn(BooleanSupplier work) {
    intake.turn.lock();
    try {
      return work.getAsBoolean();
    } finally {
      endTurn();
    }
  }

  private void endTurn() {
    intake.turn.unlock();
    MessageQueue joined = queue;
    if (joined != null) {
      joined.handedOver();
    }
  }

  /**
   * On any thread, but not within another hand-over of this receiver's: that looks again. Nobody
   * who sends or settles does this for all the others who do: the rest is the receiver's thread's.
   */
  private void handOver() {
    wanted = true;
    MessageQueue joined = queue;
    if (joined == null || intake.isCurrentThread()) {
      return;
    }
    int passes = 0;
    while (wanted && passes < MOST_PASSES && intake.turn.tryLock()) {
      try {
        wanted = false;
        if (handOverSome(joined)) {
          wanted = true;
        }
      } finally {
        endTurn();
      }
      passes++;
    }
    if (wanted && passes == MOST_PASSES) {
      intake.wake();
    }
  }

  /** Returns whether there may be more. */
  private boolean handOverSome(MessageQueue joined) {
    boolean more = joined.take(intake, taken);
    if (intake.stopped) {
      taken.forEach(joined::takeBack);
    } else {
      taken.removeIf(delivery -> !delivery.isOpen());
      tell(tellOfTaken);
    }
    taken.clear();
    return more;
  }

  private void tellOfTaken() {
    if (taken.size() == 1) {
      listener.delivered(taken.get(0));
    } else if (!taken.isEmpty()) {
      listener.delivered(taken);
    }
  }

  /**
   * Only {@link #stop} ends the thread; an interrupt left by a listener would make parking spin.
   */
  private static void forgetInterrupt() {
    boolean unused = Thread.interrupted();
  }

  private void tell(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException | Error e) {
      LOG.error("The listener of {} failed, which it must not; receiving goes on", source, e);
    }
  }

  private MessagingException missing() {
    return new MessagingException(
        ErrorCode.NOT_FOUND,
        "The in-memory broker has no %s: prepare it with topology CREATE; receiving begins once it exists."
            .formatted(source));
  }
}
