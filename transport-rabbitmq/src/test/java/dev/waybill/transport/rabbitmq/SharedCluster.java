package dev.waybill.transport.rabbitmq;

import dev.waybill.testkit.broker.RabbitTestCluster;

/**
 * One cluster for all tests of this JVM that need three nodes; a start takes half a minute. Each of
 * them leaves all nodes running.
 */
public final class SharedCluster {
  private static final RabbitTestCluster CLUSTER = start();

  private SharedCluster() {}

  /** The cluster, started at the first call; ended with the JVM. */
  @SuppressWarnings("exports") // of a test, which no module exports
  public static RabbitTestCluster get() {
    return CLUSTER;
  }

  private static RabbitTestCluster start() {
    RabbitTestCluster cluster = RabbitTestCluster.start();
    Runtime.getRuntime().addShutdownHook(new Thread(cluster::close, "end-rabbitmq-cluster"));
    return cluster;
  }
}
