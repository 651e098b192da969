package dev.waybill.testkit.broker;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * The place of a RabbitMQ node among its peers.
 *
 * @param name the node's name, as Erlang has it
 * @param cookie what proves to a node that another one belongs to it
 * @param mapperPort the port of the port mapper (epmd)
 * @param peers the names of all nodes of the cluster; empty for a node alone
 */
record RabbitNode(String name, String cookie, int mapperPort, List<String> peers) {

  /** A node without a cluster, which has a port mapper to itself. */
  static RabbitNode alone() {
    return new RabbitNode("waybill@localhost", newCookie(), FreePorts.next(), List.of());
  }

  /** The nodes of a new cluster, whose port mapper is not theirs. */
  static List<RabbitNode> cluster(int size) {
    String cookie = newCookie();
    int mapperPort = FreePorts.next();
    List<String> names =
        IntStream.rangeClosed(1, size).mapToObj(id -> "waybill" + id + "@localhost").toList();
    return names.stream().map(name -> new RabbitNode(name, cookie, mapperPort, names)).toList();
  }

  boolean isAlone() {
    return peers.isEmpty();
  }

  /** What {@code rabbitmq.conf} has to say of the cluster. */
  Map<String, String> properties() {
    Map<String, String> properties = new LinkedHashMap<>();
    if (!isAlone()) {
      properties.put("cluster_formation.peer_discovery_backend", "classic_config");
      for (int i = 0; i < peers.size(); i++) {
        properties.put("cluster_formation.classic_config.nodes." + (i + 1), peers.get(i));
      }
      properties.put("cluster_partition_handling", "pause_minority");
    }
    return properties;
  }

  private static String newCookie() {
    return UUID.randomUUID().toString();
  }
}
