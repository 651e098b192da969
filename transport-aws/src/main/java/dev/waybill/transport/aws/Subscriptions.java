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
  private static final String KEY = "KmsMasterKeyId";
  private static final List<String> ATTRIBUTES = List.of(ARN, POLICY, KEY);
  private static final String RAW = "RawMessageDelivery";

  private final Admin admin;
  private final AwsSettings settings;
  private final Map<Source, Set<String>> ignored;

  Subscriptions(Admin admin, AwsSettings settings, Map<Source, Set<String>> ignored) {
    this.admin = admin;
    this.settings = settings;
    this.ignored = ignored;
  }

  /**
   * The policy that the subscription's queue is to be made with: a right that is given afterwards
   * takes up to a minute, in which SNS would drop messages for want of it.
   */
  String policy(Subscription subscription, String topicArn) {
    return QueuePolicy.withTopic(null, queueArn(subscription, topicArn), topicArn);
  }

  /** Subscribes a queue that was made a moment ago, with {@link #policy}. */
  List<String> createWithQueue(Subscription subscription, String topicArn) {
    return subscribe(subscription, queueArn(subscription, topicArn), topicArn);
  }

  /** Makes what a queue that stands is missing. */
  List<String> create(Subscription subscription, String queueUrl, String topicArn) {
    Map<String, String> queue = admin.get(port -> port.queueAttributes(queueUrl, ATTRIBUTES));
    String queueArn = queue.getOrDefault(ARN, "");
    String policy = queue.get(POLICY);
    if (!QueuePolicy.allows(policy, queueArn, topicArn)) {
      String allowing = QueuePolicy.withTopic(policy, queueArn, topicArn);
      admin.get(port -> port.setQueueAttribute(queueUrl, POLICY, allowing));
      log.info(
          "The queue of the {} lets its topic in from now on; SQS takes up to a minute for it, in"
              + " which SNS may drop what is published",
          subscription);
    }
    List<String> problems = new ArrayList<>(hindrances(subscription, queue, topicArn));
    problems.addAll(subscribe(subscription, queueArn, topicArn));
    return problems;
  }

  private List<String> subscribe(Subscription subscription, String queueArn, String topicArn) {
    Optional<String> existing = admin.get(port -> port.subscription(topicArn, queueArn));
    if (existing.isEmpty()) {
      Map<String, String> attributes = attributes(subscription);
      admin.getOfMade(port -> port.subscribe(topicArn, queueArn, attributes));
      return List.of();
    }
    return differences(subscription, existing.get());
  }

  /** Both are made by one account in one region. */
  private static String queueArn(Subscription subscription, String topicArn) {
    String[] parts = topicArn.split(":", -1);
    parts[2] = "sqs";
    parts[parts.length - 1] = Names.queue(subscription);
    return String.join(":", parts);
  }

  /** What would have SNS drop messages although it is allowed to store them. */
  private static List<String> hindrances(
      Subscription subscription, Map<String, String> queue, String topicArn) {
    List<String> problems = new ArrayList<>();
    String queueArn = queue.getOrDefault(ARN, "");
    for (String denial : QueuePolicy.denials(queue.get(POLICY), queueArn, topicArn)) {
      problems.add(
          ("The policy of the SQS queue of the %s has a statement with Deny, %s, that keeps out %s"
                  + " for the topic %s, and SNS would drop messages: except it, say by"
                  + " ArnNotEquals aws:SourceArn or by Bool aws:PrincipalIsAWSService.")
              .formatted(subscription, denial, PolicyStatement.SNS, topicArn));
    }
    for (String doubt : QueuePolicy.doubts(queue.get(POLICY), queueArn, topicArn)) {
      log.warn(
          "The policy of the SQS queue of the {} has a statement with Deny, {}, whose condition"
              + " can't be judged here: if it means {} for the topic {}, SNS drops messages",
          subscription,
          doubt,
          PolicyStatement.SNS,
          topicArn);
    }
    String key = queue.getOrDefault(KEY, "");
    if (key.endsWith("alias/aws/sqs")) {
      problems.add(
          ("The SQS queue of the %s is encrypted with %s, which SNS can't use, so that it would"
                  + " drop messages: set SqsManagedSseEnabled, or a KmsMasterKeyId of your own whose"
                  + " policy lets %s use it.")
              .formatted(subscription, key, PolicyStatement.SNS));
    }
    return problems;
  }

  /** What is missing or differs, as far as we may look. */
  List<String> verify(Subscription subscription, String queueUrl, String topicArn) {
    List<String> problems = new ArrayList<>();
    Map<String, String> queue = readable(subscription, queueUrl);
    String queueArn = queue.get(ARN);
    if (queueArn == null) {
      return problems;
    }
    if (!QueuePolicy.allows(queue.get(POLICY), queueArn, topicArn)) {
      problems.add(noPolicy(subscription, topicArn));
    }
    problems.addAll(hindrances(subscription, queue, topicArn));
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
      return admin.get(port -> port.queueAttributes(queueUrl, ATTRIBUTES));
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
    if (raw && settings.unwraps(subscription)) {
      log.info(
          "The {} has RawMessageDelivery on, so that nothing comes wrapped, and a text that looks as"
              + " if it were is taken for it: leave its name out of unwrapping(…), or set"
              + " RawMessageDelivery to false on {}",
          subscription,
          arn);
    }
    Set<String> types = ignored(subscription);
    String policy = attributes.get(FilterPolicy.ATTRIBUTE);
    boolean onBodies = "MessageBody".equals(attributes.get(FilterPolicy.SCOPE));
    if (!FilterPolicy.keepsOutNothingElse(policy, onBodies ? Set.of() : types)) {
      problems.add(
          ("The %s has the filter policy %s%s, which may keep out what is not ignored: %s on %s. SNS"
                  + " takes up to 15 minutes for it.")
              .formatted(
                  subscription,
                  policy,
                  onBodies ? " on bodies (FilterPolicyScope=MessageBody)" : "",
                  types.isEmpty() ? "remove it" : "set it to " + wanted(types, onBodies),
                  arn));
    } else if (settings.filtersIgnored()
        && !types.isEmpty()
        && !FilterPolicy.keepsOut(policy, types)) {
      log.info(
          "The {} gets messages that it ignores: set its filter policy to {} on {}",
          subscription,
          wanted(types, onBodies),
          arn);
    }
    return problems;
  }

  private static String wanted(Set<String> types, boolean onBodies) {
    return FilterPolicy.of(types) + (onBodies ? " and FilterPolicyScope to MessageAttributes" : "");
  }

  private Set<String> ignored(Subscription subscription) {
    return ignored.getOrDefault(subscription, Set.of());
  }

  private static String noPolicy(Subscription subscription, String topicArn) {
    return ("The policy of the SQS queue of the %s does not let %s send messages for the "
            + "topic %s, and SNS would drop them: add a statement with Allow, "
            + "sqs:SendMessage and no condition but ArnEquals aws:SourceArn, or start with the "
            + "topology mode CREATE.")
        .formatted(subscription, PolicyStatement.SNS, topicArn);
  }
}
