package dev.waybill.bench;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Confluent Parallel Consumer, ordered by key as Waybill is. It has no sender of its own. */
final class ConfluentParallelConsumer implements Contender {
  private static final int DEFAULT_CONCURRENCY = 16;

  private final Place place;

  ConfluentParallelConsumer(Place place, String name) {
    this.place = place;
  }

  @Override
  public String version() {
    return Versions.of(ParallelStreamProcessor.class);
  }

  @Override
  public String sendGuarantee() {
    return "does not send";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, each record settled by itself, order per key, retries without end, no"
        + " dead letters";
  }

  @Override
  public String settings() {
    return "ordering KEY, commit PERIODIC_CONSUMER_ASYNCHRONOUS, maxConcurrency 16 or as many as"
        + " the bench has handlers";
  }

  @Override
  public Outlet outlet() {
    throw new Failure("Parallel Consumer has no sender");
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                place.uri().substring("kafka://".length()),
                "group.id",
                place.queue(),
                "enable.auto.commit",
                "false",
                "auto.offset.reset",
                "earliest",
                "isolation.level",
                "read_committed",
                "key.deserializer",
                StringDeserializer.class,
                "value.deserializer",
                ByteArrayDeserializer.class));
    ParallelStreamProcessor<String, byte[]> processor =
        ParallelStreamProcessor.createEosStreamProcessor(
            ParallelConsumerOptions.<String, byte[]>builder()
                .consumer(consumer)
                .ordering(ProcessingOrder.KEY)
                .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
                .maxConcurrency(Math.max(handlers, DEFAULT_CONCURRENCY))
                .build());
    processor.subscribe(List.of(place.queue()));
    processor.poll(context -> handler.handle(Json.decode(context.value())));
    return () -> processor.closeDontDrainFirst();
  }
}
