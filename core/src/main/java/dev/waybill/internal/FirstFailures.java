package dev.waybill.internal;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * When messages failed first that wait for their next attempt at the broker, for their evidence.
 * Kept here, since no broker does; so a message that goes on in another instance begins anew there.
 * Keeps so many, the latest. Thread-safe.
 */
final class FirstFailures {
  private static final int MOST = 10_000;

  private final Map<String, Instant> byBrokerId =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > MOST;
        }
      };

  /** Keeps the time for when the message comes again. */
  synchronized void keep(Work work) {
    Instant first = work.firstFailure();
    if (first != null) {
      byBrokerId.put(work.delivery.brokerId(), first);
    }
  }

  /** Gives a message that has come again its time, if it is here. */
  synchronized void giveTo(Work work) {
    if (work.attempt() > 1 && !byBrokerId.isEmpty()) {
      work.failedBefore(byBrokerId.remove(work.delivery.brokerId()));
    }
  }
}
