package dev.waybill.transport.inmemory;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds names in a topology that are not legal, or that two different things have. */
final class NameCheck {
  private final Map<String, Topic> topics = new HashMap<>();
  private final Map<String, Source> sources = new HashMap<>();
  private final List<String> problems = new ArrayList<>();

  private NameCheck() {}

  /** What is wrong with a topology's names, one sentence each. */
  static List<String> problems(Topology topology) {
    NameCheck check = new NameCheck();
    topology.channels().forEach(check::channel);
    topology.sources().forEach(check::source);
    topology.deadLetterQueues().forEach(check::uniqueSource);
    ReplyQueue replies = topology.replies();
    if (replies != null) {
      check.legal(replies, replies.requester());
      check.legal(replies, replies.instance());
    }
    return check.problems.stream().distinct().toList();
  }

  private void channel(Channel channel) {
    legal(channel, channel.name());
    if (channel instanceof Queue queue) {
      uniqueSource(queue);
    } else if (channel instanceof Topic topic) {
      uniqueTopic(topic);
    }
  }

  private void source(Source source) {
    if (source instanceof Subscription subscription) {
      channel(subscription.topic());
      legal(subscription, subscription.subscriber());
    } else {
      legal(source, source.name());
    }
    uniqueSource(source);
  }

  private void uniqueTopic(Topic topic) {
    Topic other = topics.putIfAbsent(topic.name(), topic);
    if (other != null && !other.equals(topic)) {
      twice(topic.name(), Described.of(topic), Described.of(other));
    }
  }

  private void uniqueSource(Source source) {
    Source other = sources.putIfAbsent(source.name(), source);
    if (other != null && !other.equals(source)) {
      twice(source.name(), Described.of(source), Described.of(other));
    }
  }

  private void twice(String name, String one, String other) {
    problems.add(
        "The name '%s' is used twice, by %s and %s: give one of them another name."
            .formatted(name, one, other));
  }

  private void legal(Object what, String name) {
    if (!Channel.isLegalName(name)) {
      problems.add(
          "The name '%s' of %s is not legal: use up to %d letters, digits, '.', '_' and '-'."
              .formatted(name, what, Channel.MAX_NAME_LENGTH));
    }
  }
}
