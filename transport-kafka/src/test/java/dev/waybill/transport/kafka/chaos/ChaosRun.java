package dev.waybill.transport.kafka.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.testkit.broker.KafkaTestCluster;
import dev.waybill.transport.kafka.chaos.Checker.Findings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Three brokers and three consumer processes are killed, paused and restarted at random while
 * charges are sent, handled, and answered with another message. {@code chaos.steps} and {@code
 * chaos.seed} make it longer, or repeat the steps of a run.
 */
final class ChaosRun {
  private static final Logger log = LoggerFactory.getLogger(ChaosRun.class);
  private static final int WORKERS = 3;
  private static final int STEPS = Integer.getInteger("chaos.steps", 4);
  private static final long SEED = Long.getLong("chaos.seed", System.nanoTime());

  /** The most that a rebalance, a failover or a start takes on a busy machine. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /**
   * What a run gave.
   *
   * @param unknown how many sends were repeated that may have been stored
   */
  record Result(Findings findings, int faults, int unknown) {
    /**
     * The most handlings that these faults may repeat: what the workers have in hand, and what was
     * settled since the last commit, which is made every 100 ms but not while a coordinator is
     * away. Most runs repeat far less. But workers go on settling without a coordinator, and how
     * long it is away is a matter of the machine.
     */
    int mostRepeated() {
      return unknown + faults * (WORKERS * ChaosWorker.MAX_UNSETTLED + Load.PER_SECOND);
    }

    void nothingIsLostOrOutOfOrder() {
      assertThat(findings.lost()).isEmpty();
      assertThat(findings.invented()).isEmpty();
      assertThat(findings.outOfOrder()).isEmpty();
    }
  }

  private ChaosRun() {}

  static Result of(DeliveryGuarantee guarantee, Path folder) throws Exception {
    log.info("{}: chaos.seed={} chaos.steps={}", guarantee, SEED, STEPS);
    Random random = new Random(SEED);
    try (KafkaTestCluster cluster = KafkaTestCluster.start()) {
      String servers = cluster.uri().substring("kafka://".length());
      try (MessageBus sender = sender(servers);
          Workers workers = new Workers(servers, guarantee, folder, WORKERS);
          Outputs outputs = new Outputs(servers);
          Load load = new Load(sender, outputs::count)) {
        try {
          return run(new Chaos(random, cluster, workers), random, servers, workers, outputs, load);
        } catch (Exception | AssertionError e) {
          log.error("{}: failed", guarantee, e);
          log.error("{}: what there was then\n{}", guarantee, Diagnosis.of(servers, workers));
          throw e;
        }
      }
    }
  }

  private static Result run(
      Chaos chaos, Random random, String servers, Workers workers, Outputs outputs, Load load)
      throws Exception {
    progress(outputs, 1);
    for (int step = 0; step < STEPS; step++) {
      chaos.step();
      progress(outputs, 50 + random.nextInt(300));
    }
    chaos.end();
    await("all is confirmed").atMost(PATIENCE).until(load::end);
    Map<String, Integer> sent = load.confirmed();
    int total = sent.values().stream().mapToInt(Integer::intValue).sum();
    log.info("the faults are over; {} of {} charges have come out", outputs.count(), total);
    while (outputs.count() < total) {
      progress(outputs, Math.min(100, total - outputs.count()));
    }
    await("the lag is zero").atMost(PATIENCE).until(() -> lag(servers) == 0);
    Findings findings = Checker.check(sent, Journal.read(workers.journals()), outputs.all());
    log.info(
        "{} charges, {} faults, {} sends repeated ({} unknown), {} handlings and {} outputs repeated,"
            + " {} lost, {} out of order",
        total,
        chaos.faults(),
        load.failures(),
        load.unknown(),
        findings.repeatedHandlings(),
        findings.repeatedOutputs(),
        findings.lost().size(),
        findings.outOfOrder().size());
    assertThat(load.surprises()).isEmpty();
    return new Result(findings, chaos.faults(), load.unknown());
  }

  private static MessageBus sender(String servers) {
    return MessageBus.over(Accounts.transport(servers).build()).routes(Accounts.routes()).start();
  }

  /** However somebody fails, the others go on. */
  private static void progress(Outputs outputs, int more) {
    int now = outputs.count();
    await("%d more messages have come out".formatted(more))
        .atMost(PATIENCE)
        .until(() -> outputs.count() >= now + more);
  }

  private static long lag(String servers) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      var committed =
          admin.listConsumerGroupOffsets(Accounts.CHARGES).partitionsToOffsetAndMetadata().get();
      Map<TopicPartition, OffsetSpec> latest =
          committed.keySet().stream()
              .collect(Collectors.toMap(Function.identity(), p -> OffsetSpec.latest()));
      var ends = admin.listOffsets(latest).all().get();
      return ends.entrySet().stream()
          .mapToLong(end -> end.getValue().offset() - committed.get(end.getKey()).offset())
          .sum();
    }
  }
}
