package dev.waybill.transport.kafka;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is certain of a message that Kafka's producer had taken and that was then refused. */
class UnconfirmedSendTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final MetricName RETRIES =
      new MetricName("record-retry-total", "producer-metrics", "", Map.of());

  private final AtomicLong retries = new AtomicLong();
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final List<String> forgotten = new CopyOnWriteArrayList<>();
  private KafkaSender sender;

  @BeforeEach
  void start() {
    producer.setMockMetrics(
        RETRIES,
        new Metric() {
          @Override
          public MetricName metricName() {
            return RETRIES;
          }

          @Override
          public Object metricValue() {
            return retries.doubleValue();
          }
        });
    sender =
        new KafkaSender(
            new CurrentProducer(() -> producer),
            new ReplyTopics(null),
            DelayLevels.SECONDS,
            new ReadyForDelays() {
              @Override
              public CompletableFuture<Void> ready(String topic, Duration deadline) {
                return CompletableFuture.completedFuture(null);
              }

              @Override
              public void forget(String topic) {
                forgotten.add(topic);
              }
            });
  }

  @AfterEach
  void close() {
    sender.close(Duration.ZERO);
  }

  @Test
  void a_right_that_is_missing_at_the_only_attempt_is_a_rejection() {
    CompletableFuture<String> answer = send();

    producer.errorNext(new TopicAuthorizationException("t"));

    assertThat(failure(answer).certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(failure(answer).code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
  }

  @Test
  void a_right_that_is_missing_after_the_producer_repeated_something_leaves_it_unknown() {
    CompletableFuture<String> answer = send();
    CompletableFuture<String> other = send();
    retries.incrementAndGet();

    producer.errorNext(new TopicAuthorizationException("t"));
    producer.errorNext(new TopicAuthorizationException("t"));

    assertThat(failure(answer).certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(failure(answer)).hasMessageContaining("the right Write on topic 't' is missing");
    assertThat(failure(answer).code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
    assertThat(failure(other).certainty()).isEqualTo(Certainty.UNKNOWN);
    CompletableFuture<String> later = send();
    producer.errorNext(new TopicAuthorizationException("t"));
    assertThat(failure(later).certainty()).isEqualTo(Certainty.REJECTED);
  }

  @Test
  void a_topic_that_is_gone_leaves_it_unknown() {
    CompletableFuture<String> answer = send();

    producer.errorNext(new UnknownTopicOrPartitionException("gone"));

    assertThat(failure(answer).certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(failure(answer).code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void a_timestamp_that_the_broker_does_not_take_is_a_rejection() {
    CompletableFuture<String> answer = send();

    producer.errorNext(new InvalidTimestampException("an hour ahead"));

    assertThat(failure(answer).certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(failure(answer).code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
  }

  @Test
  void a_delay_topic_that_is_gone_is_looked_for_again() {
    Queue queue = new Queue("q", false);
    WireMessage delayed =
        new WireMessage(new byte[0], null, Map.of(), Map.of(), null, Duration.ofHours(1));
    CompletableFuture<String> answer = sender.send(queue, delayed, LONG);

    producer.errorNext(new UnknownTopicOrPartitionException("gone"));

    assertThat(failure(answer).code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(failure(answer)).hasMessageContaining("its delay topic 'q.delayed' is gone");
    assertThat(forgotten).containsExactly("q");
  }

  private CompletableFuture<String> send() {
    return sender.send(new ProducerRecord<>("t", new byte[] {1}), LONG);
  }

  private static SendException failure(CompletableFuture<String> answer) {
    return answer
        .orTimeout(LONG.toSeconds(), SECONDS)
        .handle((id, error) -> (SendException) error)
        .join();
  }
}
