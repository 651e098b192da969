package dev.waybill.transport.aws;

import dev.waybill.routing.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SQS's own way to dead letters, as a net behind the library's: what was received a thousand times
 * and never settled, because it ends each process that receives it, is moved without evidence. Only
 * between standard queues, as SQS wants both of one kind, and from a FIFO queue it would break the
 * order.
 */
final class Redrive {
  private static final Logger log = LoggerFactory.getLogger(Redrive.class);
  private static final String ARN = "QueueArn";
  static final String POLICY = "RedrivePolicy";

  /**
   * Fewer receives than that are had by messages that are only given back, at restarts, and have
   * not failed.
   */
  private static final int FEWEST_RECEIVES = 20;

  private final Admin admin;
  private final ReceiveLimits limits;

  Redrive(Admin admin, ReceiveLimits limits) {
    this.admin = admin;
    this.limits = limits;
  }

  /** The policy that moves to a dead-letter queue. */
  String policy(String deadLetterUrl) {
    String arn =
        admin
            .getOfMade(port -> port.queueAttributes(deadLetterUrl, List.of(ARN)))
            .getOrDefault(ARN, "");
    Map<String, String> policy = new LinkedHashMap<>(); // for SQS another order is another policy
    policy.put("deadLetterTargetArn", arn);
    policy.put("maxReceiveCount", String.valueOf(Limits.MAX_RECEIVES));
    return Json.write(policy);
  }

  /** What is wrong with the policy that the queue of a source has; it needs none. */
  Optional<String> problem(Source source, @Nullable String policy) {
    if (policy == null || policy.isBlank()) {
      if (!source.keyed()) {
        log.info(
            "The SQS queue of the {} has no RedrivePolicy, as one that was made by who only sends:"
                + " what ends each process that receives it comes again until its retention is"
                + " over. To have it moved to the dead letters instead, set one with a"
                + " maxReceiveCount of {}",
            source,
            Limits.MAX_RECEIVES);
      }
      return Optional.empty();
    }
    int most = PolicyJson.maxReceiveCount(policy).orElse(0);
    if (source.keyed()) {
      return Optional.of(
          ("The SQS queue of the %s has a RedrivePolicy that takes messages away after %d receives,"
                  + " without evidence, and lets the later ones of their message group pass: remove"
                  + " it.")
              .formatted(source, most));
    }
    if (most > 0) {
      limits.remember(source, most);
    }
    String target = PolicyJson.deadLetterTarget(policy);
    if (!target.endsWith(":" + Names.queue(source.deadLetterQueue()))) {
      log.info(
          "The SQS queue of the {} has a RedrivePolicy to {}: nobody finds what is received {} times"
              + " among the dead letters. To have it there, set its deadLetterTargetArn to the queue {}",
          source,
          target,
          most,
          Names.queue(source.deadLetterQueue()));
    }
    return most >= FEWEST_RECEIVES
        ? Optional.empty()
        : Optional.of(
            ("The SQS queue of the %s has a RedrivePolicy that takes messages away after %d receives,"
                    + " without evidence, and also some that were only given back at restarts: set"
                    + " its maxReceiveCount to %d, or remove it.")
                .formatted(source, most, Limits.MAX_RECEIVES));
  }
}
