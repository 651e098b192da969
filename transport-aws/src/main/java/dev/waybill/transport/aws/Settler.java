package dev.waybill.transport.aws;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The native calls that settle the deliveries of one source. They block, so they run on the
 * connection's settling threads; those of one lane (a message group, else a delivery) in order.
 */
final class Settler {
  /** The most entries that one call to SQS takes. */
  static final int BATCH = 10;

  private static final Logger log = LoggerFactory.getLogger(Settler.class);
  private static final Duration SEND = Duration.ofSeconds(10);

  private final AwsPort port;
  private final Addresses addresses;
  private final Queue deadLetterQueue;
  private final Lanes lanes;
  private final Duration lease;

  Settler(AwsPort port, Addresses addresses, Source source, Lanes lanes, Duration lease) {
    this.port = port;
    this.addresses = addresses;
    this.deadLetterQueue = source.deadLetterQueue();
    this.lanes = lanes;
    this.lease = lease;
  }

  Duration lease() {
    return lease;
  }

  /**
   * Runs a call after those begun before in the same lane.
   *
   * @throws RejectedExecutionException if the connection is closed
   */
  void execute(Object lane, Runnable call) {
    lanes.execute(lane, call);
  }

  void delete(String queueUrl, ReceivedMessage message) {
    port.delete(queueUrl, message.receiptHandle());
  }

  void hide(String queueUrl, ReceivedMessage message, Duration time) {
    port.changeVisibility(queueUrl, message.receiptHandle(), Durations.wholeSeconds(time));
  }

  /** Stores the message in the dead-letter queue; returns once SQS has confirmed it. */
  void sendToDeadLetters(ReceivedMessage message, Map<String, String> evidence) {
    try {
      port.send(
          addresses.queueUrl(deadLetterQueue, SEND),
          WireFormat.deadLetter(message, evidence),
          SEND);
    } catch (AwsFailure e) {
      addresses.forget(deadLetterQueue);
      throw e;
    }
  }

  Queue deadLetterQueue() {
    return deadLetterQueue;
  }

  /** Gives messages back, so that others get them before the lease is over. Never throws. */
  void release(String queueUrl, List<String> receiptHandles, Deadline deadline) {
    for (int i = 0; i < receiptHandles.size() && !deadline.hasPassed(); i += BATCH) {
      int end = Math.min(receiptHandles.size(), i + BATCH);
      try {
        port.release(queueUrl, receiptHandles.subList(i, end), deadline.remaining());
      } catch (AwsFailure e) {
        log.debug(
            "{} messages come back only when their lease is over: {}", end - i, e.getMessage());
      }
    }
  }
}
