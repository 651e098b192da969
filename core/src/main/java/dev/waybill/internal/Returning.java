package dev.waybill.internal;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of messages that were given back and will come again: when they failed first, for
 * their evidence; and of those that are given back only because a delivery can't be open for
 * longer, which attempt is next and when it is due. Kept here, since no broker does; so a message
 * that goes on in another instance begins anew there. Keeps so many, the latest. Thread-safe.
 */
final class Returning {
  private static final int MOST = 10_000;

  /**
   * What is known of one.
   *
   * @param attempt the next; 0 if the transport counts
   */
  private record Known(@Nullable Instant firstFailure, int attempt, Waits.@Nullable Due due) {}

  private final Map<String, Known> byBrokerId =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
          return size() > MOST;
        }
      };

  /** Whether anything is kept, which costs no lock to know: most messages come once. */
  private volatile boolean any;

  /** Keeps the time of a message whose next attempt is the transport's to count. */
  void keepFirstFailure(Work work) {
    Instant first = work.firstFailure();
    if (first != null) {
      keep(work, new Known(first, 0, null));
    }
  }

  /** Keeps all of a message, to go on with where it was. */
  void keep(Work work) {
    keep(work, new Known(work.firstFailure(), work.attempt(), work.due()));
  }

  private synchronized void keep(Work work, Known known) {
    byBrokerId.put(work.delivery.brokerId(), known);
    any = true;
  }

  /** Gives a message that has come again what was kept of it, if that is here. */
  void giveTo(Work work) {
    if (any) {
      giveKept(work);
    }
  }

  private synchronized void giveKept(Work work) {
    Known known = byBrokerId.get(work.delivery.brokerId());
    if (known != null && (known.attempt() > 0 || work.attempt() > 1)) {
      byBrokerId.remove(work.delivery.brokerId());
      any = !byBrokerId.isEmpty();
      work.cameAgain(known.firstFailure(), known.attempt(), known.due());
    }
  }
}
