package dev.waybill.transport.rabbitmq.chaos;

import dev.waybill.testkit.broker.RabbitTestCluster;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a node, a connection or an instance fail, or come back, one at random at each step; of the
 * nodes one is away at a time. Every kind of fault comes once before any comes again. The same seed
 * makes the same steps.
 */
final class Chaos {
  enum Fault {
    KILL_NODE,
    PAUSE_NODE,
    CLOSE_CONNECTIONS,
    CUT,
    HOLD,
    HOLD_ANSWERS,
    ALARM,
    REPLACE_INSTANCE,
    DELETE_QUEUE
  }

  private static final Logger log = LoggerFactory.getLogger(Chaos.class);

  private final Random random;
  private final RabbitTestCluster cluster;
  private final Instances instances;
  private final List<Fault> next = new ArrayList<>();
  private final Map<Fault, Runnable> toHeal = new EnumMap<>(Fault.class);
  private int faults;

  Chaos(Random random, RabbitTestCluster cluster, Instances instances) {
    this.random = random;
    this.cluster = cluster;
    this.instances = instances;
  }

  /** How many times something was made to fail. */
  int faults() {
    return faults;
  }

  /** A fault, which those who have to go on have to survive as it is. */
  void fail() {
    if (next.isEmpty()) {
      Collections.addAll(next, Fault.values());
      Collections.shuffle(next, random);
    }
    Fault fault = next.remove(0);
    int who = random.nextInt(fault == Fault.REPLACE_INSTANCE ? instances.count() : all(fault));
    log.info("{} {}", fault, who);
    faults++;
    take(fault, who);
  }

  private int all(Fault fault) {
    return switch (fault) {
      case CUT, HOLD, HOLD_ANSWERS -> instances.count() + 1;
      default -> Instances.NODES;
    };
  }

  private void take(Fault fault, int who) {
    switch (fault) {
      case KILL_NODE -> {
        cluster.node(who + 1).kill();
        toHeal.put(fault, () -> cluster.node(who + 1).restart());
      }
      case PAUSE_NODE -> {
        cluster.node(who + 1).pause();
        toHeal.put(fault, () -> cluster.node(who + 1).resume());
      }
      case CLOSE_CONNECTIONS -> cluster.node(who + 1).closeConnections();
      case CUT -> instances.cut(who);
      case HOLD -> {
        instances.hold(who);
        toHeal.put(fault, () -> instances.heal(who));
      }
      case HOLD_ANSWERS -> {
        instances.holdAnswers(who);
        toHeal.put(fault, () -> instances.heal(who));
      }
      case ALARM -> {
        cluster.node(who + 1).blockPublishers();
        toHeal.put(fault, () -> cluster.node(who + 1).unblockPublishers());
      }
      case REPLACE_INSTANCE -> instances.replace(who);
      case DELETE_QUEUE -> {
        instances.pings().delete();
        toHeal.put(fault, instances.pings()::declare);
      }
    }
  }

  /**
   * Whether the others have to go on before {@link #heal}. Publishers that are blocked and a sender
   * without a broker can't; and RabbitMQ itself waits for a node that is silent, for a minute
   * unless told otherwise.
   */
  boolean leavesTheOthers() {
    return toHeal.isEmpty()
        || toHeal.containsKey(Fault.KILL_NODE)
        || toHeal.containsKey(Fault.DELETE_QUEUE);
  }

  /** Ends what has failed and does not end by itself. */
  void heal() {
    toHeal.forEach(
        (fault, healing) -> {
          log.info("{} ends", fault);
          healing.run();
        });
    toHeal.clear();
  }
}
