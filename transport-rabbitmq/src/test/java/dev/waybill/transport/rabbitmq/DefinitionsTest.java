package dev.waybill.transport.rabbitmq;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DefinitionsTest {
  private record Placed(String id) {}

  private record Pay(String id) {}

  private final String suffix = Wires.name("");
  private final CompletableFuture<String> billed = new CompletableFuture<>();

  @Test
  void aBrokerThatImportedThemHasWhatTheBusNeeds() throws Exception {
    RabbitTestBroker broker = TestBrokers.ownRabbitmq();
    RabbitSettings settings = RabbitUri.settings(broker.uri());
    RabbitTransport transport =
        RabbitTransport.builder()
            .address("127.0.0.1", broker.port())
            .credentials(settings.login()::credentials)
            .virtualHost(settings.virtualHost())
            .classicQueue("payments" + suffix)
            .partitions("orders" + suffix + ".billing", 2)
            .build();
    String definitions = transport.definitions(bus(transport).requiredTopology());

    broker.admin().importDefinitions(definitions);

    try (MessageBus bus = bus(transport).topology(Topology.Mode.VERIFY).start()) {
      bus.publish(new Placed("o-1")).get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS);
      assertThat(billed.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("o-1");
    }
    try (Native raw = new Native(broker.uri())) { // refused if it were a quorum queue
      raw.channel.queueDeclare(
          "payments" + suffix,
          true,
          false,
          false,
          Map.of("x-queue-type", "classic", "x-single-active-consumer", true));
    }
  }

  @Test
  void aBusThatAssumesAllOfThemDelaysRetriesLateAndSharesItsPartitions() throws Exception {
    RabbitTestBroker broker = TestBrokers.ownRabbitmq();
    RabbitTransport transport =
        Wires.transport(broker.uri())
            .partitions("payments" + suffix, 2)
            .delays(Wires.delays(Duration.ofMillis(20)).withFromStart(true))
            .build();
    List<String> paid = new CopyOnWriteArrayList<>();
    Routes routes =
        Routes.define(
            r -> {
              r.event(Placed.class).named("placed.v1").toTopic("orders" + suffix);
              r.command(Pay.class).named("pay.v1").toQueue("payments" + suffix).keyedBy(Pay::id);
            });
    MessageBus.Builder builder =
        MessageBus.over(transport)
            .routes(routes)
            .connectTimeout(Duration.ofSeconds(60))
            .topology(Topology.Mode.ASSUME)
            .subscribe(
                "orders" + suffix,
                "billing",
                c ->
                    c.onEvent(
                            Placed.class,
                            (event, context) -> {
                              if (context.attempt() == 1) {
                                throw new IllegalStateException("once");
                              }
                              billed.complete(event.payload().id());
                            })
                        .onFailure(retry(0).thenAfter(Duration.ofMillis(200)).thenDeadLetter()))
            .consume(
                "payments" + suffix,
                c ->
                    c.onCommand(Pay.class, (command, context) -> paid.add(command.payload().id()))
                        .onFailure(retry(1).thenDeadLetter()));

    broker.admin().importDefinitions(transport.definitions(builder.requiredTopology()));

    try (MessageBus bus = builder.start()) {
      Duration delay = Duration.ofMillis(300);
      bus.publish(Event.of(new Placed("o-1")).with(m -> m.withDelay(delay))).join();
      for (String id : List.of("a", "b", "c", "d")) {
        bus.send(Command.of(new Pay(id)).with(m -> m.withDelay(delay))).join();
      }

      assertThat(billed.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("o-1");
      await()
          .atMost(Wires.DEADLINE)
          .untilAsserted(() -> assertThat(paid).containsExactlyInAnyOrder("a", "b", "c", "d"));
      assertThat(bus.health().consumers())
          .anySatisfy(
              consumer ->
                  assertThat(consumer.owned())
                      .containsExactly(
                          "payments" + suffix + ".partition-0",
                          "payments" + suffix + ".partition-1"));
    }
  }

  @Test
  void theySayAllThatIsMadeAndNoSecretAndAreTheSameEachTime() {
    RabbitTransport transport =
        RabbitTransport.builder().user("app").password("s3cret").virtualHost("a \"b\\").build();
    Topology topology =
        new Topology(
            List.of(new Queue("payments", true)),
            List.of(new Queue("payments", true)),
            List.of(new Queue("payments.dlq", false)));

    assertThat(transport.definitions(topology))
        .isEqualTo(transport.definitions(topology))
        .isEqualTo(
            """
            {
              "exchanges": [],
              "queues": [
                {"name": "payments", "vhost": "a \\"b\\\\", "durable": true, "auto_delete": false, "arguments": {"x-delivery-limit": 2147483647, "x-queue-type": "quorum", "x-single-active-consumer": true}},
                {"name": "payments.dlq", "vhost": "a \\"b\\\\", "durable": true, "auto_delete": false, "arguments": {"x-delivery-limit": 2147483647, "x-queue-type": "quorum"}}
              ],
              "bindings": []
            }
            """);
  }

  private MessageBus.Builder bus(Transport transport) {
    Routes routes =
        Routes.define(
            r -> {
              r.event(Placed.class)
                  .named("placed.v1")
                  .toTopic("orders" + suffix)
                  .keyedBy(Placed::id);
              r.command(Pay.class).named("pay.v1").toQueue("payments" + suffix).keyedBy(Pay::id);
            });
    return MessageBus.over(transport)
        .routes(routes)
        .connectTimeout(Duration.ofSeconds(60))
        .subscribe(
            "orders" + suffix,
            "billing",
            c -> c.onEvent(Placed.class, (event, context) -> billed.complete(event.payload().id())))
        .consume("payments" + suffix, c -> c.onCommand(Pay.class, (command, context) -> {}));
  }
}
