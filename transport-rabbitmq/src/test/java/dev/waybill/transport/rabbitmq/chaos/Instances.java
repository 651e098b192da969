package dev.waybill.transport.rabbitmq.chaos;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.RabbitTestCluster;
import dev.waybill.transport.rabbitmq.RabbitTransport;
import dev.waybill.transport.rabbitmq.chaos.Ledger.Charge;
import dev.waybill.transport.rabbitmq.chaos.Ledger.Ping;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A bus that sends, and some that consume; each reaches the nodes through proxies of its own, its
 * own node first.
 */
final class Instances implements AutoCloseable {
  static final int NODES = 3;

  /** The most that an instance has in hand. */
  static final int MAX_UNSETTLED = 32;

  private static final int PARTITIONS = 4;
  static final Duration SEND_TIMEOUT = Duration.ofSeconds(5);

  /** The shortest that does not take a busy machine for a dead one. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(5);

  private static final CountDownLatch NEVER = new CountDownLatch(1);

  private final RabbitTestCluster cluster;
  private final String queue;
  private final Ledger ledger;
  private final Pings pings;
  private final List<List<FaultProxy>> ways = new ArrayList<>();
  private final List<MessageBus> consumers = new ArrayList<>();
  private final MessageBus sender;

  Instances(RabbitTestCluster cluster, String queue, Ledger ledger, int count) {
    this.cluster = cluster;
    this.queue = queue;
    this.ledger = ledger;
    this.pings = new Pings(cluster, queue.replace("charges", "pings"), ledger);
    for (int i = 0; i <= count; i++) {
      ways.add(
          IntStream.rangeClosed(1, NODES)
              .mapToObj(node -> FaultProxy.open().forwardTo(cluster.node(node).port()))
              .toList());
    }
    sender = bus(count).start();
    for (int i = 0; i < count; i++) {
      consumers.add(consumer(i));
    }
  }

  int count() {
    return consumers.size();
  }

  Pings pings() {
    return pings;
  }

  MessageBus sender() {
    return sender;
  }

  /** Breaks all connections of one, who may be the sender: number {@link #count}. */
  void cut(int instance) {
    ways.get(instance).forEach(FaultProxy::reset);
  }

  /** Lets nothing through, either way, while connections stay open. */
  void hold(int instance) {
    ways.get(instance).forEach(FaultProxy::hold);
  }

  /** Lets what is sent arrive, and no answer come back. */
  void holdAnswers(int instance) {
    ways.get(instance).forEach(way -> way.hold(FaultProxy.Direction.TO_CLIENT));
  }

  void heal(int instance) {
    ways.get(instance).forEach(FaultProxy::heal);
  }

  /** Closes one in good order, and starts another in its place. */
  void replace(int instance) {
    consumers.get(instance).close();
    consumers.set(instance, consumer(instance));
  }

  private MessageBus consumer(int instance) {
    return bus(instance)
        .consume(
            queue,
            c ->
                c.concurrency(16)
                    .maxUnsettled(MAX_UNSETTLED)
                    .onCommand(
                        Charge.class,
                        (command, context) -> {
                          ledger.begin(command.payload());
                          work();
                          ledger.done(command.payload());
                        }))
        .consume(
            pings.queue(),
            c ->
                c.onCommand(
                    Ping.class, (command, context) -> ledger.ping(command.payload().number())))
        .start();
  }

  private MessageBus.Builder bus(int instance) {
    RabbitTestBroker node = cluster.node(1);
    String[] login = java.net.URI.create(node.uri()).getUserInfo().split(":", -1);
    RabbitTransport.Builder transport =
        RabbitTransport.builder()
            .user(login[0])
            .password(login[1])
            .virtualHost(login[0])
            .heartbeat(HEARTBEAT)
            .partitions(queue, PARTITIONS);
    List<FaultProxy> way = ways.get(instance);
    for (int i = 0; i < NODES; i++) {
      transport.address("127.0.0.1", way.get((instance + i) % NODES).port());
    }
    return MessageBus.over(transport.build())
        .sendTimeout(SEND_TIMEOUT)
        .routes(
            Routes.define(
                r -> {
                  r.command(Charge.class)
                      .named("charge.v1")
                      .toQueue(queue)
                      .keyedBy(Charge::account);
                  r.command(Ping.class).named("ping.v1").toQueue(pings.queue());
                }));
  }

  /** Most are quick, some are not. */
  private static void work() throws InterruptedException {
    if (ThreadLocalRandom.current().nextInt(4) == 0
        && NEVER.await(ThreadLocalRandom.current().nextInt(20_000), TimeUnit.MICROSECONDS)) {
      throw new IllegalStateException("never");
    }
  }

  @Override
  public void close() {
    consumers.forEach(MessageBus::close);
    sender.close();
    ways.forEach(way -> way.forEach(FaultProxy::close));
  }
}
