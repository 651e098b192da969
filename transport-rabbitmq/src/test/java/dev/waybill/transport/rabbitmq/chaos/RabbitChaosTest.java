package dev.waybill.transport.rabbitmq.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.testkit.broker.RabbitTestCluster;
import dev.waybill.transport.rabbitmq.SharedCluster;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Nodes are killed and paused, connections cut, held and closed, publishers blocked, instances
 * replaced and another queue of theirs deleted while three instances share the partitions of a
 * queue. {@code chaos.steps} and {@code chaos.seed} make it longer, or repeat the steps of a run.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class RabbitChaosTest {
  private static final Logger log = LoggerFactory.getLogger(RabbitChaosTest.class);
  private static final int INSTANCES = 3;
  private static final int STEPS = Integer.getInteger("chaos.steps", Chaos.Fault.values().length);
  private static final long SEED = Long.getLong("chaos.seed", System.nanoTime());

  /** The most that a failover or a restart takes on a busy machine. */
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Ledger ledger = new Ledger();

  @Test
  void nothing_confirmed_is_lost_and_each_key_keeps_its_order() {
    log.info("chaos.seed={} chaos.steps={}", SEED, STEPS);
    Random random = new Random(SEED);
    RabbitTestCluster cluster = SharedCluster.get();
    String queue = "charges-" + UUID.randomUUID();
    try (Instances instances = new Instances(cluster, queue, ledger, INSTANCES);
        Load load = new Load(instances.sender())) {
      Chaos chaos = new Chaos(random, cluster, instances);
      try {
        progress(1);
        for (int step = 0; step < STEPS; step++) {
          int failures = load.failures();
          int enough = ledger.count() + 100 + random.nextInt(1_000);
          chaos.fail();
          if (chaos.leavesTheOthers()) {
            progress(20 + random.nextInt(100));
          } else {
            await("sends fail, or all goes on")
                .atMost(PATIENCE)
                .until(() -> load.failures() > failures || ledger.count() > enough);
          }
          chaos.heal();
          progress(20 + random.nextInt(100));
          instances.pings().forgetAll();
          await("the queue that may be deleted is received from")
              .atMost(PATIENCE)
              .until(() -> instances.pings().isAnswered(instances.sender()));
        }
      } finally {
        chaos.heal();
      }
      await("all is confirmed").atMost(PATIENCE).until(load::end);
      Map<String, Integer> confirmed = load.confirmed();
      await("all is handled").atMost(PATIENCE).until(() -> ledger.lost(confirmed).isEmpty());
      log.info(
          "{} charges, {} faults, {} sends and {} handlings repeated",
          ledger.count(),
          chaos.faults(),
          load.failures(),
          ledger.repeated());
      assertThat(ledger.outOfOrder(load.everFailed())).isEmpty();
      assertThat(ledger.invented(confirmed)).isEmpty();
      assertThat(load.surprises()).isEmpty();
      assertThat(ledger.repeated())
          .isLessThanOrEqualTo(
              load.failures() + chaos.faults() * INSTANCES * Instances.MAX_UNSETTLED);
    }
  }

  /** Whatever failed, the others go on. */
  private void progress(int more) {
    int now = ledger.count();
    await("%d more messages have been handled".formatted(more))
        .atMost(PATIENCE)
        .until(() -> ledger.count() >= now + more);
  }
}
