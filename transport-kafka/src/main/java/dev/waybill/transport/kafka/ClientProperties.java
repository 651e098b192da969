package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The configurations of Kafka's clients: what the contract needs, and the user's properties beside
 * it.
 */
final class ClientProperties {
  /**
   * How long one call of the producer may block its caller. Short, because it is repeated until the
   * send's own deadline and can't be cut short; much longer, and a send could overrun a small
   * deadline.
   */
  private static final String BLOCK_MILLIS = "20";

  /** How long a step of a transaction is waited for; less would give up on a slow broker. */
  private static final long TRANSACTION_BLOCK_MILLIS = 5_000;

  /** Beyond this a credit does not make a single poll larger. */
  private static final int MAX_POLL_RECORDS = 500;

  private static final String BROKEN = "it is fixed, because the contract of delivery needs it";
  private static final Map<String, String> REFUSED = new TreeMap<>();

  static {
    refuse("call bootstrapServers(…) instead", "bootstrap.servers");
    refuse("call deliveryTimeout(…) instead", "delivery.timeout.ms");
    refuse("the credit of a receiver says it", "max.poll.records");
    refuse("a send's deadline says it", "max.block.ms");
    refuse("the topology names the groups", "group.id", "group.instance.id");
    refuse(
        BROKEN,
        "acks",
        "enable.idempotence",
        "retries",
        "transactional.id",
        "key.serializer",
        "value.serializer",
        "partitioner.class",
        "partitioner.ignore.keys",
        "key.deserializer",
        "value.deserializer",
        "enable.auto.commit",
        "auto.commit.interval.ms",
        "auto.offset.reset",
        "allow.auto.create.topics",
        "isolation.level",
        "partition.assignment.strategy");
  }

  private final KafkaSettings settings;
  private final String clientId;

  /** Properties of clients whose ids begin with {@code clientId}. */
  ClientProperties(KafkaSettings settings, String clientId) {
    this.settings = settings;
    String prefix = settings.properties().get("client.id");
    this.clientId = prefix == null ? clientId : prefix + "-" + clientId;
  }

  /** What is wrong with a user's properties, by their names. */
  static List<String> refusals(Collection<String> names) {
    List<String> problems = new ArrayList<>();
    for (String name : names) {
      String reason = REFUSED.get(name.toLowerCase(Locale.ROOT));
      if (reason != null) {
        problems.add("property \"%s\" can't be set: %s.".formatted(name, reason));
      }
    }
    return problems;
  }

  Map<String, Object> admin() {
    Map<String, Object> all = users(AdminClientConfig.configNames());
    all.put("client.id", clientId + "-admin");
    return all;
  }

  Map<String, Object> producer() {
    long timeout = settings.deliveryTimeout().toMillis();
    Map<String, Object> all = users(ProducerConfig.configNames());
    all.putIfAbsent("request.timeout.ms", Long.toString(Math.min(10_000, timeout / 2)));
    // a topic keeps its metadata, so that a send does not wait for them: after a pause, or while no
    // broker answers
    all.putIfAbsent("metadata.recovery.strategy", "none");
    all.putIfAbsent("metadata.max.idle.ms", Long.toString(Duration.ofDays(30).toMillis()));
    all.put("client.id", clientId + "-producer");
    all.put("acks", "all");
    all.put("enable.idempotence", "true");
    all.put("delivery.timeout.ms", Long.toString(timeout));
    all.put("max.block.ms", BLOCK_MILLIS);
    all.put("max.request.size", Integer.toString(KafkaCapabilities.maxDeadLetterBytes(settings)));
    all.put("key.serializer", ByteArraySerializer.class);
    all.put("value.serializer", ByteArraySerializer.class);
    return all;
  }

  /** Of a producer that ends its transactions, or gives them up, before the broker does. */
  Map<String, Object> transactions(String group, String id) {
    long timeout = settings.transactionTimeout().toMillis();
    long delivery = Math.min(settings.deliveryTimeout().toMillis(), timeout / 2);
    Map<String, Object> all = producer();
    long request = Long.parseLong(String.valueOf(all.get("request.timeout.ms")));
    all.put("client.id", clientId + "-" + group + "-transactions");
    all.put("transactional.id", id);
    all.put("transaction.timeout.ms", Long.toString(timeout));
    all.put("delivery.timeout.ms", Long.toString(delivery));
    all.put("request.timeout.ms", Long.toString(Math.min(request, delivery / 2)));
    all.put("linger.ms", "5");
    all.put("max.block.ms", Long.toString(Math.max(timeout / 4, TRANSACTION_BLOCK_MILLIS)));
    return all;
  }

  Map<String, Object> consumer(String group, int maxUnsettled) {
    Map<String, Object> all = users(ConsumerConfig.configNames());
    // aborted messages were never sent
    all.put("isolation.level", "read_committed");
    all.put("client.id", clientId + "-" + group);
    all.put("group.id", group);
    all.put("enable.auto.commit", "false");
    // a queue's first consumer gets what was sent before; a subscription's start is committed
    all.put("auto.offset.reset", "earliest");
    all.put("allow.auto.create.topics", "false");
    all.put("max.poll.records", Integer.toString(Math.min(maxUnsettled, MAX_POLL_RECORDS)));
    if (!"consumer".equalsIgnoreCase(settings.properties().get("group.protocol"))) {
      all.put("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
    }
    all.put("key.deserializer", ByteArrayDeserializer.class);
    all.put("value.deserializer", ByteArrayDeserializer.class);
    return all;
  }

  /** Of a consumer without a group, which keeps its positions by itself. */
  Map<String, Object> replies() {
    Map<String, Object> all = consumer("replies", MAX_POLL_RECORDS);
    all.remove("group.id");
    return all;
  }

  /** The user's properties that a client knows, or no client knows (a plug-in's own). */
  private Map<String, Object> users(Set<String> known) {
    Map<String, Object> all = new HashMap<>();
    settings
        .properties()
        .forEach(
            (name, value) -> {
              if (known.contains(name) || !isKnown(name)) {
                all.put(name, value);
              }
            });
    all.put("bootstrap.servers", settings.bootstrapServers());
    return all;
  }

  private static boolean isKnown(String name) {
    return ProducerConfig.configNames().contains(name)
        || ConsumerConfig.configNames().contains(name)
        || AdminClientConfig.configNames().contains(name);
  }

  private static void refuse(String reason, String... names) {
    for (String name : names) {
      REFUSED.put(name, reason);
    }
  }
}
