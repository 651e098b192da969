package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.RabbitTestCluster;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** Quorum queues that have lost their majority, beside one that has not. */
class MinorityTest {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** Longer than it took until the end of the call that is not answered ended the connection. */
  private static final Duration LONGER_THAN_IT_TOOK = Duration.ofSeconds(12);

  /** The broker draws the second member of each: one of them is on the node that is lost. */
  private static final int DRAWN = 16;

  private final RabbitTestCluster cluster = SharedCluster.get();
  private final RabbitTestBroker mine = cluster.node(1);
  private final RabbitTestBroker other = cluster.node(2);
  private final Queue well = Wires.queue();
  private final List<Queue> pairs = new ArrayList<>();

  @Test
  void queues_without_a_majority_cost_another_one_neither_its_consumer_nor_an_attempt()
      throws Exception {
    declare();
    other.kill();
    boolean down = true;
    Recording ofWell = new Recording();
    List<Recording> ofPairs = new ArrayList<>();
    try (TransportConnection connection =
        Wires.transport(mine.uri()).build().connect(Wires.DEADLINE)) {
      Receiver unused = connection.receive(well, 10, ofWell);
      Delivery first = ofWell.delivery(0);
      for (Queue pair : pairs) {
        Recording recording = new Recording();
        ofPairs.add(recording);
        Receiver unusedToo = connection.receive(pair, 10, recording);
      }
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  ofPairs.stream()
                      .flatMap(recording -> recording.failures.stream())
                      .anyMatch(problem -> problem.code() == ErrorCode.BROKER_UNAVAILABLE));

      await().during(LONGER_THAN_IT_TOOK).atMost(PATIENCE).until(ofWell.failures::isEmpty);
      assertThat(Recording.settle(first, Settlement.accept())).isEqualTo(Result.SETTLED);
      assertThat(ofWell.deliveries).hasSize(1);

      other.restart();
      down = false;
      for (int i = 0; i < DRAWN; i++) {
        assertThat(Recording.body(ofPairs.get(i).delivery(0))).isEqualTo("of a pair");
      }
    } finally {
      if (down) {
        other.restart();
      }
      delete();
    }
  }

  @Test
  void messages_to_queues_without_a_majority_cost_those_to_another_one_nothing() throws Exception {
    declare();
    boolean down = false;
    try (TransportConnection connection =
        Wires.transport(mine.uri()).build().connect(Wires.DEADLINE)) {
      for (Queue known : pairs.subList(0, DRAWN / 2)) {
        assertThat(Wires.send(connection.sender(), known, Wires.message("before"))).isNotEmpty();
      }
      other.kill();
      down = true;
      List<CompletableFuture<String>> toWell = new ArrayList<>();
      List<CompletableFuture<String>> toPairs = new ArrayList<>();
      long end = System.nanoTime() + PublishLoop.SILENCE.multipliedBy(3).toNanos();
      await()
          .pollInterval(Duration.ofMillis(500))
          .atMost(PATIENCE)
          .until(
              () -> {
                for (Queue pair : pairs) {
                  toPairs.add(
                      connection.sender().send(pair, Wires.message("a"), Duration.ofSeconds(3)));
                  toWell.add(connection.sender().send(well, Wires.message("a"), Wires.DEADLINE));
                }
                return System.nanoTime() - end > 0;
              });

      assertThat(connection.sender().flush(PATIENCE)).isTrue();
      assertThat(toPairs).anyMatch(CompletableFuture::isCompletedExceptionally);
      assertThat(toWell).noneMatch(CompletableFuture::isCompletedExceptionally);

      other.restart();
      down = false;
      for (Queue pair : pairs) {
        await()
            .atMost(PATIENCE)
            .ignoreExceptionsInstanceOf(ExecutionException.class)
            .until(() -> !Wires.send(connection.sender(), pair, Wires.message("after")).isEmpty());
      }
    } finally {
      if (down) {
        other.restart();
      }
      delete();
    }
  }

  private void declare() throws Exception {
    try (Native raw = new Native(mine.uri())) {
      declare(raw, well, 1);
      raw.publish(well.name(), null, "first");
      for (int i = 0; i < DRAWN; i++) {
        Queue pair = Wires.queue();
        pairs.add(pair);
        declare(raw, pair, 2);
        raw.publish(pair.name(), null, "of a pair");
      }
    }
  }

  private static void declare(Native raw, Queue queue, int members) throws Exception {
    raw.channel.queueDeclare(
        queue.name(),
        true,
        false,
        false,
        Map.of(
            "x-queue-type",
            "quorum",
            "x-queue-leader-locator",
            "client-local",
            "x-quorum-initial-group-size",
            members));
  }

  private void delete() throws Exception {
    try (Native raw = new Native(mine.uri())) {
      raw.channel.queueDelete(well.name());
      for (Queue pair : pairs) {
        raw.channel.queueDelete(pair.name());
      }
    }
  }
}
