package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Growing pauses between attempts, with jitter so that instances do not come in step. Thread-safe.
 */
final class Backoff {
  private final long first;
  private final long longest;
  private long next;

  Backoff(Duration first, Duration longest) {
    this.first = first.toMillis();
    this.longest = longest.toMillis();
    this.next = this.first;
  }

  /** The next pause: between half and all of a span that doubles up to the longest. */
  synchronized Duration next() {
    long span = next;
    next = Math.min(longest, next * 2);
    return Duration.ofMillis(span / 2 + ThreadLocalRandom.current().nextLong(span / 2 + 1));
  }

  synchronized void reset() {
    next = first;
  }
}
