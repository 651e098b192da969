package dev.waybill.transport.aws;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls a receiver's listener: by one thread at a time, not after the stop, and for a disturbance
 * once when it begins and once when it is over.
 */
final class Handover {
  private static final Logger log = LoggerFactory.getLogger(Handover.class);

  private final Source source;
  private final Receiver.Listener listener;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable MessagingException disturbance; // guarded by lock

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

  void disturbed(AwsFailure failure) {
    var unused =
        give(
            to -> {
              if (disturbance == null || disturbance.code() != failure.code()) {
                disturbance =
                    failure.asMessagingException("Nothing can be received from " + source);
                log.warn("{}; trying again until it works", disturbance.getMessage());
                to.failed(disturbance);
              }
            });
  }

  void undisturbed() {
    var unused =
        give(
            to -> {
              if (disturbance != null) {
                disturbance = null;
                log.info("Receiving from {} works again", source);
                to.recovered();
              }
            });
  }
}
