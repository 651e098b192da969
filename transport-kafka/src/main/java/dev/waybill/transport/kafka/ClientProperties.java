package dev.waybill.transport.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

  /** Properties of consumers that Kafka refuses for share groups; there, the group has its own. */
  private static final Set<String> NOT_OF_SHARE_CONSUMERS =
      Set.of(
          "auto.offset.reset",
          "enable.auto.commit",
          "group.protocol",
          "group.remote.assignor",
          "heartbeat.interval.ms",
          "interceptor.classes",
          "isolation.level",
          "session.timeout.ms");

  /** Those of them that change something where they are taken, and nothing here. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of("group.remote.assignor", "interceptor.classes");

  private static final Logger log = LoggerFactory.getLogger(ClientProperties.class);

  private final KafkaSettings settings;
  private final String clientId;

  /** Properties of clients whose ids begin with {@code clientId}. */
  ClientProperties(KafkaSettings settings, String clientId) {
    this.settings = settings;
    String prefix = settings.properties().get("client.id");
    this.clientId = prefix == null ? clientId : prefix + "-" + clientId;
  }

  Map<String, Object> admin() {
    Map<String, Object> all = users(PropertyRules.ADMIN, AdminClientConfig.configNames());
    all.put("client.id", clientId + "-admin");
    return all;
  }

  Map<String, Object> producer() {
    long timeout = settings.deliveryTimeout().toMillis();
    Map<String, Object> all = users(PropertyRules.PRODUCER, ProducerConfig.configNames());
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
    Map<String, Object> all = users(PropertyRules.CONSUMER, ConsumerConfig.configNames());
    // aborted messages were never sent
    all.put("isolation.level", "read_committed");
    all.put("client.id", clientId + "-" + group);
    all.put("group.id", group);
    all.put("enable.auto.commit", "false");
    // a queue's first consumer gets what was sent before; a subscription's start is committed
    all.put("auto.offset.reset", "earliest");
    all.put("allow.auto.create.topics", "false");
    all.put("max.poll.records", Integer.toString(Math.min(maxUnsettled, MAX_POLL_RECORDS)));
    if (!"consumer"
        .equalsIgnoreCase(settings.property(PropertyRules.CONSUMER, "group.protocol", "classic"))) {
      all.put("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
    }
    all.put("key.deserializer", ByteArrayDeserializer.class);
    all.put("value.deserializer", ByteArrayDeserializer.class);
    return all;
  }

  /** Of a member of a share group. */
  Map<String, Object> shareConsumer(String group, int batch) {
    Map<String, Object> all = users(PropertyRules.CONSUMER, ConsumerConfig.configNames());
    for (String name : WITHOUT_EFFECT) {
      if (all.containsKey(name)) {
        log.warn("Property {} has no effect in {}, which is a share group", name, group);
      }
    }
    all.keySet().removeAll(NOT_OF_SHARE_CONSUMERS);
    all.put("client.id", clientId + "-" + group);
    all.put("group.id", group);
    all.put("share.acknowledgement.mode", "explicit");
    // what is acquired counts as delivered: never more than is wanted
    all.put("share.acquire.mode", "record_limit");
    all.put("allow.auto.create.topics", "false");
    all.put("max.poll.records", Integer.toString(Math.min(batch, MAX_POLL_RECORDS)));
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
  private Map<String, Object> users(String client, Set<String> known) {
    Map<String, Object> all = new HashMap<>();
    settings
        .properties()
        .forEach(
            (name, value) -> {
              boolean forAll = PropertyRules.client(name).isEmpty();
              if (forAll && (known.contains(name) || !isOfAnotherClient(name))) {
                all.putIfAbsent(name, value);
              } else if (name.startsWith(client)) {
                all.put(name.substring(client.length()), value);
              }
            });
    all.put("bootstrap.servers", settings.bootstrapServers());
    return all;
  }

  private static boolean isOfAnotherClient(String name) {
    return ProducerConfig.configNames().contains(name)
        || ConsumerConfig.configNames().contains(name)
        || AdminClientConfig.configNames().contains(name);
  }
}
