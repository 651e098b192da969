package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

/** What happens when a consumer fails in ways that a real one does not on demand. */
class PollLoopTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Inbox inbox = new Inbox();

  @Test
  void a_consumer_that_fails_and_can_not_even_be_closed_is_replaced() throws Exception {
    List<Broken> consumers = new CopyOnWriteArrayList<>();
    Credit credit = new Credit(1, () -> {});
    TopicPartition partition = new TopicPartition("t", 0);
    PollLoop loop =
        loop(
            1,
            credit,
            () -> {
              Broken consumer = new Broken(consumers.isEmpty(), inbox);
              ConsumerSession session =
                  new ConsumerSession(consumer, "t", credit, new PollClock(Duration.ofDays(1)));
              consumer.updateBeginningOffsets(Map.of(partition, 0L));
              consumer.updateEndOffsets(Map.of(partition, 1L));
              consumer.rebalance(List.of(partition));
              if (consumers.isEmpty()) {
                consumer.addRecord(new ConsumerRecord<>("t", 0, 0, null, new byte[] {'x'}));
              }
              consumers.add(consumer);
              return session;
            });
    Thread thread = new Thread(loop, "poll loop");

    thread.start();

    await().atMost(LONG).until(() -> consumers.size() == 2);
    assertThat(inbox.failures).hasSize(1);
    assertThat(inbox.next().isOwned()).isFalse();
    assertThat(credit.left()).as("the credit of the delivery that was open").isOne();
    loop.close(Deadline.in(LONG));
    thread.join(LONG.toMillis());
    assertThat(thread.isAlive()).isFalse();
    assertThat(consumers.get(1).closed()).isTrue();
  }

  @Test
  void beside_a_key_that_hangs_the_next_of_another_comes_as_soon_as_one_of_it_is_settled()
      throws Exception {
    AtomicReference<PollLoop> woken = new AtomicReference<>();
    Credit credit = new Credit(64, 16, () -> woken.get().wakeup());
    TopicPartition partition = new TopicPartition("t", 0);
    WaitsForWakeups consumer = new WaitsForWakeups();
    ConsumerSession session =
        new ConsumerSession(consumer, "t", credit, new PollClock(Duration.ofDays(1)));
    consumer.updateBeginningOffsets(Map.of(partition, 0L));
    consumer.updateEndOffsets(Map.of(partition, 120L));
    consumer.rebalance(List.of(partition));
    for (int offset = 0; offset < 120; offset++) {
      byte[] key = {(byte) (offset < 90 ? 'h' : 'q')};
      consumer.addRecord(new ConsumerRecord<>("t", 0, offset, key, key));
    }
    PollLoop loop = loop(64, credit, () -> session);
    woken.set(loop);
    Thread thread = new Thread(loop, "poll loop");

    thread.start();

    try {
      assertThat(inbox.next(48)).extracting(Inbox::text).containsOnly("h");
      for (int i = 0; i < 30; i++) {
        Delivery delivery = inbox.next();
        assertThat(Inbox.text(delivery)).isEqualTo("q");
        Inbox.accept(delivery);
      }
    } finally {
      loop.close(Deadline.in(LONG));
      thread.join(LONG.toMillis());
    }
    assertThat(thread.isAlive()).isFalse();
  }

  @Test
  void a_receiver_has_not_recovered_while_no_partition_of_its_consumer_has_begun()
      throws Exception {
    List<Unanswered> consumers = new CopyOnWriteArrayList<>();
    Credit credit = new Credit(1, () -> {});
    TopicPartition partition = new TopicPartition("t", 0);
    PollLoop loop =
        loop(
            1,
            credit,
            () -> {
              Unanswered consumer = new Unanswered(consumers.isEmpty());
              ConsumerSession session =
                  new ConsumerSession(consumer, "t", credit, new PollClock(Duration.ofDays(1)));
              consumer.updateBeginningOffsets(Map.of(partition, 0L));
              consumer.updateEndOffsets(Map.of(partition, 0L));
              consumer.rebalance(List.of(partition));
              consumers.add(consumer);
              return session;
            });
    Thread thread = new Thread(loop, "poll loop");

    thread.start();

    try {
      await().atMost(LONG).until(() -> consumers.size() == 2 && consumers.get(1).looks.get() >= 4);
      assertThat(inbox.events).containsExactly("failed");
      consumers.get(1).answers = true;
      await().atMost(LONG).until(() -> inbox.events.size() > 1);
      assertThat(inbox.events).containsExactly("failed", "recovered");
    } finally {
      loop.close(Deadline.in(LONG));
      thread.join(LONG.toMillis());
    }
    assertThat(thread.isAlive()).isFalse();
  }

  @Test
  void a_disturbance_is_reported_once_and_again_when_it_is_another_one() {
    Reporter reporter = new Reporter(inbox);

    reporter.failed(new MessagingException(ErrorCode.CONNECTION_FAILED, "lost"));
    reporter.failed(new MessagingException(ErrorCode.CONNECTION_FAILED, "lost"));
    reporter.failed(new MessagingException(ErrorCode.NOT_AUTHORISED, "forbidden"));
    reporter.recovered();
    reporter.recovered();
    reporter.failed(new MessagingException(ErrorCode.NOT_AUTHORISED, "forbidden"));

    assertThat(inbox.events).containsExactly("failed", "failed", "recovered", "failed");
    assertThat(inbox.failures)
        .extracting(MessagingException::code)
        .containsExactly(
            ErrorCode.CONNECTION_FAILED, ErrorCode.NOT_AUTHORISED, ErrorCode.NOT_AUTHORISED);
  }

  private PollLoop loop(int maxUnsettled, Credit credit, Supplier<ConsumerSession> sessions) {
    return new PollLoop(
        "queue t",
        "host:1",
        LONG,
        maxUnsettled,
        credit,
        new Settler(new Queue("t.dlq", false), null, credit, () -> {}, DelayLevels.SECONDS, null),
        inbox,
        sessions);
  }

  /** Whose polls wait until they are woken, but the first one; the time that is given is none. */
  private static final class WaitsForWakeups extends MockConsumer<byte[], byte[]> {
    private boolean woken = true;

    WaitsForWakeups() {
      super("earliest");
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      try {
        while (!woken && !timeout.isZero()) {
          wait();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      woken = false;
      return super.poll(timeout);
    }

    @Override
    public synchronized void wakeup() {
      super.wakeup();
      woken = true;
      notifyAll();
    }
  }

  /**
   * In touch with its broker, which does not say yet what is committed; or one that fails at once.
   */
  private static final class Unanswered extends MockConsumer<byte[], byte[]> {
    private final boolean fails;
    private final AtomicInteger looks = new AtomicInteger();
    private volatile boolean answers;

    Unanswered(boolean fails) {
      super("earliest");
      this.fails = fails;
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      if (fails) {
        throw new KafkaException("broken");
      }
      return super.poll(timeout);
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(
        Set<TopicPartition> partitions, Duration timeout) {
      if (!answers) {
        throw new TimeoutException("a transaction is pending");
      }
      return Map.of();
    }

    @Override
    public synchronized Map<MetricName, ? extends Metric> metrics() {
      return ConnectionWatchTest.inTouch(looks, () -> answers ? 1 : 0);
    }
  }

  /** Which fails once something is delivered, and with an Error when it commits or is closed. */
  private static final class Broken extends MockConsumer<byte[], byte[]> {
    private final boolean fails;

    private final Inbox inbox;

    Broken(boolean fails, Inbox inbox) {
      super("earliest");
      this.fails = fails;
      this.inbox = inbox;
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      if (fails && inbox.size() > 0) {
        throw new KafkaException("broken");
      }
      return super.poll(timeout);
    }

    @Override
    public synchronized void commitSync(
        Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
      if (fails) {
        throw new OutOfMemoryError("no heap");
      }
      super.commitSync(offsets, timeout);
    }

    @Override
    public synchronized void commitAsync(
        Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
      if (!fails) { // else there is no answer, so that it is made again by the last one
        super.commitAsync(offsets, callback);
      }
    }

    @Override
    public synchronized void close(CloseOptions options) {
      if (fails) {
        throw new OutOfMemoryError("no heap");
      }
      super.close(options);
    }
  }
}
