package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Method;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Asks every few seconds how many messages wait in a receiver's queues, so that its health can be
 * told without asking; and how many consumers they have, which are told. Any consumer may ask that,
 * by passive declarations, on a channel of its own to lose. Used in the receiver's mailbox only,
 * unless said otherwise.
 */
final class Backlog {
  private static final Duration PERIOD = Duration.ofSeconds(5);

  /** In place of a sum of which a queue's part could not be told. */
  private static final long UNTOLD = -1;

  /** What is known, and since when. */
  record Known(long messages, Instant asOf) {}

  private final List<QueueConsumer> consumers;
  private final Mailbox mailbox;
  private final SideChannel channel;
  private volatile @Nullable Known known;
  private boolean ticking;

  /**
   * The backlog of one receiver.
   *
   * @param consumers one, or one for each partition, of which those that are active count
   * @param calls makes what blocks
   */
  Backlog(List<QueueConsumer> consumers, Mailbox mailbox, Calls calls) {
    this.consumers = consumers;
    this.mailbox = mailbox;
    this.channel = new SideChannel("the backlog", mailbox, calls, new Counting());
  }

  /** The latest answer; null if there was none. From any thread. */
  @Nullable Known known() {
    return known;
  }

  void connected(Connection made) {
    channel.connected(made);
    if (!ticking) {
      ticking = true;
      tickLater();
    }
  }

  void end() {
    channel.end();
  }

  /** Ends though the receiver's mailbox stands still. Any thread. */
  void abandon() {
    channel.abandon();
  }

  private void tickLater() {
    Runnable unused = mailbox.tellLater(PERIOD.toMillis(), this::tick);
  }

  private void tick() {
    if (channel.isEnded()) {
      return;
    }
    tickLater();
    if (channel.isReady()) {
      begin();
    }
  }

  /** Which begins with the first question. */
  private final class Counting implements SideChannel.Use {
    @Override
    public @Nullable Method first(Channel made) {
      return null;
    }

    @Override
    public void begun() {
      begin();
    }

    @Override
    public void unanswered() {}
  }

  private void begin() {
    boolean parts = consumers.size() > 1;
    Queue<QueueConsumer> counted = new ArrayDeque<>(consumers);
    counted.removeIf(consumer -> parts && !consumer.isActive());
    next(counted, 0);
  }

  /** One queue after another; what is in hand counts, too. */
  private void next(Queue<QueueConsumer> left, long sum) {
    QueueConsumer consumer = left.poll();
    if (consumer != null) {
      channel.ask(consumer.queue(), answer -> counted(consumer, answer, left, sum));
    } else if (sum != UNTOLD) {
      known = new Known(sum, Instant.now());
    }
  }

  /**
   * A quorum queue whose leader is away, or answers late, is counted as empty and without
   * consumers: then the broker could not tell, and what was known stays.
   */
  private void counted(
      QueueConsumer consumer, AMQP.Queue.DeclareOk answer, Queue<QueueConsumer> left, long sum) {
    boolean told = answer.getMessageCount() > 0 || answer.getConsumerCount() > 0;
    if (told || !consumer.isAmongConsumers()) {
      consumer.counted(answer.getConsumerCount());
      long here = (long) answer.getMessageCount() + consumer.unsettled();
      next(left, sum == UNTOLD ? UNTOLD : sum + here);
    } else {
      next(left, UNTOLD);
    }
  }
}
