package dev.waybill.transport.aws;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a topology is made of on AWS: queues, topics, and subscriptions of queues to topics. */
final class TopologyItems {
  private final Set<Source> queues = new LinkedHashSet<>();
  private final Set<Topic> topics = new LinkedHashSet<>();
  private final List<Subscription> subscriptions = new ArrayList<>();
  private final List<Source> consumed;
  private final List<Queue> deadLetterQueues;
  private final @Nullable ReplyQueue replies;

  TopologyItems(Topology topology) {
    for (Channel channel : topology.channels()) {
      if (channel instanceof Queue queue) {
        queues.add(queue);
      } else {
        topics.add((Topic) channel);
      }
    }
    for (Source source : topology.sources()) {
      queues.add(source);
      if (source instanceof Subscription subscription) {
        subscriptions.add(subscription);
        topics.add(subscription.topic());
      }
    }
    queues.addAll(topology.deadLetterQueues());
    consumed = topology.sources();
    deadLetterQueues = topology.deadLetterQueues();
    replies = topology.replies();
  }

  /**
   * All that is an SQS queue and stays: queues, subscriptions and dead-letter queues; each once.
   */
  Set<Source> queues() {
    return queues;
  }

  /** Whether a queue is received from here, and so has a dead-letter queue. */
  boolean consumes(Source queue) {
    return consumed.contains(queue);
  }

  /** Whether it is for dead letters, of whichever source. */
  boolean isForDeadLetters(Source queue) {
    return queue instanceof Queue own && deadLetterQueues.contains(own);
  }

  /** All that is an SNS topic, also those that only subscriptions name; each once. */
  Set<Topic> topics() {
    return topics;
  }

  List<Subscription> subscriptions() {
    return subscriptions;
  }

  Map<String, String> nativeNames() {
    Map<String, String> names = new LinkedHashMap<>();
    topics.forEach(topic -> names.put(topic.name(), Names.topic(topic)));
    queues.forEach(queue -> names.put(queue.name(), Names.queue(queue)));
    if (replies != null) {
      names.put(replies.name(), Names.queue(replies));
    }
    return names;
  }

  /** Names that AWS does not take, or that two sources would share. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    Map<String, Source> users = new LinkedHashMap<>();
    for (Source queue : queues) {
      String name = Names.queue(queue);
      tooLong(problems, queue.toString(), "SQS queue", name, Names.MAX_QUEUE_LENGTH);
      Source other = users.putIfAbsent(name, queue);
      if (other != null) {
        problems.add(
            "The %s and the %s would share the SQS queue '%s': rename one of them."
                .formatted(other, queue, name));
      }
    }
    for (Topic topic : topics) {
      String name = Names.topic(topic);
      tooLong(problems, topic.toString(), "SNS topic", name, Names.MAX_TOPIC_LENGTH);
    }
    if (replies != null) {
      String name = Names.queue(replies);
      tooLong(problems, replies.toString(), "SQS queue", name, Names.MAX_QUEUE_LENGTH);
    }
    return problems;
  }

  private static void tooLong(
      List<String> problems, String what, String kind, String name, int longest) {
    if (name.length() > longest) {
      problems.add(
          ("The %s would be the %s '%s', a name of %d characters, and AWS takes up to %d: "
                  + "shorten it (each '.' and '_' counts twice).")
              .formatted(what, kind, name, name.length(), longest));
    }
  }
}
