package dev.waybill.bench;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.ContainerProperties.AckMode;
import org.springframework.kafka.listener.MessageListener;
import org.springframework.kafka.transaction.KafkaTransactionManager;

/** Spring Kafka: a listener container without an application context, and its template. */
final class SpringKafka implements Contender {
  private final Place place;
  private final boolean batch;
  private final boolean transactional;
  private final AckMode ackMode;

  SpringKafka(Place place, String name) {
    this.place = place;
    this.transactional = name.endsWith("-transactional");
    this.batch = transactional || name.endsWith("-batch");
    this.ackMode = name.endsWith("-per-record") ? AckMode.RECORD : AckMode.BATCH;
  }

  @Override
  public String version() {
    return Versions.of(KafkaTemplate.class);
  }

  @Override
  public String sendGuarantee() {
    return "confirmed by the broker";
  }

  @Override
  public String receiveGuarantee() {
    if (transactional) {
      return "exactly once, each poll a transaction, repeated without end if it fails; order and"
          + " parallelism per partition";
    }
    return (ackMode == AckMode.RECORD
            ? "at least once, each record committed by itself"
            : "at least once, a poll committed after it")
        + "; 9 retries in place, then logged and skipped; order and parallelism per partition";
  }

  @Override
  public String settings() {
    return (batch ? "batch" : "record")
        + " listener, AckMode."
        + ackMode
        + ", one consumer, or one per partition where handlers wait; KafkaTemplate, the"
        + " same headers as Waybill's";
  }

  private Map<String, Object> common() {
    return new HashMap<>(Map.of("bootstrap.servers", place.uri().substring("kafka://".length())));
  }

  private DefaultKafkaProducerFactory<String, byte[]> producers() {
    Map<String, Object> settings = common();
    settings.put("acks", "all");
    settings.put("key.serializer", StringSerializer.class);
    settings.put("value.serializer", ByteArraySerializer.class);
    return new DefaultKafkaProducerFactory<>(settings);
  }

  @Override
  public Outlet outlet() {
    var factory = producers();
    KafkaTemplate<String, byte[]> template = new KafkaTemplate<>(factory);
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        ProducerRecord<String, byte[]> record =
            new ProducerRecord<>(place.queue(), order.customer(), Json.encode(order));
        CloudEvents.each(order, "ce_", record.headers()::add);
        template
            .send(record)
            .whenComplete(
                (result, failure) -> {
                  if (failure != null) {
                    Failure.end("a send", failure);
                  }
                  confirmed.run();
                });
      }

      @Override
      public void close() {
        factory.destroy();
      }
    };
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    Map<String, Object> settings = common();
    settings.put("auto.offset.reset", "earliest");
    settings.put("isolation.level", "read_committed");
    settings.put("key.deserializer", StringDeserializer.class);
    settings.put("value.deserializer", ByteArrayDeserializer.class);
    ContainerProperties properties = new ContainerProperties(place.queue());
    properties.setGroupId(place.queue());
    properties.setAckMode(ackMode);
    if (transactional) {
      ship(properties, handler);
    } else if (batch) {
      BatchMessageListener<String, byte[]> listener =
          records -> records.forEach(record -> handle(record, handler));
      properties.setMessageListener(listener);
    } else {
      MessageListener<String, byte[]> listener = record -> handle(record, handler);
      properties.setMessageListener(listener);
    }
    var container =
        new ConcurrentMessageListenerContainer<String, byte[]>(
            new DefaultKafkaConsumerFactory<>(settings), properties);
    container.setConcurrency(handlers == 1 ? 1 : place.partitions());
    container.start();
    return container::stop;
  }

  private void ship(ContainerProperties properties, Handler handler) {
    var factory = producers();
    factory.setTransactionIdPrefix(place.queue() + "-");
    KafkaTemplate<String, byte[]> template = new KafkaTemplate<>(factory);
    properties.setKafkaAwareTransactionManager(new KafkaTransactionManager<>(factory));
    BatchMessageListener<String, byte[]> listener =
        records ->
            records.forEach(
                record -> {
                  Order order = Json.decode(record.value());
                  var shipment =
                      new ProducerRecord<String, byte[]>(
                          place.shipments(), order.customer(), Json.encode(Shipment.of(order)));
                  CloudEvents.each(order, "ce_", shipment.headers()::add);
                  template.send(shipment);
                  handler.handle(order);
                });
    properties.setMessageListener(listener);
  }

  private static void handle(ConsumerRecord<String, byte[]> record, Handler handler) {
    handler.handle(Json.decode(record.value()));
  }
}
