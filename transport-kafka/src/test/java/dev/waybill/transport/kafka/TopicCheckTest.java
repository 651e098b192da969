package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class TopicCheckTest {
  private final AtomicInteger looks = new AtomicInteger();
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(
          true, new RoundRobinPartitioner(), new ByteArraySerializer(), new ByteArraySerializer()) {
        @Override
        public List<PartitionInfo> partitionsFor(String topic) {
          looks.incrementAndGet();
          if (topic.equals("missing")) {
            throw new TimeoutException("x", new UnknownTopicOrPartitionException());
          }
          return super.partitionsFor(topic);
        }
      };
  private final TopicCheck check =
      new TopicCheck(
          () -> producer,
          (topic, allowed) -> {},
          (topic, allowed) -> CompletableFuture.completedFuture(null));

  private static Outgoing to(String topic) {
    return new Outgoing(new Queue(topic, false), new ProducerRecord<>(topic, new byte[0]));
  }

  @Test
  void a_missing_topic_is_looked_for_a_while_and_but_once_for_each_message_after_that() {
    SendException problem = check.problem(to("missing"));
    int looked = looks.get();

    SendException again = check.problem(to("missing"));

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(again.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(looks).hasValue(looked + 1);
  }

  @Test
  void a_topic_that_is_there_is_looked_for_once() {
    assertThat(check.problem(to("there"))).isNull();
    assertThat(check.problem(to("there"))).isNull();

    assertThat(looks).hasValue(1);
  }
}
