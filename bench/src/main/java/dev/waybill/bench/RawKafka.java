package dev.waybill.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own client, used as its documentation shows: one producer; a consumer per thread, which
 * polls, handles the batch in order and commits it. No retry, no dead letters, no order per key
 * beyond the partition.
 */
final class RawKafka implements Contender {
  /** What a consumer does with a batch. */
  enum Form {
    /** Handles it on the thread that polls. */
    PLAIN("which it does not read"),
    /** As well, but reads the headers that name a record's type. */
    TYPED("of which it reads the type"),
    /**
     * Reads all headers, and handles it on another thread, so that a slow handler does not keep it
     * from polling: the least that whatever keeps a contract like Waybill's has to do.
     */
    HANDED_OVER("all of which it reads; handled a batch at a time on one other thread"),
    /** Sends a shipment of each order, and commits it, in one transaction. */
    TRANSACTIONS("of which it reads the ids; a transactional producer");

    private final String inWords;

    Form(String inWords) {
      this.inWords = inWords;
    }
  }

  private static final String VERSION = "/kafka/kafka-version.properties";
  private static final String TYPE = "bench.order.v1";
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration END = Duration.ofSeconds(10);

  private final Place place;
  private final Form form;

  RawKafka(Place place, Form form) {
    this.place = place;
    this.form = form;
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
    return form == Form.TRANSACTIONS
        ? "exactly once, each poll a transaction, nothing if a handler or a transaction fails"
        : "at least once, a batch committed after it (commitAsync), nothing if a handler fails";
  }

  @Override
  public String settings() {
    return "acks=all, enable.idempotence=true; the same key and headers as Waybill writes, "
        + form.inWords
        + "; one consumer, or one per partition where handlers wait; enable.auto.commit=false,"
        + " read_committed, cooperative-sticky";
  }

  static String servers(Place place) {
    return place.uri().substring("kafka://".length());
  }

  @Override
  public Outlet outlet() {
    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(producerSettings());
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

  private Map<String, Object> producerSettings() {
    return Map.of(
        "bootstrap.servers",
        servers(place),
        "acks",
        "all",
        "enable.idempotence",
        "true",
        "key.serializer",
        ByteArraySerializer.class,
        "value.serializer",
        ByteArraySerializer.class);
  }

  private ProducerRecord<byte[], byte[]> record(Order order) {
    byte[] id = bytes(UUID.randomUUID().toString());
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(place.queue(), bytes(order.customer()), Json.encode(order));
    tell(record, TYPE, id, id);
    return record;
  }

  /** All that Waybill tells of a message: its CloudEvents attributes. */
  private static void tell(
      ProducerRecord<byte[], byte[]> record, String type, byte[] id, byte[] correlation) {
    Headers headers = record.headers();
    headers.add("content-type", bytes("application/json"));
    headers.add("ce_specversion", bytes("1.0"));
    headers.add("ce_id", id);
    headers.add("ce_source", bytes("waybill"));
    headers.add("ce_type", bytes(type));
    headers.add("ce_time", bytes(Instant.now().truncatedTo(ChronoUnit.MILLIS).toString()));
    headers.add("ce_waybillkind", bytes("command"));
    headers.add("ce_partitionkey", record.key());
    headers.add("ce_correlationid", correlation);
  }

  /** What is sent of an order. */
  private ProducerRecord<byte[], byte[]> shipment(
      ConsumerRecord<byte[], byte[]> received, Order order) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            place.shipments(), bytes(order.customer()), Json.encode(Shipment.of(order)));
    byte[] id = bytes(UUID.randomUUID().toString());
    tell(
        record, "bench.shipment.v1", id, received.headers().lastHeader("ce_correlationid").value());
    record.headers().add("ce_causationid", received.headers().lastHeader("ce_id").value());
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
                servers(place),
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
        if (form == Form.HANDED_OVER) {
          handOver();
        }
        if (form == Form.TRANSACTIONS) {
          ship();
        }
        while (true) {
          ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
          for (ConsumerRecord<byte[], byte[]> record : records) {
            if (form == Form.TYPED) {
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

    /** Polls the next batch while the one before is handled, and commits what has been. */
    private void handOver() {
      ExecutorService worker = Executors.newSingleThreadExecutor();
      try {
        Future<?> handled = CompletableFuture.completedFuture(null);
        Map<TopicPartition, OffsetAndMetadata> next = Map.of();
        while (true) {
          ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
          if (records.isEmpty()) {
            continue;
          }
          handled.get();
          if (!next.isEmpty()) {
            consumer.commitAsync(next, null);
          }
          next = records.nextOffsets();
          handled = worker.submit(() -> handle(records));
        }
      } catch (ExecutionException e) {
        Failure.end("a handler", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the trial is over
      } finally {
        worker.shutdownNow();
      }
    }

    private void handle(ConsumerRecords<byte[], byte[]> records) {
      for (ConsumerRecord<byte[], byte[]> record : records) {
        Map<String, String> headers = new HashMap<>();
        for (Header header : record.headers()) {
          headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8));
        }
        if (!TYPE.equals(headers.get("ce_type"))) {
          throw new Failure("A record is of the type " + headers.get("ce_type"));
        }
        handler.handle(Json.decode(record.value()));
      }
    }

    /** The documentation's loop: what a poll brings is handled, sent and committed together. */
    private void ship() {
      Map<String, Object> settings = new HashMap<>(producerSettings());
      settings.put("transactional.id", place.queue());
      try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
        producer.initTransactions();
        while (true) {
          ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
          if (records.isEmpty()) {
            continue;
          }
          producer.beginTransaction();
          for (ConsumerRecord<byte[], byte[]> record : records) {
            Order order = Json.decode(record.value());
            var unused = producer.send(shipment(record, order)); // the commit tells if one failed
            handler.handle(order);
          }
          producer.sendOffsetsToTransaction(records.nextOffsets(), consumer.groupMetadata());
          producer.commitTransaction();
        }
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
