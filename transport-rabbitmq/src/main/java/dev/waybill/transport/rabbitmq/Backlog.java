package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks every few seconds how many messages wait in a receiver's queues, so that its health can be
 * told without asking; and how many consumers they have, which are told. Any consumer may ask that,
 * by passive declarations, on a channel of its own to lose. Used by the receiver's thread only,
 * unless said otherwise.
 */
final class Backlog {
  private static final Duration PERIOD = Duration.ofSeconds(5);

  /** In place of a sum of which a queue's part could not be told. */
  private static final long UNTOLD = -1;

  private static final Logger log = LoggerFactory.getLogger(Backlog.class);

  /** What is known, and since when. */
  record Known(long messages, Instant asOf) {}

  private final List<QueueConsumer> consumers;
  private final Mailbox mailbox;
  private final Calls calls;
  private volatile @Nullable Known known;
  private @Nullable Connection connection;
  private @Nullable Channel channel;
  private boolean opening;
  private boolean asking;
  private boolean ticking;
  private boolean ended;

  /**
   * The backlog of one receiver.
   *
   * @param consumers one, or one for each partition, of which those that are active count
   * @param calls makes what blocks
   */
  Backlog(List<QueueConsumer> consumers, Mailbox mailbox, Calls calls) {
    this.consumers = consumers;
    this.mailbox = mailbox;
    this.calls = calls;
  }

  /** The latest answer; null if there was none. From any thread. */
  @Nullable Known known() {
    return known;
  }

  void connected(Connection made) {
    connection = made;
    open();
    if (!ticking) {
      ticking = true;
      tickLater();
    }
  }

  void end() {
    ended = true;
    leave();
  }

  private void leave() {
    Channel current = channel;
    channel = null;
    if (current != null) {
      calls.add(() -> abort(current));
    }
  }

  private void tickLater() {
    Runnable unused = mailbox.tellLater(PERIOD.toMillis(), this::tick);
  }

  private void tick() {
    if (ended) {
      return;
    }
    tickLater();
    Channel current = channel;
    if (current == null || !current.isOpen()) {
      open();
    } else if (!asking) { // a second question would wait for the answer to the first
      begin(current);
    }
  }

  private void open() {
    Connection current = connection;
    if (ended || opening || current == null || !current.isOpen()) {
      return;
    }
    leave();
    opening = true;
    calls.add(
        () -> {
          Channel made = channel(current);
          if (!mailbox.tell(() -> opened(current, made)) && made != null) {
            abort(made);
          }
        });
  }

  private void opened(Connection on, @Nullable Channel made) {
    opening = false;
    channel = made;
    if (ended || on != connection) {
      leave();
      open();
    } else if (made != null) {
      begin(made);
    }
  }

  private void begin(Channel on) {
    boolean parts = consumers.size() > 1;
    Queue<QueueConsumer> counted = new ArrayDeque<>(consumers);
    counted.removeIf(consumer -> parts && !consumer.isActive());
    asking = true;
    next(on, counted, 0);
  }

  /** One queue after another; what is in hand counts, too. */
  private void next(Channel on, Queue<QueueConsumer> left, long sum) {
    QueueConsumer consumer = left.poll();
    if (on != channel) {
      return;
    }
    if (consumer == null) {
      asking = false;
      known = sum == UNTOLD ? known : new Known(sum, Instant.now());
      return;
    }
    try {
      var unused =
          on.asyncCompletableRpc(
                  new AMQP.Queue.Declare.Builder().queue(consumer.queue()).passive().build())
              .thenAccept(
                  answer -> {
                    if (answer.getMethod() instanceof AMQP.Queue.DeclareOk counted) {
                      mailbox.tell(() -> counted(on, consumer, counted, left, sum));
                    }
                  });
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The backlog of {} is not known; it is asked for again", consumer.queue(), e);
    }
  }

  /**
   * A quorum queue whose leader is away, or answers late, is counted as empty and without
   * consumers: then the broker could not tell, and what was known stays.
   */
  private void counted(
      Channel on,
      QueueConsumer consumer,
      AMQP.Queue.DeclareOk answer,
      Queue<QueueConsumer> left,
      long sum) {
    if (on != channel) {
      return;
    }
    boolean told = answer.getMessageCount() > 0 || answer.getConsumerCount() > 0;
    if (told || !consumer.isAmongConsumers()) {
      consumer.counted(answer.getConsumerCount());
      long here = (long) answer.getMessageCount() + consumer.unsettled();
      next(on, left, sum == UNTOLD ? UNTOLD : sum + here);
    } else {
      next(on, left, UNTOLD);
    }
  }

  /** Null if there is none to be had. Blocks; not on the receiver's thread. */
  private static @Nullable Channel channel(Connection on) {
    try {
      return on.createChannel();
    } catch (IOException | AlreadyClosedException e) {
      log.debug("No channel to ask for the backlog; it is tried again", e);
      return null;
    }
  }

  private static void abort(Channel made) {
    try {
      made.abort();
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel for the backlog was closed already", e);
    }
  }
}
