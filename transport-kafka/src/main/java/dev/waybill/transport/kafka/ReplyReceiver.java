package dev.waybill.transport.kafka;

import dev.waybill.transport.kafka.ConnectionWatch.Health;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the replies of a requester on a thread of its own, and delivers those to one instance. A
 * consumer that fails is replaced by a new one, which reads on.
 */
final class ReplyReceiver implements ClosedInSteps {
  private static final Logger log = LoggerFactory.getLogger(ReplyReceiver.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration CLOSE_CONSUMER = Duration.ofMillis(500);
  private static final Duration CLOSE = Duration.ofSeconds(4);

  private final ReplyLog replies;
  private final String address;
  private final Duration silence;
  private final Listener listener;
  private final java.util.function.Consumer<ReplyReceiver> closed;
  private final Credit credit;
  private final Reporter reporter;
  private final Thread thread;
  private final LoopEnd end = new LoopEnd();
  private final Gate gate = new Gate();

  /** Read and not delivered for want of credit; of the polling thread alone. */
  private final Queue<ConsumerRecord<byte[], byte[]>> waiting = new ArrayDeque<>();

  private volatile @Nullable Consumer<byte[], byte[]> current;
  private volatile boolean paused;

  private ReplyReceiver(
      ReplyLog replies,
      int maxUnsettled,
      Listener listener,
      String address,
      Duration silence,
      java.util.function.Consumer<ReplyReceiver> closed) {
    this.replies = replies;
    this.address = address;
    this.silence = silence;
    this.listener = listener;
    this.closed = closed;
    this.credit = new Credit(maxUnsettled, this::wakeup);
    this.reporter = new Reporter(listener);
    this.thread = Threads.daemon("waybill-kafka-receive-" + replies.queue().requester(), this::run);
  }

  /**
   * Begins to receive.
   *
   * @param silence how long a consumer that is connected may receive nothing
   * @param closed is told when the receiver is closed
   */
  static ReplyReceiver start(
      ReplyLog replies,
      int maxUnsettled,
      Listener listener,
      String address,
      Duration silence,
      java.util.function.Consumer<ReplyReceiver> closed) {
    ReplyReceiver receiver =
        new ReplyReceiver(replies, maxUnsettled, listener, address, silence, closed);
    receiver.thread.start();
    return receiver;
  }

  @Override
  public void pause() {
    paused = true;
    wakeup();
  }

  @Override
  public void resume() {
    paused = false;
    wakeup();
  }

  @Override
  public void stop() {
    gate.shut(source());
  }

  @Override
  public void close() {
    stop();
    beginClose(Deadline.in(Duration.ZERO));
    awaitClosed(Deadline.in(CLOSE));
  }

  /** Makes the thread end at once: nothing is ever on its way to the broker. */
  @Override
  public void beginClose(Deadline begun) {
    if (!end.hasCome()) {
      end.now();
      wakeup();
      closed.accept(this);
    }
  }

  @Override
  public void awaitClosed(Deadline deadline) {
    Threads.join(thread, deadline);
  }

  private void run() {
    while (!end.hasCome()) {
      try {
        Consumer<byte[], byte[]> consumer = replies.open();
        current = consumer;
        try {
          serve(consumer);
        } finally {
          consumer.close(CloseOptions.timeout(CLOSE_CONSUMER));
        }
      } catch (RuntimeException | Error e) { // an Error must not end the receiving for good
        if (!end.hasCome()) {
          log.debug("The consumer of {} is replaced", source(), e);
          reporter.failed(KafkaErrors.receiving(source(), e));
          end.backOff();
        }
      }
    }
  }

  private void serve(Consumer<byte[], byte[]> consumer) {
    ConnectionWatch watch = ConnectionWatch.alone(consumer, silence);
    while (!end.hasCome()) {
      boolean delivering = true;
      while (delivering) {
        delivering = gate.pass(this::deliverNext);
      }
      if (waiting.isEmpty() && !paused && !gate.isShut()) {
        consumer.resume(consumer.paused());
        report(watch.look());
      } else {
        consumer.pause(consumer.assignment());
        watch = ConnectionWatch.alone(consumer, silence);
      }
      poll(consumer);
    }
  }

  private boolean deliverNext() {
    if (paused || end.hasCome() || waiting.isEmpty() || !credit.take()) {
      return false;
    }
    listener.delivered(new ReplyDelivery(waiting.remove(), credit, end::hasCome));
    return true;
  }

  private void poll(Consumer<byte[], byte[]> consumer) {
    ConsumerRecords<byte[], byte[]> records;
    try {
      records = consumer.poll(POLL);
    } catch (WakeupException e) {
      log.trace("Woken up");
      return;
    }
    if (!records.isEmpty()) {
      works();
    }
    for (ConsumerRecord<byte[], byte[]> record : records) {
      if (KafkaMapping.isFor(replies.queue(), record)) {
        waiting.add(record);
      }
    }
    replies.read(records);
  }

  private void report(Health health) {
    switch (health) {
      case LOST -> reporter.failed(KafkaErrors.disconnected(source(), address));
      case GOOD -> works();
      case UNKNOWN -> {}
    }
  }

  private void works() {
    end.succeeded();
    reporter.recovered();
  }

  private void wakeup() {
    Consumer<byte[], byte[]> consumer = current;
    if (consumer != null) {
      consumer.wakeup();
    }
  }

  private String source() {
    return replies.queue().toString();
  }
}
