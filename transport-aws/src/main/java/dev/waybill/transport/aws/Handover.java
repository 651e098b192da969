package dev.waybill.transport.aws;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls a receiver's listener: by one thread at a time, not after the stop, and for a disturbance
 * once when it begins and once when none is left.
 */
final class Handover {
  private static final Logger log = LoggerFactory.getLogger(Handover.class);

  /** What may be disturbed. */
  enum Work {
    /** The polls. */
    RECEIVING("Nothing can be received from %s", "Receiving from %s works again"),
    /** The renewals of leases. */
    RENEWING(
        "Messages come again while they are handled, as leases can't be renewed, from %s",
        "No lease waits for a renewal that fails, of what is received from %s");

    private final String begin;
    private final String end;

    Work(String begin, String end) {
      this.begin = begin;
      this.end = end;
    }
  }

  private final Source source;
  private final Receiver.Listener listener;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Work, MessagingException> disturbances = new EnumMap<>(Work.class); // by lock

  Handover(Source source, Receiver.Listener listener) {
    this.source = source;
    this.listener = listener;
  }

  /** The listener is not called any more after the return. */
  void stop() {
    lock.lock();
    try {
      stopped.countDown();
    } finally {
      lock.unlock();
    }
  }

  boolean isStopped() {
    return stopped.getCount() == 0;
  }

  /** Blocks for a time, or until the stop. */
  void rest(Duration time) throws InterruptedException {
    boolean ended = stopped.await(time.toMillis(), TimeUnit.MILLISECONDS);
    log.trace("Paused for {}, ended by a stop: {}", time, ended);
  }

  /** Whether the listener was given what there is; not after the stop. */
  boolean give(Consumer<Receiver.Listener> delivery) {
    lock.lock();
    try {
      if (isStopped()) {
        return false;
      }
      delivery.accept(listener);
      return true;
    } finally {
      lock.unlock();
    }
  }

  void disturbed(Work work, AwsFailure failure) {
    var unused =
        give(
            to -> {
              MessagingException before = disturbances.get(work);
              if (before == null || before.code() != failure.code()) {
                MessagingException problem =
                    failure.asMessagingException(work.begin.formatted(source));
                disturbances.put(work, problem);
                log.warn("{}; trying again until it works", problem.getMessage());
                to.failed(problem);
              }
            });
  }

  void undisturbed(Work work) {
    var unused =
        give(
            to -> {
              if (disturbances.remove(work) != null) {
                log.info(work.end.formatted(source));
                if (disturbances.isEmpty()) {
                  to.recovered();
                }
              }
            });
  }
}
