package dev.waybill.testkit.broker;

import dev.waybill.testkit.BrokerFaults;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka cluster of three nodes, each broker and controller in a JVM of its own. Topics have three
 * replicas unless they are made with fewer, and a confirmed message is on two of them, so that the
 * loss of one node loses nothing and stops nothing.
 *
 * <p>All methods may be called from any thread.
 */
public final class KafkaTestCluster implements AutoCloseable {

  private static final int NODES = 3;
  private static final int ATTEMPTS = 5;

  private final List<KafkaTestBroker> nodes;
  private int turn;
  private @Nullable KafkaTestBroker down;

  private KafkaTestCluster(List<KafkaTestBroker> nodes) {
    this.nodes = nodes;
  }

  /**
   * Starts a cluster without authentication.
   *
   * @return the cluster, all of whose nodes serve
   * @throws BrokerUnavailableException if Kafka is not installed or does not start
   */
  public static KafkaTestCluster start() {
    for (int count = 1; ; count++) {
      KafkaTestCluster cluster =
          new KafkaTestCluster(
              KafkaNode.cluster(NODES).stream().map(node -> settings().node(node)).toList());
      try {
        cluster.launch();
        return cluster;
      } catch (PortTakenException e) {
        cluster.close();
        if (count == ATTEMPTS) {
          throw new BrokerUnavailableException("No port stayed free: " + e.getMessage(), e);
        }
      } catch (RuntimeException e) {
        cluster.close();
        throw e;
      }
    }
  }

  private static KafkaTestBroker.Builder settings() {
    KafkaTestBroker.Builder settings = KafkaTestBroker.builder();
    for (String replicas :
        List.of(
            "default.replication.factor",
            "offsets.topic.replication.factor",
            "transaction.state.log.replication.factor",
            "share.coordinator.state.topic.replication.factor")) {
      settings.property(replicas, String.valueOf(NODES));
    }
    for (String confirmed :
        List.of(
            "min.insync.replicas",
            "transaction.state.log.min.isr",
            "share.coordinator.state.topic.min.isr")) {
      settings.property(confirmed, String.valueOf(NODES - 1));
    }
    return settings;
  }

  /** Starts all nodes beside each other: none serves before most of them run. */
  private void launch() throws PortTakenException {
    Executor beside = task -> new Thread(task, "start-kafka").start();
    List<CompletableFuture<Void>> starts =
        nodes.stream().map(node -> CompletableFuture.runAsync(() -> launch(node), beside)).toList();
    PortTakenException taken = null;
    RuntimeException failed = null;
    for (CompletableFuture<Void> start : starts) {
      try {
        start.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof PortTakenException port) {
          taken = port;
        } else {
          failed = e;
        }
      }
    }
    if (taken != null) {
      throw taken;
    }
    if (failed != null) {
      throw failed;
    }
  }

  private static void launch(KafkaTestBroker node) {
    try {
      node.launch();
    } catch (PortTakenException e) {
      throw new CompletionException(e);
    }
  }

  /**
   * The address for clients, with all nodes in it.
   *
   * @return {@code kafka://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT}
   */
  public String uri() {
    return nodes.stream()
        .map(node -> "127.0.0.1:" + node.port())
        .collect(Collectors.joining(",", "kafka://", ""));
  }

  /**
   * The product, its version and the size, for reports.
   *
   * @return {@code "Kafka 4.4.0, 3 nodes"}
   */
  public String version() {
    return nodes.get(0).version() + ", " + NODES + " nodes";
  }

  /**
   * One node.
   *
   * @param id its number, as Kafka has it, from 1
   * @return the node
   */
  public TestBroker node(int id) {
    return nodes.get(id - 1);
  }

  /**
   * The cluster in the hand of the contract suite, which kills one node at a time, each in its
   * turn, and starts it again.
   *
   * @return the hand on it
   */
  public BrokerFaults faults() {
    return new BrokerFaults() {
      @Override
      public void stop() {
        killOne();
      }

      @Override
      public void start() {
        restartIt();
      }
    };
  }

  private synchronized void killOne() {
    if (down == null) {
      down = nodes.get(turn);
      turn = (turn + 1) % NODES;
      down.kill();
    }
  }

  private synchronized void restartIt() {
    if (down != null) {
      down.restart();
      down = null;
    }
  }

  /** Ends all nodes and removes all that they have written. */
  @Override
  public void close() {
    nodes.forEach(KafkaTestBroker::close);
  }
}
