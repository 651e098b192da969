package dev.waybill.internal;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Takes in what a dead-letter queue has, and knows when that was all. */
final class Intake implements Receiver.Listener {
  /**
   * What a receiver says of its backlog counts if it is younger than the last delivery by this: at
   * the same moment something may be on its way that is counted nowhere.
   */
  private static final Duration SETTLED_DOWN = Duration.ofSeconds(1);

  private static final long LOOK_MILLIS = 50;

  private final Source source;
  private final int credit;
  private final List<Delivery> deliveries = new ArrayList<>();
  private Instant lastChange = Instant.now();
  private @Nullable MessagingException problem;
  private @Nullable MessagingException forgotten;
  private long total;
  private boolean all;

  /** For the dead letters of a source. */
  Intake(Source source, int credit) {
    this.source = source;
    this.credit = credit;
  }

  @Override
  public synchronized void delivered(Delivery delivery) {
    deliveries.add(delivery);
    lastChange = Instant.now();
  }

  @Override
  public synchronized void failed(MessagingException failure) {
    problem = failure;
    lastChange = Instant.now();
  }

  @Override
  public synchronized void recovered() {
    problem = null;
    lastChange = Instant.now();
  }

  @Override
  public synchronized void forgotten(MessagingException why) {
    forgotten = why;
  }

  /** The first is about to be settled: what was forgotten before does not matter. */
  synchronized void settling() {
    forgotten = null;
  }

  /** Why what was settled may come again; null if it was stored, as far as is known. */
  synchronized @Nullable MessagingException forgotten() {
    return forgotten;
  }

  /** What has come and is still ours and not settled, in the order in which it came. */
  synchronized List<Delivery> held() {
    deliveries.removeIf(delivery -> !delivery.isOwned());
    return List.copyOf(deliveries);
  }

  synchronized void settled(Delivery delivery) {
    deliveries.remove(delivery);
  }

  synchronized long total() {
    return total;
  }

  synchronized boolean isAll() {
    return all;
  }

  /**
   * Blocks until all is here, or as much as there is credit for; or, while others keep coming, for
   * as long as there is patience.
   */
  void awaitAll(Receiver receiver, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (!isComplete(receiver.status())) {
      boolean isLate = System.nanoTime() - end >= 0;
      failIfHopeless(isLate);
      if (isLate && held().isEmpty()) {
        throw unknown(patience);
      }
      if (isLate) {
        return;
      }
      rest();
    }
  }

  private synchronized void failIfHopeless(boolean isLate) {
    if (problem != null && problem.code() == ErrorCode.NOT_FOUND) {
      throw missing(problem);
    }
    if (problem != null && (isLate || !problem.code().isTransient())) {
      throw problem;
    }
  }

  /** Whatever the broker's words are. */
  private MessagingException missing(MessagingException cause) {
    return new MessagingException(
        ErrorCode.NOT_FOUND,
        ("The %s does not exist on this broker, so the %s has no dead letters there: give its name as"
                + " the routes have it. A consumer that starts with the topology mode CREATE makes"
                + " both.")
            .formatted(source.deadLetterQueue(), source),
        cause);
  }

  private void rest() {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MessagingException(
          ErrorCode.TIMEOUT,
          "Interrupted while the dead letters in the %s were being taken in hand; they are given back."
              .formatted(source.deadLetterQueue()),
          e);
    }
  }

  private synchronized boolean isComplete(Receiver.Status status) {
    int here = held().size();
    Long backlog = status.backlog();
    Instant asOf = status.asOf();
    boolean known = false;
    total = here;
    if (backlog != null && asOf != null && asOf.isAfter(lastChange.plus(SETTLED_DOWN))) {
      known = true;
      total = Math.max(here, backlog);
    }
    all = known && here >= total;
    return here >= credit ? known || isOverdue() : all;
  }

  /** Nobody counts what is beyond the credit on some brokers. */
  private boolean isOverdue() {
    return Instant.now().isAfter(lastChange.plus(SETTLED_DOWN.multipliedBy(6)));
  }

  private MessagingException unknown(Duration patience) {
    return new MessagingException(
        ErrorCode.TIMEOUT,
        ("It was not to be learned within %d s which dead letters are in the %s: either it is not there,"
                + " or another consumer of it has them; a consumer that was killed is missed by its"
                + " broker after up to 45 s. Try again, with more patience.")
            .formatted(patience.toSeconds(), source.deadLetterQueue()));
  }
}
