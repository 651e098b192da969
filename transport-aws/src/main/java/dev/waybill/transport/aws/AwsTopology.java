package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Makes, or looks at, the queues, topics and subscriptions of a topology. What stands is never
 * changed, but for the one statement in a queue's policy that its subscription can't do without.
 */
final class AwsTopology {
  private static final Duration LOOKUP = Duration.ofSeconds(10);

  private final Admin admin;
  private final Addresses addresses;
  private final AwsSettings settings;
  private final TopologyItems items;
  private final Subscriptions subscriptions;
  private final Redrive redrive;
  private final StandingQueues standingQueues;

  AwsTopology(
      Admin admin,
      Addresses addresses,
      ReceiveLimits limits,
      AwsSettings settings,
      Topology topology) {
    this.admin = admin;
    this.addresses = addresses;
    this.settings = settings;
    this.items = new TopologyItems(topology);
    this.subscriptions = new Subscriptions(admin, settings, topology.ignored());
    this.redrive = new Redrive(admin, limits);
    this.standingQueues = new StandingQueues(admin, items, redrive);
  }

  /** Makes what is missing; returns what differs and must be put right by a person. */
  List<String> create() {
    List<String> problems = new ArrayList<>();
    for (Topic topic : items.topics()) { // before the queues whose policies name them
      addresses.remember(
          topic, admin.get(port -> port.createTopic(Names.topic(topic), topic.keyed())));
    }
    Set<Source> standing = new LinkedHashSet<>();
    List<Source> inOrder = new ArrayList<>(items.queues());
    inOrder.sort((a, b) -> Boolean.compare(items.consumes(a), items.consumes(b)));
    for (Source queue : inOrder) { // dead-letter queues before those that name them
      if (urlOf(queue).isPresent() || !isMade(queue)) {
        standing.add(queue);
      }
    }
    for (Subscription subscription : items.subscriptions()) {
      String topicArn = arn(subscription.topic());
      problems.addAll(
          standing.contains(subscription)
              ? subscriptions.create(subscription, url(subscription), topicArn)
              : subscriptions.createWithQueue(subscription, topicArn));
    }
    standing.forEach(queue -> problems.addAll(standingQueues.problems(queue, url(queue))));
    return problems;
  }

  /** False if others have made it meanwhile, with other attributes: a sender knows fewer. */
  private boolean isMade(Source queue) {
    try {
      addresses.remember(queue, admin.makeQueue(Names.queue(queue), attributes(queue)));
      return true;
    } catch (AwsFailure e) {
      if (e.code() == ErrorCode.TOPOLOGY_MISMATCH && urlOf(queue).isPresent()) {
        return false;
      }
      throw e;
    }
  }

  /** Returns what is missing or differs; makes nothing. */
  List<String> verify() {
    List<String> problems = new ArrayList<>();
    for (Source queue : items.queues()) {
      if (urlOf(queue).isEmpty()) {
        problems.add(missing(queue, "SQS queue", Names.queue(queue)));
      } else {
        problems.addAll(standingQueues.problems(queue, url(queue)));
      }
    }
    for (Topic topic : items.topics()) {
      if (arnOf(topic).isEmpty()) {
        problems.add(missing(topic, "SNS topic", Names.topic(topic)));
      }
    }
    for (Subscription subscription : items.subscriptions()) {
      Optional<String> queueUrl = urlOf(subscription);
      Optional<String> topicArn = arnOf(subscription.topic());
      if (queueUrl.isPresent() && topicArn.isPresent()) {
        problems.addAll(subscriptions.verify(subscription, queueUrl.get(), topicArn.get()));
      }
    }
    return problems;
  }

  private String url(Source queue) {
    return admin.get(port -> addresses.queueUrl(queue, Deadline.in(LOOKUP)));
  }

  private String arn(Topic topic) {
    return admin.get(port -> addresses.topicArn(topic, Deadline.in(LOOKUP)));
  }

  private Optional<String> urlOf(Source queue) {
    return found(() -> url(queue));
  }

  /** A known ARN may be one that was put together, so the topic itself is asked for. */
  private Optional<String> arnOf(Topic topic) {
    return found(
        () -> {
          String arn = arn(topic);
          admin.get(port -> port.findTopic(arn));
          return arn;
        });
  }

  private Map<String, String> attributes(Source queue) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("VisibilityTimeout", String.valueOf(settings.visibilityTimeout().toSeconds()));
    attributes.put(StandingQueues.RETENTION, String.valueOf(Limits.RETENTION.toSeconds()));
    if (queue.keyed()) {
      attributes.put("FifoQueue", "true");
      attributes.putAll(StandingQueues.BY_GROUP);
    } else if (items.consumes(queue)) {
      Queue letters = queue.deadLetterQueue();
      attributes.put(Redrive.POLICY, redrive.policy(url(letters)));
    }
    if (queue instanceof Subscription subscription) {
      attributes.put("Policy", subscriptions.policy(subscription, arn(subscription.topic())));
    }
    return attributes;
  }

  private static Optional<String> found(Supplier<String> lookup) {
    try {
      return Optional.of(lookup.get());
    } catch (AwsFailure e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static String missing(Object what, String kind, String name) {
    return "The %s '%s' of the %s does not exist: make it, or start with the topology mode CREATE."
        .formatted(kind, name, what);
  }
}
