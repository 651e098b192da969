package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How queues that stand differ from those that are made here. What breaks the contract is a
 * problem; what only costs something is logged; the rest is a matter of their owner.
 */
final class StandingQueues {
  static final String RETENTION = "MessageRetentionPeriod";

  /** Without these 300 calls a second are all that a FIFO queue takes. */
  static final Map<String, String> BY_GROUP =
      Map.of("DeduplicationScope", "messageGroup", "FifoThroughputLimit", "perMessageGroupId");

  private static final Logger log = LoggerFactory.getLogger(StandingQueues.class);
  private static final String ARN = "QueueArn";
  private static final String LARGEST = "MaximumMessageSize";

  private final Admin admin;
  private final TopologyItems items;
  private final Redrive redrive;

  StandingQueues(Admin admin, TopologyItems items, Redrive redrive) {
    this.admin = admin;
    this.items = items;
    this.redrive = redrive;
  }

  /** What must be put right by a person, as far as we may look. */
  List<String> problems(Source queue, String url) {
    List<String> problems = new ArrayList<>();
    boolean letters = items.isForDeadLetters(queue);
    if (!letters && !items.consumes(queue) && !queue.keyed()) {
      return problems; // how whoever receives from it has it is their matter
    }
    Map<String, String> has = readable(queue, url);
    if (has.isEmpty()) {
      return problems;
    }
    if (letters) {
      deadLetters(queue, has, problems);
    } else if (items.consumes(queue)) {
      retention(queue, has, problems);
      redrive.problem(queue, has.get(Redrive.POLICY)).ifPresent(problems::add);
    }
    if (queue instanceof Subscription) {
      largest(queue, has, "SNS would drop what is larger, without a word", problems);
    }
    throughput(queue, has);
    return problems;
  }

  private Map<String, String> readable(Source queue, String url) {
    List<String> names = new ArrayList<>(List.of(ARN, RETENTION, LARGEST, Redrive.POLICY));
    if (queue.keyed()) {
      names.addAll(BY_GROUP.keySet()); // SQS does not know them of standard queues
    }
    try {
      return admin.get(port -> port.queueAttributes(url, names));
    } catch (AwsFailure e) {
      if (e.code() != ErrorCode.NOT_AUTHORISED) {
        throw e;
      }
      log.info("The attributes of the {} are not verified: {}", queue, e.getMessage());
      return Map.of();
    }
  }

  private static void deadLetters(Source queue, Map<String, String> has, List<String> problems) {
    if (isLess(has.get(RETENTION), Limits.RETENTION.toSeconds())) {
      problems.add(
          difference(
              queue,
              has,
              RETENTION,
              Limits.RETENTION.toSeconds(),
              "it deletes dead letters that nobody has decided about, and what SQS itself moves there"
                  + " by the time it was sent at"));
    }
    largest(queue, has, "what is larger can't become a dead letter, and comes for ever", problems);
    String policy = has.get(Redrive.POLICY);
    if (policy != null && !policy.isBlank()) {
      problems.add(
          ("The SQS queue of the %s has a RedrivePolicy that takes dead letters away after %d"
                  + " receives, also those that were only looked at: remove it.")
              .formatted(queue, PolicyJson.maxReceiveCount(policy).orElse(0)));
    }
  }

  /** Beyond the longest wait, how long it keeps what nobody receives is up to its owner. */
  private static void retention(Source queue, Map<String, String> has, List<String> problems) {
    long longest = Limits.RETENTION.toSeconds();
    String kept = has.get(RETENTION);
    if (isLess(kept, Limits.MAX_VISIBILITY.toSeconds())) {
      problems.add(
          difference(
              queue,
              has,
              RETENTION,
              longest,
              "it deletes what waits for a retry, for up to %d hours, and that is no dead letter"
                  .formatted(Limits.LONGEST_OPEN.toHours())));
    } else if (isLess(kept, longest)) {
      log.warn(
          "The SQS queue of the {} has {}={}: what nobody receives for so many seconds is deleted, and"
              + " is no dead letter. {} is the longest",
          queue,
          RETENTION,
          kept,
          longest);
    }
  }

  private static void largest(
      Source queue, Map<String, String> has, String otherwise, List<String> problems) {
    if (isLess(has.get(LARGEST), Limits.MAX_MESSAGE_BYTES)) {
      problems.add(difference(queue, has, LARGEST, Limits.MAX_MESSAGE_BYTES, otherwise));
    }
  }

  private static void throughput(Source queue, Map<String, String> has) {
    Map<String, String> other = new LinkedHashMap<>(has);
    other.keySet().retainAll(BY_GROUP.keySet());
    other.entrySet().removeAll(BY_GROUP.entrySet());
    if (!other.isEmpty()) {
      log.info(
          "The SQS queue of the {} has {} and so takes 300 calls of each kind a second: for more set"
              + " {}",
          queue,
          other,
          BY_GROUP);
    }
  }

  private static String difference(
      Source queue, Map<String, String> has, String name, long wanted, String otherwise) {
    return "The SQS queue of the %s has %s=%s instead of %d: %s. Set it to %d."
        .formatted(queue, name, has.get(name), wanted, otherwise, wanted);
  }

  /** False of what a queue does not say. */
  private static boolean isLess(@Nullable String has, long wanted) {
    return has != null && Long.parseLong(has) < wanted;
  }
}
