package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
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
  private final Calls calls;
  private @Nullable Connection connection;
  private @Nullable Channel channel;
  private boolean joining;
  private boolean asking;
  private boolean ticking;
  private boolean ended;

  /**
   * Among the instances of a source.
   *
   * @param calls makes what blocks
   */
  PartitionBalance(String instances, List<QueueConsumer> consumers, Mailbox mailbox, Calls calls) {
    this.instances = instances;
    this.consumers = consumers;
    this.mailbox = mailbox;
    this.calls = calls;
  }

  void connected(Connection made) {
    connection = made;
    join();
    if (!ticking) {
      ticking = true;
      countLater();
    }
  }

  /** Leaves for good, so that the others no longer count this instance. */
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

  private void join() {
    Connection current = connection;
    if (ended || joining || current == null || !current.isOpen()) {
      return;
    }
    leave();
    joining = true;
    calls.add(
        () -> {
          Channel made = consume(current);
          if (!mailbox.tell(() -> joined(current, made)) && made != null) {
            abort(made);
          }
        });
  }

  /** Null if it can't be. Blocks; not on the receiver's thread. */
  private @Nullable Channel consume(Connection on) {
    Channel made = null;
    try {
      made = on.createChannel();
      if (made != null) {
        String unused = made.basicConsume(instances, true, new DefaultConsumer(made));
      }
      return made;
    } catch (IOException | AlreadyClosedException e) {
      log.info(
          "The instances of {} can't be counted, and partitions are not shared out: {}",
          instances,
          RabbitErrors.why(e));
      if (made != null) {
        abort(made);
      }
      return null;
    }
  }

  private void joined(Connection on, @Nullable Channel made) {
    joining = false;
    asking = false;
    channel = made;
    if (ended || on != connection) {
      leave();
      join();
    }
  }

  private void abort(Channel made) {
    try {
      made.abort();
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel at {} was closed already", instances, e);
    }
  }

  private void countLater() {
    long millis = PERIOD.toMillis();
    Runnable unused =
        mailbox.tellLater(millis + ThreadLocalRandom.current().nextLong(millis / 2), this::count);
  }

  /** Asks without waiting for the answer, which a queue without a leader takes seconds for. */
  private void count() {
    if (ended) {
      return;
    }
    countLater();
    Channel current = channel;
    if (current == null || !current.isOpen()) {
      join();
    } else if (!asking) { // a second question would wait for the answer to the first
      ask(current);
    }
  }

  private void ask(Channel current) {
    asking = true;
    try {
      CompletableFuture<Void> unused =
          current
              .asyncCompletableRpc(
                  new AMQP.Queue.Declare.Builder().queue(instances).passive().build())
              .thenAccept(
                  answer -> {
                    if (answer.getMethod() instanceof AMQP.Queue.DeclareOk counted) {
                      mailbox.tell(() -> counted(current, counted.getConsumerCount()));
                    }
                  });
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel at {} is closed; another one is opened", instances, e);
    }
  }

  private void counted(Channel on, int count) {
    if (on == channel) {
      asking = false;
      share(count);
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
