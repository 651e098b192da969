package dev.waybill.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own client, used as its documentation shows: one producer; a consumer per thread, which
 * polls, handles the batch in order and commits it. No retry, no dead letters, no order per key
 * beyond the partition.
 */
final class RawKafka implements Contender {
  private static final String VERSION = "/kafka/kafka-version.properties";
  private static final String TYPE = "bench.order.v1";
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration END = Duration.ofSeconds(10);

  private final Place place;
  private final boolean typed;

  /**
   * The client.
   *
   * @param typed whether it reads the headers that name a record's type and id, as it has to where
   *     records of several types are in a topic
   */
  RawKafka(Place place, boolean typed) {
    this.place = place;
    this.typed = typed;
  }

  @Override
  public String version() {
    Properties properties = new Properties();
    try (InputStream in = KafkaProducer.class.getResourceAsStream(VERSION)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }

  @Override
  public String sendGuarantee() {
    return "confirmed by the broker";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, a batch committed after it (commitAsync), nothing if a handler fails";
  }

  @Override
  public String settings() {
    return "acks=all, enable.idempotence=true; the same key and headers as Waybill writes, "
        + (typed ? "of which it reads the type;" : "which it does not read;")
        + " one consumer, or one per partition where handlers wait; enable.auto.commit=false,"
        + " read_committed, cooperative-sticky";
  }

  private String servers() {
    return place.uri().substring("kafka://".length());
  }

  @Override
  public Outlet outlet() {
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                servers(),
                "acks",
                "all",
                "enable.idempotence",
                "true",
                "key.serializer",
                ByteArraySerializer.class,
                "value.serializer",
                ByteArraySerializer.class));
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        var unused =
            producer.send(
                record(order),
                (metadata, failure) -> {
                  if (failure != null) {
                    Failure.end("a send", failure);
                  }
                  confirmed.run();
                });
      }

      @Override
      public void close() {
        producer.close(END);
      }
    };
  }

  /** With all that Waybill tells of a message: its CloudEvents attributes. */
  private ProducerRecord<byte[], byte[]> record(Order order) {
    byte[] key = bytes(order.customer());
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(place.queue(), key, Json.encode(order));
    byte[] id = bytes(UUID.randomUUID().toString());
    Headers headers = record.headers();
    headers.add("content-type", bytes("application/json"));
    headers.add("ce_specversion", bytes("1.0"));
    headers.add("ce_id", id);
    headers.add("ce_source", bytes("waybill"));
    headers.add("ce_type", bytes(TYPE));
    headers.add("ce_time", bytes(Instant.now().truncatedTo(ChronoUnit.MILLIS).toString()));
    headers.add("ce_waybillkind", bytes("command"));
    headers.add("ce_partitionkey", key);
    headers.add("ce_correlationid", id);
    return record;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    List<Loop> loops = new ArrayList<>();
    int threads = handlers == 1 ? 1 : place.partitions();
    for (int i = 0; i < threads; i++) {
      Loop loop = new Loop(handler);
      loop.thread.start();
      loops.add(loop);
    }
    return () -> {
      loops.forEach(loop -> loop.consumer.wakeup());
      loops.forEach(Loop::join);
    };
  }

  private final class Loop implements Runnable {
    private final Handler handler;
    private final Thread thread = new Thread(this, "raw-kafka");
    private final KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                servers(),
                "group.id",
                place.queue(),
                "enable.auto.commit",
                "false",
                "auto.offset.reset",
                "earliest",
                "isolation.level",
                "read_committed",
                "partition.assignment.strategy",
                CooperativeStickyAssignor.class.getName(),
                "key.deserializer",
                ByteArrayDeserializer.class,
                "value.deserializer",
                ByteArrayDeserializer.class));

    Loop(Handler handler) {
      this.handler = handler;
      consumer.subscribe(List.of(place.queue()));
    }

    @Override
    public void run() {
      try {
        while (true) {
          ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
          for (ConsumerRecord<byte[], byte[]> record : records) {
            if (typed) {
              checkType(record);
            }
            handler.handle(Json.decode(record.value()));
          }
          if (!records.isEmpty()) {
            consumer.commitAsync();
          }
        }
      } catch (WakeupException e) {
        consumer.close(CloseOptions.timeout(END));
      } catch (RuntimeException e) {
        Failure.end("the consumer", e);
      }
    }

    private void checkType(ConsumerRecord<byte[], byte[]> record) {
      String type = text(record, "ce_type");
      if (!type.equals(TYPE)) {
        throw new Failure("The record " + text(record, "ce_id") + " is of the type " + type);
      }
    }

    private static String text(ConsumerRecord<byte[], byte[]> record, String header) {
      return new String(record.headers().lastHeader(header).value(), StandardCharsets.UTF_8);
    }

    void join() {
      try {
        thread.join(END.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
