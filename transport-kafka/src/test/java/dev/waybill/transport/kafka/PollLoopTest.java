package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;

/** What happens when a consumer fails in ways that a real one does not on demand. */
class PollLoopTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Inbox inbox = new Inbox();

  @Test
  void a_consumer_that_fails_and_can_not_even_be_closed_is_replaced() throws Exception {
    List<Broken> consumers = new CopyOnWriteArrayList<>();
    Credit credit = new Credit(1, () -> {});
    PollLoop loop =
        new PollLoop(
            "queue t",
            "host:1",
            1,
            credit,
            new Settler(
                new Queue("t.dlq", false), null, credit, () -> {}, DelayLevels.SECONDS, null),
            inbox,
            () -> {
              consumers.add(new Broken(consumers.isEmpty()));
              return new ConsumerSession(
                  consumers.get(consumers.size() - 1),
                  "t",
                  credit,
                  new PollClock(Duration.ofDays(1)));
            });
    Thread thread = new Thread(loop, "poll loop");

    thread.start();

    await().atMost(LONG).until(() -> consumers.size() == 2);
    assertThat(inbox.failures).hasSize(1);
    loop.close();
    thread.join(LONG.toMillis());
    assertThat(thread.isAlive()).isFalse();
    assertThat(consumers.get(1).closed()).isTrue();
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

  /** Which fails with an Error when it is closed after it has failed. */
  private static final class Broken extends MockConsumer<byte[], byte[]> {
    private final boolean fails;

    Broken(boolean fails) {
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
    public synchronized void close(CloseOptions options) {
      if (fails) {
        throw new OutOfMemoryError("no heap");
      }
      super.close(options);
    }
  }
}
