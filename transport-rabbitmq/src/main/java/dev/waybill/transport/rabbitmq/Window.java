package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.rabbitmq.PendingSend.Target;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Room for messages without an answer: so many at once, and so many of them to one queue or
 * exchange, so that one that answers nothing leaves room for the others. Thread-safe.
 */
final class Window {
  /**
   * As many as may go where the last one got no answer in time. Many that wait for quorum queues
   * without a majority keep RabbitMQ from reading their connection.
   */
  static final int DOUBTED = 10;

  private static final int NO_END = Integer.MAX_VALUE / 2;

  private final Semaphore all;
  private final int each;
  private final Map<String, Share> shares = new ConcurrentHashMap<>();

  /** Whether there was ever one in doubt: without, an answer costs no look. */
  private volatile boolean doubts;

  /** A place of one queue or exchange; to be run once, to give it back. */
  private final class Share implements Runnable {
    private final String name;
    private final Places places = new Places(each);

    // changed in the map's calls for it alone, which are one after another
    private int users;
    private boolean doubted;

    Share(String name) {
      this.name = name;
    }

    Share used() {
      users++;
      return this;
    }

    @Nullable Share unused() {
      users--;
      return users == 0 ? null : this;
    }

    Share doubt() {
      if (!doubted) {
        doubted = true;
        places.take(each - DOUBTED);
      }
      return this;
    }

    Share trust() {
      if (doubted) {
        doubted = false;
        places.release(each - DOUBTED);
      }
      return this;
    }

    boolean enter(Duration limit) throws InterruptedException {
      long end = System.nanoTime() + limit.toNanos();
      if (!places.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
        return false;
      }
      boolean entered = false;
      try {
        entered = all.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      } finally {
        if (!entered) {
          places.release();
        }
      }
      return entered;
    }

    @Override
    public void run() {
      places.release();
      all.release();
      leave(name);
    }
  }

  /** Places of which some can be taken that are not free. */
  private static final class Places extends Semaphore {
    private static final long serialVersionUID = 1L;

    Places(int count) {
      super(count, true);
    }

    void take(int count) {
      reducePermits(count);
    }
  }

  /**
   * A window.
   *
   * @param all how many messages at once
   * @param each how many of them to one queue or exchange
   */
  Window(int all, int each) {
    this.all = new Semaphore(all, true);
    this.each = each;
  }

  /**
   * Waits for a place.
   *
   * @return gives the place back, to be run once; null if there was none in time
   */
  @Nullable Runnable enter(Target target, Duration limit) throws InterruptedException {
    Share share =
        shares.compute(
            name(target), (name, known) -> (known == null ? new Share(name) : known).used());
    boolean entered = false;
    try {
      entered = share.enter(limit);
    } finally {
      if (!entered) {
        leave(share.name);
      }
    }
    return entered ? share : null;
  }

  /**
   * A message got no answer in time: fewer may go there, until one is confirmed, or none is left.
   */
  void doubt(Target target) {
    doubts = true;
    shares.computeIfPresent(name(target), (name, share) -> share.doubt());
  }

  /** A message was confirmed in time. */
  void trust(Target target) {
    if (doubts) {
      shares.computeIfPresent(name(target), (name, share) -> share.trust());
    }
  }

  /** There is room for everybody, for nobody sends any more. Once. */
  void open() {
    all.release(NO_END);
    shares.values().forEach(share -> share.places.release(NO_END));
  }

  private void leave(String name) {
    shares.computeIfPresent(name, (same, share) -> share.unused());
  }

  private static String name(Target target) {
    return target.exchange().isEmpty() ? target.routingKey() : target.exchange();
  }
}
