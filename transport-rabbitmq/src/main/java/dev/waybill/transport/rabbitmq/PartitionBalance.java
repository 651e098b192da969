package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spreads the partitions of a source over its instances. RabbitMQ makes the consumer that came
 * first the active one of a queue, and lets the others wait in line; so the first instance would
 * have all partitions. An instance that has more than its share leaves some to the next in line,
 * until each has its share or less.
 *
 * <p>To be counted, each instance consumes from a queue that nothing is sent to: the broker tells
 * how many consumers a queue has, but for those that wait in line at a quorum queue. Used by the
 * receiver's thread only.
 */
final class PartitionBalance {
  /**
   * How often the instances are counted, and up to half as much more, so that they do not all leave
   * at once. Less would move partitions while an instance only starts anew.
   */
  private static final Duration PERIOD = Duration.ofSeconds(4);

  private static final Logger log = LoggerFactory.getLogger(PartitionBalance.class);

  private final String instances;
  private final List<QueueConsumer> consumers;
  private final Mailbox mailbox;
  private final SideChannel channel;
  private boolean ticking;

  /**
   * Among the instances of a source.
   *
   * @param calls makes what blocks
   */
  PartitionBalance(String instances, List<QueueConsumer> consumers, Mailbox mailbox, Calls calls) {
    this.instances = instances;
    this.consumers = consumers;
    this.mailbox = mailbox;
    this.channel =
        new SideChannel(
            "counting the instances of " + instances,
            mailbox,
            calls,
            made -> made.basicConsume(instances, true, new Counted(made)),
            () -> {});
  }

  void connected(Connection made) {
    channel.connected(made);
    if (!ticking) {
      ticking = true;
      countLater();
    }
  }

  /** Leaves for good, so that the others no longer count this instance. */
  void end() {
    channel.end();
  }

  /** Leaves though the receiver's thread stands still. Any thread. */
  void abandon() {
    channel.abandon();
  }

  private void countLater() {
    long millis = PERIOD.toMillis();
    Runnable unused =
        mailbox.tellLater(millis + ThreadLocalRandom.current().nextLong(millis / 2), this::count);
  }

  private void count() {
    if (channel.isEnded()) {
      return;
    }
    countLater();
    if (channel.isReady()) {
      channel.ask(instances, counted -> share(counted.getConsumerCount()));
    }
  }

  /** So far this instance is one of those that are counted. */
  private final class Counted extends DefaultConsumer {
    Counted(Channel channel) {
      super(channel);
    }

    @Override
    public void handleCancel(String tag) { // the queue was deleted, or its node is lost
      log.info("RabbitMQ does not count this instance of {} any more; it joins again", instances);
      mailbox.tell(() -> channel.renew(getChannel()));
    }
  }

  private void share(int count) {
    List<QueueConsumer> owned =
        new ArrayList<>(consumers.stream().filter(QueueConsumer::isActive).toList());
    int excess = excess(owned.size(), consumers.size(), count);
    Collections.shuffle(owned);
    owned.stream().filter(QueueConsumer::mayMove).limit(excess).forEach(QueueConsumer::moveOn);
  }

  /** How many partitions are more than the share, rounded up, of one of {@code count} instances. */
  static int excess(int owned, int partitions, int count) {
    if (count < 1) {
      return 0; // the broker could not tell
    }
    int share = (partitions + count - 1) / count;
    return Math.max(owned - share, 0);
  }
}
