package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Method;
import dev.waybill.error.MessagingException;
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
 * how many consumers a queue has, but for those that wait in line at a quorum queue. If that one
 * does not answer, the counting, and not the source, leaves for a connection of its own, which the
 * broker may end for it. Used in the receiver's mailbox only, unless said otherwise.
 */
final class PartitionBalance implements RabbitLink.Listener {
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
  private final SourceLink link;
  private boolean ticking;

  /**
   * Among the instances of a source.
   *
   * @param link to count by
   * @param calls makes what blocks
   */
  PartitionBalance(
      String instances,
      List<QueueConsumer> consumers,
      RabbitLink link,
      Mailbox mailbox,
      Calls calls) {
    this.instances = instances;
    this.link = new SourceLink(link, List.of(instances), false, this);
    this.consumers = consumers;
    this.mailbox = mailbox;
    this.channel =
        new SideChannel("counting the instances of " + instances, mailbox, calls, new Counting());
  }

  void begin() {
    link.begin();
  }

  @Override
  public void connected(Connection made) {
    mailbox.tell(
        () -> {
          channel.connected(made);
          if (!ticking) {
            ticking = true;
            countLater();
          }
        });
  }

  @Override
  public void lost(MessagingException problem) {} // which the consumers tell

  /** Leaves for good, so that the others no longer count this instance. */
  void end() {
    link.end();
    channel.end();
  }

  /** Leaves though the receiver's mailbox stands still. Any thread. */
  void abandon() {
    link.end();
    channel.abandon();
  }

  /** Ends the connection, if it is its own; after the end. Any thread; blocks about a second. */
  void close() {
    link.close();
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

  private final class Counting implements SideChannel.Use {
    /** What the consumer is told comes to it as the channel's default one. */
    @Override
    public Method first(Channel made) {
      made.setDefaultConsumer(new Counted(made));
      return new AMQP.Basic.Consume.Builder().queue(instances).noAck(true).build();
    }

    @Override
    public void begun() {}

    @Override
    public void unanswered() {
      log.info("RabbitMQ does not answer to who wants to be counted by queue {}", instances);
      link.leaveTheOthers();
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
