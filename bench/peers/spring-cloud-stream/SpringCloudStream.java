package dev.waybill.bench;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.DeclarableCustomizer;
import org.springframework.amqp.core.Queue;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.stream.function.StreamBridge;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.integration.channel.DirectChannel;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.messaging.Message;
import org.springframework.messaging.SubscribableChannel;
import org.springframework.messaging.support.MessageBuilder;

/** Spring Cloud Stream with either binder: a function that receives, and a stream bridge. */
final class SpringCloudStream implements Contender {
  private static final int PREFETCH = 1_000;
  private static final String IN = "orders-in-0";
  private static final String OUT = "orders-out";
  private static final String CONFIRMED = "confirmed";
  private static volatile Handler handler;

  private final Place place;
  private final String binder;

  SpringCloudStream(Place place, String name) {
    this.place = place;
    this.binder = name.endsWith("-kafka") ? "kafka" : "rabbit";
  }

  private boolean isKafka() {
    return binder.equals("kafka");
  }

  @Override
  public String version() {
    return Versions.of(StreamBridge.class);
  }

  @Override
  public String sendGuarantee() {
    return "confirmed by the broker" + (isKafka() ? "" : ", a message that nobody gets is lost");
  }

  @Override
  public String receiveGuarantee() {
    return isKafka()
        ? "at least once, a poll committed after it; 3 attempts in place, then logged and skipped;"
            + " order and parallelism per partition"
        : "at least once, each message acknowledged by itself; 3 attempts in place, then rejected"
            + " and lost without a dead-letter queue; order per consumer";
  }

  @Override
  public String settings() {
    return isKafka()
        ? "acks=all, read_committed, headers none; one consumer, or one per partition where"
            + " handlers wait; confirms by recordMetadataChannel"
        : "prefetch "
            + PREFETCH
            + ", correlated confirms by confirmAckChannel, persistent, no"
            + " headers; one consumer";
  }

  private ConfigurableApplicationContext start(Class<?> application, Map<String, Object> more) {
    System.setProperty("org.springframework.boot.logging.LoggingSystem", "none");
    Map<String, Object> settings = new TreeMap<>(more);
    settings.put("spring.cloud.stream.default-binder", binder);
    settings.put(
        "spring.cloud.stream.kafka.binder.brokers", place.uri().replaceFirst("^kafka://", ""));
    settings.put("spring.cloud.stream.kafka.binder.auto-create-topics", false);
    settings.put("spring.cloud.stream.kafka.binder.required-acks", "all");
    settings.put(
        "spring.cloud.stream.kafka.binder.consumer-properties[isolation.level]", "read_committed");
    if (!isKafka()) {
      settings.put("spring.rabbitmq.addresses", place.uri());
      settings.put("spring.rabbitmq.publisher-confirm-type", "correlated");
    }
    return new SpringApplicationBuilder(application)
        .web(WebApplicationType.NONE)
        .properties(settings)
        .run("--spring.main.banner-mode=off");
  }

  @Override
  public Outlet outlet() {
    String own = "spring.cloud.stream." + binder + ".bindings." + OUT + ".producer.";
    Map<String, Object> settings = new TreeMap<>();
    settings.put("spring.cloud.stream.bindings." + OUT + ".producer.error-channel-enabled", true);
    if (isKafka()) {
      settings.put("spring.cloud.stream.bindings." + OUT + ".destination", place.queue());
      settings.put("spring.cloud.stream.bindings." + OUT + ".producer.header-mode", "none");
      settings.put(own + "record-metadata-channel", CONFIRMED);
    } else {
      bind();
      settings.put("spring.cloud.stream.bindings." + OUT + ".destination", "amq.direct");
      settings.put(own + "declare-exchange", false);
      settings.put(own + "routing-key", place.queue());
      settings.put(own + "header-patterns", "none");
      settings.put(own + "confirm-ack-channel", CONFIRMED);
    }
    ConfigurableApplicationContext context = start(Sends.class, settings);
    context
        .getBean(CONFIRMED, SubscribableChannel.class)
        .subscribe(message -> message.getHeaders().get(CONFIRMED, Runnable.class).run());
    context
        .getBean("errorChannel", SubscribableChannel.class)
        .subscribe(message -> Failure.end("a send", (Throwable) message.getPayload()));
    StreamBridge bridge = context.getBean(StreamBridge.class);
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        Message<byte[]> message =
            MessageBuilder.withPayload(Json.encode(order))
                .setHeader(KafkaHeaders.KEY, order.customer().getBytes(StandardCharsets.UTF_8))
                .setHeader(CONFIRMED, confirmed)
                .build();
        if (!bridge.send(OUT, message)) {
          Failure.end("a send", new IllegalStateException("not sent"));
        }
      }

      @Override
      public void close() {
        context.close();
      }
    };
  }

  /** It can't send to the default exchange. */
  private void bind() {
    ConnectionFactory factory = new ConnectionFactory();
    try {
      factory.setUri(place.uri());
      try (Connection connection = factory.newConnection();
          Channel channel = connection.createChannel()) {
        channel.queueBind(place.queue(), "amq.direct", place.queue());
      }
    } catch (Exception e) {
      throw new Failure("The queue could not be bound", e);
    }
  }

  @Override
  public Running receive(int handlers, Handler called) {
    handler = called;
    String own = "spring.cloud.stream." + binder + ".bindings." + IN + ".consumer.";
    Map<String, Object> settings = new TreeMap<>();
    settings.put("spring.cloud.function.definition", "orders");
    settings.put("spring.cloud.stream.bindings." + IN + ".destination", place.queue());
    settings.put("spring.cloud.stream.bindings." + IN + ".group", place.queue());
    settings.put("spring.cloud.stream.bindings." + IN + ".consumer.use-native-decoding", true);
    settings.put(
        "spring.cloud.stream.bindings." + IN + ".consumer.concurrency",
        handlers == 1 ? 1 : place.partitions());
    if (!isKafka()) {
      settings.put(own + "queue-name-group-only", true);
      settings.put(own + "bind-queue", false);
      settings.put(own + "declare-exchange", false);
      settings.put(own + "prefetch", PREFETCH);
    }
    return start(Receives.class, settings)::close;
  }

  /** The application that receives. */
  @Configuration
  @EnableAutoConfiguration
  public static class Receives {
    @Bean
    public Consumer<Message<byte[]>> orders() {
      return message -> handler.handle(Json.decode(message.getPayload()));
    }

    /** The queue is there already, with arguments of its own. */
    @Bean
    public DeclarableCustomizer asItIs() {
      return (Declarable declarable) -> {
        if (declarable instanceof Queue queue) {
          queue.setIgnoreDeclarationExceptions(true);
        }
        return declarable;
      };
    }
  }

  /** The application that sends. */
  @Configuration
  @EnableAutoConfiguration
  public static class Sends {
    @Bean(CONFIRMED)
    public DirectChannel confirmed() {
      return new DirectChannel();
    }
  }
}
