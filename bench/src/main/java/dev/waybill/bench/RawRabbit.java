package dev.waybill.bench;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.impl.AMQConnection;
import java.io.IOException;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * RabbitMQ's own client, tuned by hand: a channel that publishes and keeps a ring of what is not
 * confirmed, and a channel that consumes, handles on the client's thread and acknowledges many at a
 * time. No retry, no dead letters, and nothing comes back after a connection is lost.
 */
final class RawRabbit implements Contender {
  static final int PREFETCH = 1_000;
  private static final int ACKNOWLEDGED_TOGETHER = 50;
  private static final int PERSISTENT = 2;

  private final Place place;

  RawRabbit(Place place) {
    this.place = place;
  }

  static Connection connect(String uri) throws IOException, TimeoutException {
    ConnectionFactory factory = new ConnectionFactory();
    try {
      factory.setUri(uri);
    } catch (URISyntaxException | GeneralSecurityException e) {
      throw new Failure("The URI of the broker can't be used", e);
    }
    return factory.newConnection("bench");
  }

  private Channel channel() {
    try {
      return connect(place.uri()).createChannel();
    } catch (IOException | TimeoutException e) {
      throw new Failure("No connection to the broker", e);
    }
  }

  @Override
  public String version() {
    return String.valueOf(AMQConnection.defaultClientProperties().get("version"));
  }

  @Override
  public String sendGuarantee() {
    return "confirmed by the broker";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, " + ACKNOWLEDGED_TOGETHER + " acknowledged together";
  }

  @Override
  public String settings() {
    return "publisher confirms, mandatory, persistent; prefetch "
        + PREFETCH
        + "; the same queue, properties and headers as Waybill's; handled on the client's thread";
  }

  @Override
  public Outlet outlet() {
    Channel channel = channel();
    Unconfirmed unconfirmed = new Unconfirmed();
    try {
      channel.confirmSelect();
    } catch (IOException e) {
      throw new Failure("No confirms", e);
    }
    channel.addConfirmListener(
        unconfirmed::confirmed,
        (number, multiple) -> Failure.end("a send", new IOException("nacked")));
    channel.addReturnListener(
        returned -> Failure.end("a send", new IOException(returned.getReplyText())));
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        unconfirmed.add(channel.getNextPublishSeqNo(), confirmed);
        try {
          channel.basicPublish("", place.queue(), true, properties(order), Json.encode(order));
        } catch (IOException e) {
          Failure.end("a send", e);
        }
      }

      @Override
      public void close() {
        end(channel);
      }
    };
  }

  /** With all that Waybill tells of a message: its CloudEvents attributes. */
  private static BasicProperties properties(Order order) {
    String id = UUID.randomUUID().toString();
    Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    Map<String, Object> headers = new HashMap<>();
    headers.put("ce-specversion", "1.0");
    headers.put("ce-id", id);
    headers.put("ce-source", "waybill");
    headers.put("ce-type", "bench.order.v1");
    headers.put("ce-time", now.toString());
    headers.put("ce-waybillkind", "command");
    headers.put("ce-partitionkey", order.customer());
    headers.put("ce-correlationid", id);
    return new BasicProperties.Builder()
        .headers(headers)
        .contentType("application/json")
        .messageId(id)
        .type("bench.order.v1")
        .timestamp(Date.from(now))
        .deliveryMode(PERSISTENT)
        .build();
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    Channel channel = channel();
    try {
      channel.basicQos(PREFETCH);
      channel.basicConsume(
          place.queue(),
          false,
          (consumer, delivery) -> handle(channel, delivery, handler),
          consumer -> {});
    } catch (IOException e) {
      throw new Failure("The queue can't be consumed", e);
    }
    return () -> end(channel);
  }

  private static void handle(Channel channel, Delivery delivery, Handler handler)
      throws IOException {
    handler.handle(Json.decode(delivery.getBody()));
    long tag = delivery.getEnvelope().getDeliveryTag();
    if (tag % ACKNOWLEDGED_TOGETHER == 0) {
      channel.basicAck(tag, true);
    }
  }

  private static void end(Channel channel) {
    try {
      channel.getConnection().close();
    } catch (IOException e) {
      throw new Failure("The connection could not be closed", e);
    }
  }

  /**
   * What to run when a send is confirmed, by its number; at most {@link Bench#WINDOW} at a time.
   */
  private static final class Unconfirmed {
    private static final int ROOM = 4 * Bench.WINDOW;

    private final AtomicReferenceArray<Runnable> ring = new AtomicReferenceArray<>(ROOM);
    private long lowest = 1;

    void add(long number, Runnable confirmed) {
      ring.set(index(number), confirmed);
    }

    /** On the client's thread alone. */
    void confirmed(long number, boolean multiple) {
      if (multiple) {
        for (; lowest <= number; lowest++) {
          run(lowest);
        }
      } else {
        run(number);
      }
    }

    private void run(long number) {
      Runnable confirmed = ring.getAndSet(index(number), null);
      if (confirmed != null) {
        confirmed.run();
      }
    }

    private static int index(long number) {
      return (int) (number % ROOM);
    }
  }
}
