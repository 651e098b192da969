package dev.waybill.testkit.broker;

import dev.waybill.testkit.BrokerFaults;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A Kafka cluster of three nodes, each broker and controller in a JVM of its own. Topics have three
 * replicas unless they are made with fewer, and a confirmed message is on two of them, so that the
 * loss of one node loses nothing and stops nothing.
 *
 * <p>All methods may be called from any thread.
 */
public final class KafkaTestCluster implements AutoCloseable {

  private static final int NODES = 3;

  private final ClusterNodes<KafkaTestBroker> nodes;

  private KafkaTestCluster(ClusterNodes<KafkaTestBroker> nodes) {
    this.nodes = nodes;
  }

  /**
   * Starts a cluster without authentication.
   *
   * @return the cluster, all of whose nodes serve
   * @throws BrokerUnavailableException if Kafka is not installed or does not start
   */
  public static KafkaTestCluster start() {
    return new KafkaTestCluster(ClusterNodes.launch(KafkaTestCluster::nodes));
  }

  private static ClusterNodes<KafkaTestBroker> nodes() {
    return new ClusterNodes<>(
        KafkaNode.cluster(NODES).stream().map(node -> settings().node(node)).toList(),
        ClusterNodes.Shared.NOTHING);
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

  /**
   * The address for clients, with all nodes in it.
   *
   * @return {@code kafka://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT}
   */
  public String uri() {
    return nodes.all().stream()
        .map(node -> "127.0.0.1:" + node.port())
        .collect(Collectors.joining(",", "kafka://", ""));
  }

  /**
   * The product, its version and the size, for reports.
   *
   * @return {@code "Kafka 4.4.0, 3 nodes"}
   */
  public String version() {
    return nodes.node(1).version() + ", " + NODES + " nodes";
  }

  /**
   * One node.
   *
   * @param id its number, as Kafka has it, from 1
   * @return the node
   */
  public TestBroker node(int id) {
    return nodes.node(id);
  }

  /**
   * The cluster in the hand of the contract suite, which kills one node at a time, each in its
   * turn, and starts it again.
   *
   * @return the hand on it
   */
  public BrokerFaults faults() {
    return nodes.faults();
  }

  /** Ends all nodes and removes all that they have written. */
  @Override
  public void close() {
    nodes.close();
  }
}
