package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A broker with a clock, and a connection to it; closed connections leave no thread. */
final class Scene implements AutoCloseable {
  static final Duration DEADLINE = Duration.ofSeconds(5);
  static final Queue QUEUE = new Queue("payments", false);
  static final Queue KEYED = new Queue("orders-in", true);
  static final Topic TOPIC = new Topic("orders", false);
  static final Subscription BILLING = new Subscription(TOPIC, "billing");
  static final Subscription STOCK = new Subscription(TOPIC, "stock");

  final VirtualClock clock = VirtualClock.create();
  final InMemoryBroker broker = InMemoryBroker.create(clock);
  final TransportConnection connection = broker.transport().connect(DEADLINE);

  /** A scene in which these stand, with their dead-letter queues. */
  Scene(Source... sources) {
    assertThat(connection.prepare(topology(sources), Topology.Mode.CREATE)).isEmpty();
  }

  static Topology topology(Source... sources) {
    List<Channel> channels = new ArrayList<>();
    List<Queue> deadLetterQueues = new ArrayList<>();
    for (Source source : sources) {
      channels.add(source instanceof Subscription s ? s.topic() : (Queue) source);
      deadLetterQueues.add(source.deadLetterQueue());
    }
    return new Topology(channels, List.of(sources), deadLetterQueues);
  }

  Listening listen(Source source) {
    return listen(source, 100);
  }

  Listening listen(Source source, int credit) {
    Listening listening = new Listening();
    receive(source, credit, listening);
    return listening;
  }

  Receiver receive(Source source, int credit, Receiver.Listener listener) {
    return connection.receive(source, credit, listener);
  }

  String send(Channel channel, String text) {
    return send(channel, message(text, null, null));
  }

  String send(Channel channel, String key, String text) {
    return send(channel, message(text, key, null));
  }

  String send(Channel channel, WireMessage message) {
    return connection.sender().send(channel, message, DEADLINE).join();
  }

  CompletableFuture<String> trySend(Channel channel, String text) {
    return connection.sender().send(channel, message(text, null, null), DEADLINE);
  }

  /** Waits until every receiver has what it takes now. */
  void settleDown() {
    clock.advance(Duration.ZERO);
  }

  /** Waits until the receivers of a source have found that there is nothing to do. */
  static void awaitIdle(Source source) {
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("waybill-inmemory-" + source.name()))
                    .allMatch(thread -> thread.getState() == Thread.State.WAITING));
  }

  static WireMessage message(String text, String key, Duration delay) {
    return new WireMessage(
        text.getBytes(StandardCharsets.UTF_8), "text/plain", Map.of(), Map.of(), key, delay);
  }

  static Settlement.Result accept(Delivery delivery) {
    return settle(delivery, Settlement.accept());
  }

  static Settlement.Result release(Delivery delivery, Duration after) {
    return settle(delivery, new Settlement.Release(after, delivery.attempt()));
  }

  static Settlement.Result reject(Delivery delivery, Map<String, String> evidence) {
    return settle(delivery, new Settlement.Reject("broken", evidence));
  }

  static Settlement.Result settle(Delivery delivery, Settlement settlement) {
    return delivery.settle(settlement).toCompletableFuture().join();
  }

  @Override
  public void close() {
    connection.close();
  }
}
