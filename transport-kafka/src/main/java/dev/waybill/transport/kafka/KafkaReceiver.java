package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/** A member of the source's consumer group, with a polling thread of its own. */
final class KafkaReceiver implements ClosedInSteps {
  /**
   * How long what was begun before the close may take, such as dead letters, and with it the last
   * commit.
   */
  static final Duration BEGUN = Duration.ofSeconds(2);

  /** All of a close. */
  static final Duration CLOSE = Duration.ofSeconds(5);

  /** The part of the credit that is kept for keys which have next to nothing open. */
  private static final int RESERVED = 4;

  private final PollLoop loop;
  private final Thread thread;
  private final @Nullable Transactions transactions;
  private final @Nullable Thread settling;
  private final Settler settler;
  private final Consumer<KafkaReceiver> closed;
  private final AtomicBoolean closing = new AtomicBoolean();

  private KafkaReceiver(
      PollLoop loop,
      @Nullable Transactions transactions,
      Settler settler,
      String source,
      Consumer<KafkaReceiver> closed) {
    this.loop = loop;
    this.transactions = transactions;
    this.settler = settler;
    this.closed = closed;
    this.thread = Threads.daemon("waybill-kafka-receive-" + source, loop);
    this.settling =
        transactions == null
            ? null
            : Threads.daemon("waybill-kafka-transactions-" + source, transactions);
  }

  /**
   * Begins to receive.
   *
   * @param topics looks at what is sent to, if deliveries are settled in transactions
   * @param closed is told when the receiver is closed
   * @throws MessagingException if Kafka's client refuses its properties
   */
  static KafkaReceiver start(
      Source source,
      int maxUnsettled,
      Listener listener,
      KafkaSettings settings,
      ClientProperties properties,
      DeadLetters deadLetters,
      @Nullable TopicCheck topics,
      Consumer<KafkaReceiver> closed) {
    Wake wake = new Wake();
    Credit credit = new Credit(maxUnsettled, maxUnsettled / RESERVED, wake);
    Transactions transactions =
        topics == null ? null : transactions(source, settings, properties, topics, credit, wake);
    Settler settler =
        new Settler(
            source.deadLetterQueue(),
            deadLetters,
            credit,
            wake,
            settings.delays().levels(),
            transactions);
    PollClock clock = new PollClock(settings.mayCommit());
    PollLoop loop;
    try {
      loop =
          new PollLoop(
              source.toString(),
              settings.bootstrapServers(),
              settings.silence(),
              maxUnsettled,
              credit,
              settler,
              listener,
              () -> {
                KafkaConsumer<byte[], byte[]> consumer =
                    new KafkaConsumer<>(
                        properties.consumer(KafkaNames.group(source), maxUnsettled));
                return new ConsumerSession(
                    consumer,
                    KafkaNames.topicOf(source),
                    credit,
                    clock,
                    transactions == null
                        ? new OffsetCommits(consumer)
                        : new TransactionCommits(consumer, transactions));
              });
    } catch (KafkaException e) {
      throw KafkaErrors.making(settings, e);
    }
    wake.loop = loop;
    KafkaReceiver receiver = new KafkaReceiver(loop, transactions, settler, source.name(), closed);
    receiver.thread.start();
    if (receiver.settling != null) {
      receiver.settling.start();
    }
    return receiver;
  }

  private static Transactions transactions(
      Source source,
      KafkaSettings settings,
      ClientProperties properties,
      TopicCheck topics,
      Credit credit,
      Runnable wake) {
    LoopEnd end = new LoopEnd();
    Map<String, Object> producer =
        properties.transactions(KafkaNames.group(source), KafkaNames.transactionalId(source));
    return new Transactions(
        source.toString(),
        new TransactionalProducer(
            () -> new NamingProducer(producer, KafkaNames.transactionalIds(source)),
            settings.transactionTimeout(),
            end::hasCome),
        topics,
        credit,
        wake,
        end);
  }

  /** The partitions; the backlog is the lag of those, a second or so old while brokers answer. */
  @Override
  public Status status() {
    return loop.status();
  }

  @Override
  public void pause() {
    loop.pause(true);
  }

  @Override
  public void resume() {
    loop.pause(false);
  }

  @Override
  public void stop() {
    loop.stop();
  }

  @Override
  public void close() {
    stop();
    Deadline closed = Deadline.in(CLOSE);
    beginClose(Deadline.in(BEGUN));
    awaitClosed(closed);
  }

  @Override
  public void beginClose(Deadline begun) {
    if (closing.compareAndSet(false, true)) {
      settler.awaitBegun(begun);
      if (transactions != null) {
        transactions.awaitStored(begun);
        transactions.close();
      }
      loop.close(begun);
      closed.accept(this);
    }
  }

  @Override
  public void awaitClosed(Deadline deadline) {
    Threads.join(thread, deadline);
    if (transactions != null && settling != null) {
      Threads.join(settling, deadline);
      transactions.abandon();
    }
  }

  /** Breaks the circle between a loop and what wakes it. */
  private static final class Wake implements Runnable {
    private volatile @Nullable PollLoop loop;

    @Override
    public void run() {
      PollLoop target = loop;
      if (target != null) {
        target.wakeup();
      }
    }
  }
}
