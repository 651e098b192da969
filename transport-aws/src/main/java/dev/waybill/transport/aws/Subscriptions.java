package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Subscriptions of SQS queues to SNS topics, with raw delivery and the right to store messages. */
final class Subscriptions {
  private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);
  private static final String ARN = "QueueArn";
  private static final String POLICY = "Policy";
  private static final String RAW = "RawMessageDelivery";

  private final Admin admin;
  private final AwsSettings settings;
  private final Map<Source, Set<String>> ignored;

  Subscriptions(Admin admin, AwsSettings settings, Map<Source, Set<String>> ignored) {
    this.admin = admin;
    this.settings = settings;
    this.ignored = ignored;
  }

  /** Makes what is missing; the right first, so that no message is dropped for want of it. */
  List<String> create(Subscription subscription, String queueUrl, String topicArn) {
    Map<String, String> queue =
        admin.get(port -> port.queueAttributes(queueUrl, List.of(ARN, POLICY)));
    String queueArn = queue.getOrDefault(ARN, "");
    String policy = queue.get(POLICY);
    if (!QueuePolicy.allows(policy, topicArn)) {
      String allowing = QueuePolicy.withTopic(policy, queueArn, topicArn);
      admin.get(port -> port.setQueueAttribute(queueUrl, POLICY, allowing));
    }
    Optional<String> existing = admin.get(port -> port.subscription(topicArn, queueArn));
    if (existing.isEmpty()) {
      Map<String, String> attributes = attributes(subscription);
      admin.get(port -> port.subscribe(topicArn, queueArn, attributes));
      return List.of();
    }
    return differences(subscription, existing.get());
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
    Optional<String> existing = admin.get(port -> port.subscription(topicArn, queueArn));
    if (existing.isEmpty()) {
      problems.add(
          ("The SQS queue of the %s is not subscribed to the SNS topic %s: subscribe it "
                  + "with RawMessageDelivery=true, or start with the topology mode CREATE.")
              .formatted(subscription, topicArn));
    } else {
      problems.addAll(differences(subscription, existing.get()));
    }
    return problems;
  }

  private Map<String, String> readable(Subscription subscription, String queueUrl) {
    try {
      return admin.get(port -> port.queueAttributes(queueUrl, List.of(ARN, POLICY)));
    } catch (AwsFailure e) {
      if (e.code() != ErrorCode.NOT_AUTHORISED) {
        throw e;
      }
      log.info("The {} is not verified further: {}", subscription, e.getMessage());
      return Map.of();
    }
  }

  private Map<String, String> attributes(Subscription subscription) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put(RAW, settings.unwraps(subscription) ? "false" : "true");
    Set<String> types = ignored(subscription);
    if (settings.filtersIgnored() && !types.isEmpty()) {
      attributes.put(FilterPolicy.ATTRIBUTE, FilterPolicy.of(types));
    }
    return attributes;
  }

  private List<String> differences(Subscription subscription, String arn) {
    List<String> problems = new ArrayList<>();
    Map<String, String> attributes = admin.get(port -> port.subscriptionAttributes(arn));
    boolean raw = "true".equalsIgnoreCase(attributes.get(RAW));
    if (!raw && !settings.unwraps(subscription)) {
      problems.add(
          ("The %s has RawMessageDelivery off, so that messages come wrapped: set it to "
                  + "true on %s, or name it in AwsTransport.builder().unwrapping(\"%s\").")
              .formatted(subscription, arn, subscription.name()));
    }
    Set<String> types = ignored(subscription);
    String policy = attributes.get(FilterPolicy.ATTRIBUTE);
    boolean onBodies = "MessageBody".equals(attributes.get(FilterPolicy.SCOPE));
    if (!FilterPolicy.keepsOutNothingElse(policy, types) || (policy != null && onBodies)) {
      problems.add(
          ("The %s has the filter policy %s, which may keep out what is not ignored: %s on %s. SNS"
                  + " takes up to 15 minutes for it.")
              .formatted(
                  subscription,
                  policy,
                  types.isEmpty() ? "remove it" : "set it to " + FilterPolicy.of(types),
                  arn));
    } else if (settings.filtersIgnored()
        && !types.isEmpty()
        && !FilterPolicy.keepsOut(policy, types)) {
      log.info(
          "The {} gets messages that it ignores: set its filter policy to {} on {}",
          subscription,
          FilterPolicy.of(types),
          arn);
    }
    return problems;
  }

  private Set<String> ignored(Subscription subscription) {
    return ignored.getOrDefault(subscription, Set.of());
  }

  private static String noPolicy(Subscription subscription, String topicArn) {
    return ("The policy of the SQS queue of the %s does not let %s send messages for the "
            + "topic %s, and SNS would drop them: add a statement with Allow, "
            + "sqs:SendMessage and no condition but ArnEquals aws:SourceArn, or start with the "
            + "topology mode CREATE.")
        .formatted(subscription, QueuePolicy.SNS, topicArn);
  }
}
