package dev.waybill.bench;

import io.smallrye.reactive.messaging.MediatorConfiguration;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import io.smallrye.reactive.messaging.rabbitmq.OutgoingRabbitMQMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.se.SeContainer;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import jakarta.inject.Inject;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Emitter;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.eclipse.microprofile.reactive.messaging.OnOverflow;

/** SmallRye Reactive Messaging over either broker, in a CDI container for Java SE. */
final class SmallRye implements Contender {
  private static final int PREFETCH = 1_000;
  private static volatile Handler handler;

  private final Place place;
  private final boolean kafka;

  SmallRye(Place place, String name) {
    this.place = place;
    this.kafka = name.endsWith("-kafka");
  }

  @Override
  public String version() {
    return Versions.of(MediatorConfiguration.class);
  }

  @Override
  public String sendGuarantee() {
    return "confirmed by the broker" + (kafka ? "" : ", a message that nobody gets is lost");
  }

  @Override
  public String receiveGuarantee() {
    return kafka
        ? "at least once, each record settled by itself and committed up to the first open one"
            + " every 5 s (throttled); the channel ends with its first message that fails; order"
            + " per partition"
        : "at least once, each message acknowledged by itself, one that fails is rejected and lost"
            + " without a dead-letter queue; order per consumer";
  }

  @Override
  public String settings() {
    return "handled on the event loop, as a method that must not block; emitter with a buffer; "
        + (kafka
            ? "acks=all, read_committed, byte arrays"
            : "publish-confirms, prefetch " + PREFETCH + ", nothing declared")
        + "; the same headers as Waybill's";
  }

  private static void configure(String channel, Map<String, String> settings) {
    settings.forEach((key, value) -> System.setProperty("mp.messaging." + channel + key, value));
  }

  private void connect(String channel) {
    if (kafka) {
      configure(
          channel,
          Map.of(
              "connector", "smallrye-kafka",
              "bootstrap.servers", place.uri().substring("kafka://".length()),
              "topic", place.queue()));
      return;
    }
    URI broker = URI.create(place.uri());
    String[] login = broker.getUserInfo().split(":", 2);
    configure(
        channel,
        Map.of(
            "connector",
            "smallrye-rabbitmq",
            "host",
            broker.getHost(),
            "port",
            String.valueOf(broker.getPort()),
            "username",
            login[0],
            "password",
            login[1],
            "virtual-host",
            broker.getPath().substring(1),
            "exchange.name",
            "\"\"", // the default exchange
            "exchange.declare",
            "false"));
  }

  @Override
  public Outlet outlet() {
    String channel = "outgoing.sent.";
    connect(channel);
    configure(
        channel,
        kafka
            ? Map.of("acks", "all", "value.serializer", ByteArraySerializer.class.getName())
            : Map.of("publish-confirms", "true", "default-routing-key", place.queue()));
    SeContainer container = start(Sender.class);
    Emitter<byte[]> emitter = container.select(Sender.class).get().emitter();
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        Metadata metadata =
            kafka
                ? Metadata.of(
                    OutgoingKafkaRecordMetadata.builder()
                        .withKey(order.customer())
                        .withHeaders(headers(order))
                        .build())
                : Metadata.of(
                    OutgoingRabbitMQMetadata.builder()
                        .withHeaders(new LinkedHashMap<>(CloudEvents.of(order, "ce-")))
                        .build());
        emitter.send(
            Message.of(
                Json.encode(order),
                metadata,
                () -> {
                  confirmed.run();
                  return CompletableFuture.completedFuture(null);
                },
                failure -> {
                  Failure.end("a send", failure);
                  return CompletableFuture.completedFuture(null);
                }));
      }

      @Override
      public void close() {
        container.close();
      }
    };
  }

  private static Headers headers(Order order) {
    RecordHeaders headers = new RecordHeaders();
    CloudEvents.each(order, "ce_", headers::add);
    return headers;
  }

  @Override
  public Running receive(int handlers, Handler called) {
    handler = called;
    String channel = "incoming.orders.";
    connect(channel);
    configure(
        channel,
        kafka
            ? Map.of(
                "group.id",
                place.queue(),
                "auto.offset.reset",
                "earliest",
                "isolation.level",
                "read_committed",
                "value.deserializer",
                ByteArrayDeserializer.class.getName())
            : Map.of(
                "queue.name", place.queue(),
                "queue.declare", "false",
                "max-outstanding-messages", String.valueOf(PREFETCH)));
    return start(Receiver.class)::close;
  }

  private static SeContainer start(Class<?> bean) {
    return SeContainerInitializer.newInstance().addBeanClasses(bean).initialize();
  }

  /** The application's bean that receives. */
  @ApplicationScoped
  public static class Receiver {
    @Incoming("orders")
    public void handle(byte[] body) {
      handler.handle(Json.decode(body));
    }
  }

  /** The application's bean that sends. */
  @ApplicationScoped
  public static class Sender {
    @Inject
    @Channel("sent")
    @OnOverflow(value = OnOverflow.Strategy.BUFFER, bufferSize = 2L * Bench.WINDOW)
    Emitter<byte[]> emitter;

    /** A method, because others have only a proxy of this. */
    public Emitter<byte[]> emitter() {
      return emitter;
    }
  }
}
