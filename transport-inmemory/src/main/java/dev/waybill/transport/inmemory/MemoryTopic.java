package dev.waybill.transport.inmemory;

import dev.waybill.routing.Topic;
import dev.waybill.transport.WireMessage;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A topic: it keeps no message, each subscription's queue gets one when it is published.
 * Thread-safe.
 */
final class MemoryTopic implements Destination {
  private final Topic topic;
  private final List<MessageQueue> subscriptions = new CopyOnWriteArrayList<>();
  private final AtomicLong published = new AtomicLong();

  /** A topic without subscriptions. */
  MemoryTopic(Topic topic) {
    this.topic = topic;
  }

  /** What the topic was made for. */
  Topic topic() {
    return topic;
  }

  /** Lets a subscription have what is published from now on. */
  void add(MessageQueue subscription) {
    subscriptions.add(subscription);
  }

  /** Stores a copy in every subscription, if any. */
  @Override
  public String store(WireMessage message) {
    String brokerId = topic.name() + "@" + published.incrementAndGet();
    Sending sending = message.delay() == null ? null : new Sending(brokerId);
    for (MessageQueue subscription : subscriptions) {
      subscription.store(message, sending);
    }
    return brokerId;
  }

  @Override
  public boolean cancel(String brokerId) {
    boolean found = false;
    for (MessageQueue subscription : subscriptions) {
      found |= subscription.cancel(brokerId);
    }
    return found;
  }
}
