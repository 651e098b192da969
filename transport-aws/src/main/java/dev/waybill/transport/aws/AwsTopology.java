package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes, or looks at, the queues, topics and subscriptions of a topology. What stands is never
 * changed, but for the one statement in a queue's policy that its subscription can't do without.
 */
final class AwsTopology {
  private static final Duration LOOKUP = Duration.ofSeconds(10);

  private static final String RETENTION = String.valueOf(Limits.RETENTION.toSeconds());

  private final AwsPort port;
  private final Addresses addresses;
  private final Subscriptions subscriptions;
  private final Duration visibilityTimeout;

  AwsTopology(AwsPort port, Addresses addresses, Duration visibilityTimeout) {
    this.port = port;
    this.addresses = addresses;
    this.subscriptions = new Subscriptions(port);
    this.visibilityTimeout = visibilityTimeout;
  }

  /** Makes what is missing; returns what differs and must be put right by a person. */
  List<String> create(TopologyItems items) {
    List<String> problems = new ArrayList<>();
    for (Source queue : items.queues()) {
      if (urlOf(queue).isEmpty()) {
        port.createQueue(Names.queue(queue), attributes(queue));
      }
    }
    for (Topic topic : items.topics()) {
      addresses.remember(topic, port.createTopic(Names.topic(topic), topic.keyed()));
    }
    for (Subscription subscription : items.subscriptions()) {
      String queueUrl = addresses.queueUrl(subscription, LOOKUP);
      String topicArn = addresses.topicArn(subscription.topic(), LOOKUP);
      subscriptions.create(subscription, queueUrl, topicArn).ifPresent(problems::add);
    }
    return problems;
  }

  /** Returns what is missing or differs; makes nothing. */
  List<String> verify(TopologyItems items) {
    List<String> problems = new ArrayList<>();
    for (Source queue : items.queues()) {
      if (urlOf(queue).isEmpty()) {
        problems.add(missing(queue, "SQS queue", Names.queue(queue)));
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

  private Optional<String> urlOf(Source queue) {
    return found(() -> addresses.queueUrl(queue, LOOKUP));
  }

  /** A known ARN may be one that was put together, so the topic itself is asked for. */
  private Optional<String> arnOf(Topic topic) {
    return found(() -> addresses.topicArn(topic, LOOKUP)).filter(port::topicExists);
  }

  private Map<String, String> attributes(Source queue) {
    String visibility = String.valueOf(visibilityTimeout.toSeconds());
    return queue.keyed()
        ? Map.of(
            "VisibilityTimeout", visibility,
            "MessageRetentionPeriod", RETENTION,
            "FifoQueue", "true")
        : Map.of("VisibilityTimeout", visibility, "MessageRetentionPeriod", RETENTION);
  }

  private static Optional<String> found(java.util.function.Supplier<String> lookup) {
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
