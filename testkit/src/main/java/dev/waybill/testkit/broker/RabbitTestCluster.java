package dev.waybill.testkit.broker;

import dev.waybill.testkit.BrokerFaults;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A RabbitMQ cluster of three nodes. A quorum queue has a member on each, and a confirmed message
 * is on two of them, so that the loss of one node loses nothing and stops nothing for long.
 *
 * <p>User, password and virtual host are all {@code waybill}. A minority of the nodes serves nobody
 * ({@code pause_minority}).
 *
 * <p>All methods may be called from any thread.
 */
public final class RabbitTestCluster implements AutoCloseable {

  private static final int NODES = 3;

  private final ClusterNodes<RabbitTestBroker> nodes;

  private RabbitTestCluster(ClusterNodes<RabbitTestBroker> nodes) {
    this.nodes = nodes;
  }

  /**
   * Starts a cluster.
   *
   * @return the cluster, all of whose nodes serve
   * @throws BrokerUnavailableException if RabbitMQ is not installed or does not start
   */
  public static RabbitTestCluster start() {
    return new RabbitTestCluster(ClusterNodes.launch(RabbitTestCluster::nodes));
  }

  private static ClusterNodes<RabbitTestBroker> nodes() {
    List<RabbitNode> places = RabbitNode.cluster(NODES);
    return new ClusterNodes<>(
        places.stream().map(place -> RabbitTestBroker.builder().node(place)).toList(),
        new PortMapper(places.get(0).mapperPort()));
  }

  /**
   * The address for clients, with all nodes in it.
   *
   * @return {@code amqp://USER:PASSWORD@127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT/VHOST}
   */
  public String uri() {
    String first = node(1).uri();
    String address = "127.0.0.1:" + node(1).port();
    return first.replace(
        address,
        nodes.all().stream()
            .map(node -> "127.0.0.1:" + node.port())
            .collect(Collectors.joining(",")));
  }

  /**
   * The product, its version and the size, for reports.
   *
   * @return {@code "RabbitMQ 3.10.8, 3 nodes"}
   */
  public String version() {
    return node(1).version() + ", " + NODES + " nodes";
  }

  /**
   * One node.
   *
   * @param id its number, from 1, in the order of {@link #uri()}
   * @return the node
   */
  public RabbitTestBroker node(int id) {
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
