package dev.waybill.testkit;

import dev.waybill.ConsumerSpec;
import dev.waybill.MessageBus;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.inmemory.VirtualClock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The channels, routes and buses of one case, under names that no other case has. */
final class ContractCase {
  /** A command with an order per key. */
  record Charge(String account, int number) {}

  /** A command without a key. */
  record Refresh(int number) {}

  /** An event with an order per key. */
  record Charged(String account, int number) {}

  /** An event without a key. */
  record Refreshed(int number) {}

  /** What a {@link Refresh} is answered with if it was requested. */
  sealed interface Answer {}

  /** One of the answers. */
  record Done(int number) implements Answer {}

  /** The other. */
  record NotNeeded(int number, String why) implements Answer {}

  /** A document without a key. */
  record Report(String title, List<String> lines) {}

  private final Supplier<TransportHarness> harness;
  final String id = "c" + UUID.randomUUID().toString().substring(0, 8);
  final String keyedQueue = id + "-charges";
  final String plainQueue = id + "-refreshes";
  final String keyedTopic = id + "-charged";
  final String plainTopic = id + "-refreshed";
  final String documents = id + "-reports";
  final Routes routes;

  ContractCase(Supplier<TransportHarness> harness) {
    this.harness = harness;
    this.routes =
        Routes.define(
            r -> {
              r.command(Charge.class)
                  .named("charge.v1")
                  .toQueue(keyedQueue)
                  .keyedBy(Charge::account);
              r.command(Refresh.class).named("refresh.v1").toQueue(plainQueue);
              r.event(Charged.class)
                  .named("charged.v1")
                  .toTopic(keyedTopic)
                  .keyedBy(Charged::account);
              r.event(Refreshed.class).named("refreshed.v1").toTopic(plainTopic);
              r.document(Report.class).named("report.v1").toQueue(documents);
              r.reply(Done.class).named("done.v1");
              r.reply(NotNeeded.class).named("not-needed.v1");
            });
  }

  /** A bus with the case's routes. */
  MessageBus.Builder bus() {
    return bus(harness().transport());
  }

  /** A bus with the case's routes over another way to the same broker. */
  MessageBus.Builder bus(Transport transport) {
    return bus(transport, routes);
  }

  /** A bus with routes of its own. */
  MessageBus.Builder bus(Routes own) {
    return bus(harness().transport(), own);
  }

  private MessageBus.Builder bus(Transport transport, Routes routes) {
    MessageBus.Builder bus = MessageBus.over(transport).named("contract").routes(routes);
    VirtualClock clock = harness().clock();
    return clock == null ? bus : bus.clock(clock).timer(clock.timer());
  }

  /** A started bus that consumes commands with a key. */
  MessageBus charging(Consumer<ConsumerSpec> consumer) {
    return bus().consume(keyedQueue, consumer).start();
  }

  /** A started bus that consumes commands without a key. */
  MessageBus refreshing(Consumer<ConsumerSpec> consumer) {
    return bus().consume(plainQueue, consumer).start();
  }

  Transport transport() {
    return harness().transport();
  }

  private TransportHarness harness() {
    return harness.get();
  }

  Queue queue(String name) {
    return routes.queue(name);
  }

  Topic topic(String name) {
    return routes.topic(name);
  }

  /** Puts a message into a channel as a program without Waybill might. */
  void sendForeign(Channel channel, WireMessage message) {
    try (TransportConnection connection = harness().transport().connect(Duration.ofSeconds(15))) {
      connection.prepare(
          new Topology(List.of(channel), List.of(), List.of()), Topology.Mode.ASSUME);
      connection.sender().send(channel, message, Duration.ofSeconds(15)).join();
    }
  }
}
