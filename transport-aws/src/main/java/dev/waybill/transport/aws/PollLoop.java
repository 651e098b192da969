package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks SQS for messages while there is credit, and hands them to the listener; one thread. */
final class PollLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(PollLoop.class);

  /**
   * A poll can't be called back: what SQS hands over to one that was cut off stays hidden until the
   * lease is over. Two seconds are what stopping can wait for.
   */
  private static final Duration LONGEST_POLL = Duration.ofSeconds(2);

  private static final Duration LOOKUP = Duration.ofSeconds(5);

  private final AwsPort port;
  private final Addresses addresses;
  private final Source source;
  private final Receiver.Listener listener;
  private final OpenDeliveries open;
  private final Settler settler;
  private final Duration wait;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final ReentrantLock delivering = new ReentrantLock();
  private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
  private @Nullable MessagingException disturbance; // this loop's thread only
  private String attemptId = UUID.randomUUID().toString(); // this loop's thread only

  PollLoop(
      AwsPort port,
      Addresses addresses,
      Source source,
      Receiver.Listener listener,
      OpenDeliveries open,
      Settler settler) {
    this.port = port;
    this.addresses = addresses;
    this.source = source;
    this.listener = listener;
    this.open = open;
    this.settler = settler;
    this.wait = wait(settler.lease());
  }

  @Override
  public void run() {
    while (stopped.getCount() > 0) {
      try {
        int credit = open.awaitCredit();
        if (credit > 0) {
          poll(Math.min(credit, Settler.BATCH));
        }
      } catch (InterruptedException e) {
        // an SDK timeout may leave the flag behind; only stop() ends the loop
        log.debug("The receiver of {} was interrupted", source);
      } catch (AwsFailure e) {
        disturbed(e);
      } catch (RuntimeException e) {
        disturbed(new AwsFailure(ErrorCode.BROKER_ERROR, AwsFailure.Fate.UNKNOWN, e.toString(), e));
      }
    }
  }

  /** Nothing is handed over any more after the return. */
  void stop() {
    delivering.lock();
    try {
      stopped.countDown();
    } finally {
      delivering.unlock();
    }
    open.end();
  }

  private void poll(int max) {
    String queueUrl = addresses.queueUrl(source, LOOKUP);
    boolean fifo = source.keyed();
    Deadline lease = Deadline.in(settler.lease());
    List<ReceivedMessage> received =
        port.receive(
            queueUrl, max, wait, settler.lease(), fifo ? Optional.of(attemptId) : Optional.empty());
    attemptId = UUID.randomUUID().toString();
    undisturbed();
    for (int i = 0; i < received.size(); i++) {
      if (!handOver(
          new AwsDelivery(received.get(i), queueUrl, fifo, lease, settler, open::remove))) {
        giveBack(queueUrl, received.subList(i, received.size()));
        return;
      }
    }
  }

  /** Whether the listener has it; not after a stop. */
  private boolean handOver(AwsDelivery delivery) {
    delivering.lock();
    try {
      if (stopped.getCount() == 0) {
        return false;
      }
      open.add(delivery);
      listener.delivered(delivery);
      return true;
    } finally {
      delivering.unlock();
    }
  }

  private void giveBack(String queueUrl, List<ReceivedMessage> messages) {
    settler.release(
        queueUrl,
        messages.stream().map(ReceivedMessage::receiptHandle).toList(),
        Deadline.in(Duration.ofSeconds(2)));
  }

  private void disturbed(AwsFailure failure) {
    if (stopped.getCount() == 0) {
      return;
    }
    if (failure.code() == ErrorCode.NOT_FOUND) {
      addresses.forget(source);
    }
    if (disturbance == null || disturbance.code() != failure.code()) {
      disturbance = failure.asMessagingException("Nothing can be received from " + source);
      log.warn("{}; trying again until it works", disturbance.getMessage());
      tell(disturbance);
    }
    pause(backoff.next());
  }

  private void undisturbed() {
    backoff.reset();
    if (disturbance != null) {
      disturbance = null;
      log.info("Receiving from {} works again", source);
      tell(null);
    }
  }

  /** Tells of a disturbance, or with null of its end. */
  private void tell(@Nullable MessagingException problem) {
    delivering.lock();
    try {
      if (stopped.getCount() == 0) {
        return;
      }
      if (problem != null) {
        listener.failed(problem);
      } else {
        listener.recovered();
      }
    } finally {
      delivering.unlock();
    }
  }

  private void pause(Duration time) {
    try {
      boolean ended = stopped.await(time.toMillis(), TimeUnit.MILLISECONDS);
      log.trace("Paused for {}, ended by a stop: {}", time, ended);
    } catch (InterruptedException e) {
      log.debug("The pause of the receiver of {} was interrupted", source);
    }
  }

  /** Well within the lease, whose clock starts with the request. */
  private static Duration wait(Duration lease) {
    Duration quarter = Duration.ofSeconds(lease.toSeconds() / 4);
    return quarter.compareTo(LONGEST_POLL) < 0 ? quarter : LONGEST_POLL;
  }
}
