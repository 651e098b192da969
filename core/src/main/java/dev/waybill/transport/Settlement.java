package dev.waybill.transport;

import java.time.Duration;
import java.util.Map;

/**
 * What a transport is told to do with a delivery, exactly once. The native effects are listed with
 * each form; a transport's page says what it does.
 */
public sealed interface Settlement {
  /** What became of a settlement. */
  enum Result {
    /**
     * The broker has it, or the transport's own bookkeeping, which reaches the broker soon. If the
     * process or the connection is lost before, the message comes again.
     */
    SETTLED,
    /**
     * The delivery was no longer this instance's (lease, assignment or connection lost) and nothing
     * was done. The broker delivers the message again; a counted event, not an error.
     */
    NOT_OWNED
  }

  /**
   * The message is done with. Kafka: its offset counts as complete, and is committed with the
   * contiguous prefix. RabbitMQ: {@code basic.ack}, within milliseconds and together with others.
   * SQS: {@code DeleteMessage}.
   */
  record Accept() implements Settlement {
    static final Accept INSTANCE = new Accept();
  }

  /**
   * The message goes back and is delivered again, here or to another instance, not before {@code
   * after}. Used when a consumer stops ({@code after} zero), and for delayed retries where the
   * transport's {@link Capabilities.Feature#RETRY_AFTER} is native, or the delivery would be open
   * for longer than {@link Capabilities#longestOpen}; otherwise it is kept by the library, with the
   * delivery open. Kafka: the offset stays open, and the due time goes into the commit's metadata.
   * RabbitMQ: {@code basic.nack} with requeue. SQS: visibility timeout of {@code after}.
   *
   * @param after not negative; zero is "now"
   * @param attemptsMade how many attempts have been made and failed; a transport that carries the
   *     count makes the next delivery's {@link Delivery#attempt()} one more. A broker that counts
   *     by itself ignores it.
   */
  record Release(Duration after, int attemptsMade) implements Settlement {
    /** Checks both. */
    public Release {
      if (after.isNegative() || attemptsMade < 0) {
        throw new IllegalArgumentException(
            "a release after %s with %d attempts made: neither may be negative"
                .formatted(after, attemptsMade));
      }
    }
  }

  /**
   * The message goes to the source's dead-letter queue, with body and native headers as they were
   * received and {@code evidence} beside them, and is done with once that queue has confirmed it.
   * If it can't be confirmed the message stays unsettled and the returned stage fails; the caller
   * tries again later with a new call.
   *
   * @param reason why, in words; also contained in {@code evidence}
   * @param evidence headers to add, by name; names start with {@code waybill-}
   */
  record Reject(String reason, Map<String, String> evidence) implements Settlement {
    /** Copies the evidence. */
    public Reject {
      evidence = Map.copyOf(evidence);
    }
  }

  /** The message is done with. */
  static Settlement accept() {
    return Accept.INSTANCE;
  }
}
