package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Subscription;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Subscriptions of SQS queues to SNS topics, with raw delivery and the right to store messages. */
final class Subscriptions {
  private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);
  private static final String ARN = "QueueArn";
  private static final String POLICY = "Policy";

  private final AwsPort port;

  Subscriptions(AwsPort port) {
    this.port = port;
  }

  /** Makes what is missing; the right first, so that no message is dropped for want of it. */
  Optional<String> create(Subscription subscription, String queueUrl, String topicArn) {
    Map<String, String> queue = port.queueAttributes(queueUrl, List.of(ARN, POLICY));
    String queueArn = queue.getOrDefault(ARN, "");
    String policy = queue.get(POLICY);
    if (!QueuePolicy.allows(policy, topicArn)) {
      port.setQueueAttribute(queueUrl, POLICY, QueuePolicy.withTopic(policy, queueArn, topicArn));
    }
    Optional<String> existing = port.subscription(topicArn, queueArn);
    if (existing.isEmpty()) {
      port.subscribe(topicArn, queueArn);
      return Optional.empty();
    }
    return rawDelivery(subscription, existing.get());
  }

  /** What is missing or differs, as far as we may look. */
  List<String> verify(Subscription subscription, String queueUrl, String topicArn) {
    List<String> problems = new ArrayList<>();
    Map<String, String> queue = readable(subscription, queueUrl);
    String queueArn = queue.get(ARN);
    if (queueArn == null) {
      return problems;
    }
    if (!QueuePolicy.allows(queue.get(POLICY), topicArn)) {
      problems.add(noPolicy(subscription, topicArn));
    }
    Optional<String> existing = port.subscription(topicArn, queueArn);
    if (existing.isEmpty()) {
      problems.add(
          ("The SQS queue of the %s is not subscribed to the SNS topic %s: subscribe it "
                  + "with RawMessageDelivery=true, or start with the topology mode CREATE.")
              .formatted(subscription, topicArn));
    } else {
      rawDelivery(subscription, existing.get()).ifPresent(problems::add);
    }
    return problems;
  }

  private Map<String, String> readable(Subscription subscription, String queueUrl) {
    try {
      return port.queueAttributes(queueUrl, List.of(ARN, POLICY));
    } catch (AwsFailure e) {
      if (e.code() != ErrorCode.NOT_AUTHORISED) {
        throw e;
      }
      log.info("The {} is not verified further: {}", subscription, e.getMessage());
      return Map.of();
    }
  }

  private Optional<String> rawDelivery(Subscription subscription, String subscriptionArn) {
    @Nullable String raw = port.subscriptionAttributes(subscriptionArn).get("RawMessageDelivery");
    return "true".equalsIgnoreCase(raw)
        ? Optional.empty()
        : Optional.of(
            ("The %s has RawMessageDelivery off, so that messages come wrapped: set it to "
                    + "true on %s.")
                .formatted(subscription, subscriptionArn));
  }

  private static String noPolicy(Subscription subscription, String topicArn) {
    return ("The policy of the SQS queue of the %s does not let %s send messages for the "
            + "topic %s, and SNS would drop them: add a statement with Allow, "
            + "sqs:SendMessage and ArnEquals aws:SourceArn, or start with the topology mode "
            + "CREATE.")
        .formatted(subscription, QueuePolicy.SNS, topicArn);
  }
}
