package dev.waybill.testkit.broker;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The place of a broker in its cluster.
 *
 * @param id its number, from 1
 * @param cluster the cluster's id
 * @param controllerPort the port at which its controller listens
 * @param voters the controllers of all nodes, as Kafka's property has them
 */
record KafkaNode(int id, String cluster, int controllerPort, String voters) {

  /** The only node of its cluster. */
  static KafkaNode alone() {
    return cluster(1).get(0);
  }

  /** The nodes of a new cluster. */
  static List<KafkaNode> cluster(int size) {
    String id = newId();
    List<Integer> ports = IntStream.range(0, size).mapToObj(i -> FreePorts.next()).toList();
    String voters =
        IntStream.range(0, size)
            .mapToObj(i -> (i + 1) + "@127.0.0.1:" + ports.get(i))
            .collect(Collectors.joining(","));
    return IntStream.range(0, size)
        .mapToObj(i -> new KafkaNode(i + 1, id, ports.get(i), voters))
        .toList();
  }

  /** A random id in Kafka's form. */
  static String newId() {
    return newId(UUID::randomUUID);
  }

  /**
   * The first id in Kafka's form, the 16 bytes of a UUID in base 64, that Kafka's tools don't take
   * for an option.
   */
  static String newId(Supplier<UUID> uuids) {
    return Stream.generate(uuids)
        .map(KafkaNode::base64)
        .filter(id -> !id.startsWith("-"))
        .findFirst()
        .orElseThrow();
  }

  private static String base64(UUID random) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES);
    bytes.putLong(random.getMostSignificantBits()).putLong(random.getLeastSignificantBits());
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }
}
