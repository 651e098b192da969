package dev.waybill.transport.rabbitmq;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Topology;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Messages, names and topologies for tests. */
final class Wires {
  static final Duration DEADLINE = Duration.ofSeconds(30);

  private static final String RUN = UUID.randomUUID().toString().substring(0, 8);
  private static final AtomicInteger NAMES = new AtomicInteger();

  private Wires() {}

  static String name(String hint) {
    return hint + "-" + RUN + "-" + NAMES.incrementAndGet();
  }

  static Queue queue() {
    return new Queue(name("queue"), false);
  }

  static Queue keyedQueue() {
    return new Queue(name("keyed"), true);
  }

  static WireMessage message(String body) {
    return message(body, null);
  }

  static WireMessage message(String body, String key) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("id", UUID.randomUUID().toString());
    attributes.put("source", "/tests");
    attributes.put("specversion", "1.0");
    attributes.put("type", "tests.message.v1");
    attributes.put("time", "2026-03-01T12:30:00Z");
    if (key != null) {
      attributes.put("partitionkey", key);
    }
    return new WireMessage(
        body.getBytes(StandardCharsets.UTF_8),
        "text/plain",
        attributes,
        Map.of("wb-tenant", "blue"),
        key,
        null);
  }

  /** A message of that text which is to come after a time. */
  static WireMessage delayed(String body, Duration delay) {
    WireMessage now = message(body);
    return new WireMessage(
        now.body(), now.contentType(), now.attributes(), now.headers(), null, delay);
  }

  /** Levels of a test's own, whose waits are short. */
  static DelaySettings delays(Duration unit) {
    return new DelaySettings(
        new DelayLevels(name("waybill.delay.test"), unit, 9), false, Duration.ofMillis(50));
  }

  /** A builder for the broker at a URI. */
  static RabbitTransport.Builder transport(String uri) {
    RabbitSettings settings = RabbitUri.settings(uri);
    return RabbitTransport.builder()
        .address(settings.addresses().get(0).getHost(), settings.addresses().get(0).getPort())
        .user(settings.user())
        .password(settings.password())
        .virtualHost(settings.virtualHost());
  }

  static Topology topology(Source... sources) {
    List<Channel> channels = new ArrayList<>();
    List<Queue> deadLetters = new ArrayList<>();
    for (Source source : sources) {
      channels.add(
          source instanceof Subscription subscription ? subscription.topic() : (Queue) source);
      deadLetters.add(source.deadLetterQueue());
    }
    return new Topology(channels.stream().distinct().toList(), List.of(sources), deadLetters);
  }

  static Topology sendingTo(Topic topic) {
    return new Topology(List.of(topic), List.of(), List.of());
  }

  /** Sends and waits for the receipt. */
  static String send(Sender sender, Channel channel, WireMessage message) throws Exception {
    return sender.send(channel, message, DEADLINE).get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  /** Sends and waits for the error. */
  static Throwable failure(Sender sender, Channel channel, WireMessage message, Duration deadline)
      throws Exception {
    try {
      String receipt =
          sender.send(channel, message, deadline).get(DEADLINE.toSeconds() + 10, TimeUnit.SECONDS);
      throw new AssertionError("confirmed as " + receipt);
    } catch (ExecutionException e) {
      return e.getCause();
    }
  }
}
