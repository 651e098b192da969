package dev.waybill.transport.kafka.chaos;

import dev.waybill.testkit.broker.KafkaTestCluster;
import dev.waybill.testkit.broker.TestBroker;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a broker or a worker fail, or come back, one at random at each step: of the brokers one is
 * away at a time, of the workers one is paused. The same seed makes the same steps.
 */
final class Chaos {
  private enum Step {
    KILL_BROKER,
    PAUSE_BROKER,
    HEAL_BROKER,
    KILL_WORKER,
    RESTART_WORKER,
    PAUSE_WORKER,
    RESUME_WORKER
  }

  private static final Logger log = LoggerFactory.getLogger(Chaos.class);
  private static final int NOBODY = -1;
  private static final int NODES = 3;

  private final Random random;
  private final KafkaTestCluster cluster;
  private final Workers workers;
  private int away = NOBODY;
  private boolean brokerPaused;
  private int paused = NOBODY;
  private int faults;

  Chaos(Random random, KafkaTestCluster cluster, Workers workers) {
    this.random = random;
    this.cluster = cluster;
    this.workers = workers;
  }

  /** How many times somebody was made to fail. */
  int faults() {
    return faults;
  }

  void step() throws Exception {
    List<Step> possible = new ArrayList<>(List.of(Step.KILL_WORKER, Step.RESTART_WORKER));
    possible.add(paused == NOBODY ? Step.PAUSE_WORKER : Step.RESUME_WORKER);
    possible.addAll(
        away == NOBODY
            ? List.of(Step.KILL_BROKER, Step.PAUSE_BROKER)
            : List.of(Step.HEAL_BROKER, Step.HEAL_BROKER));
    take(possible.get(random.nextInt(possible.size())));
  }

  /** Brings back whoever is away. */
  void end() throws Exception {
    if (paused != NOBODY) {
      take(Step.RESUME_WORKER);
    }
    if (away != NOBODY) {
      take(Step.HEAL_BROKER);
    }
  }

  private void take(Step step) throws Exception {
    switch (step) {
      case KILL_BROKER -> {
        fail(step, 1 + random.nextInt(NODES));
        cluster.node(away).kill();
      }
      case PAUSE_BROKER -> {
        fail(step, 1 + random.nextInt(NODES));
        cluster.node(away).pause();
      }
      case HEAL_BROKER -> heal();
      case KILL_WORKER -> workers.kill(failing(step, someWorker()));
      case RESTART_WORKER -> workers.restart(failing(step, someWorker()));
      case PAUSE_WORKER -> {
        paused = failing(step, someWorker());
        workers.pause(paused);
      }
      case RESUME_WORKER -> {
        log.info("{} {}", step, paused);
        workers.resume(paused);
        paused = NOBODY;
      }
    }
  }

  private void fail(Step step, int node) {
    away = failing(step, node);
    brokerPaused = step == Step.PAUSE_BROKER;
  }

  private void heal() {
    log.info("{} {}", Step.HEAL_BROKER, away);
    TestBroker broker = cluster.node(away);
    if (brokerPaused) {
      broker.resume();
    } else {
      broker.restart();
    }
    away = NOBODY;
  }

  private int failing(Step step, int who) {
    log.info("{} {}", step, who);
    faults++;
    return who;
  }

  /** One that is not paused. */
  private int someWorker() {
    int worker = random.nextInt(workers.count());
    return worker == paused ? (worker + 1) % workers.count() : worker;
  }
}
