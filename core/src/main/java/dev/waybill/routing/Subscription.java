package dev.waybill.routing;

/**
 * A named durable consumer group of a topic. Each subscription gets every message published after
 * it was first made; its instances compete for them.
 *
 * @param topic the topic
 * @param subscriber the subscription's own name, under the rule of {@link Channel} names
 */
public record Subscription(Topic topic, String subscriber) implements Source {
  @Override
  public String name() {
    return topic.name() + "." + subscriber;
  }

  @Override
  public Channel channel() {
    return topic;
  }

  @Override
  public boolean keyed() {
    return topic.keyed();
  }

  @Override
  public String toString() {
    return "subscription " + subscriber + " of topic " + topic.name();
  }
}
