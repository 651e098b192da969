package dev.waybill.transport.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The super user at the secured broker: makes topics, and gives rights and takes them away. */
final class SecuredKafka implements AutoCloseable {
  static final KafkaTestBroker BROKER = TestBrokers.securedKafka();

  private final Admin admin;
  private final Producer<byte[], byte[]> producer;

  SecuredKafka() {
    Map<String, Object> properties = new HashMap<>();
    properties.put("bootstrap.servers", BROKER.security().saslServer());
    properties.put("security.protocol", "SASL_SSL");
    properties.put("ssl.truststore.type", "PEM");
    properties.put("ssl.truststore.location", BROKER.security().server().certificate().toString());
    properties.put("sasl.mechanism", "PLAIN");
    properties.put(
        "sasl.jaas.config",
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"%s\" password=\"%s\";"
            .formatted(TestBrokers.SUPER_USER, TestBrokers.SUPER_PASSWORD));
    this.admin = Admin.create(properties);
    this.producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  Admin admin() {
    return admin;
  }

  void create(Collection<String> topics) throws Exception {
    List<NewTopic> wanted = topics.stream().map(SecuredKafka::topic).toList();
    admin.createTopics(wanted).all().get();
    await() // the answer comes before every part of the broker knows them
        .ignoreExceptionsInstanceOf(ExecutionException.class)
        .until(
            () ->
                admin.describeTopics(topics).allTopicNames().get().values().stream()
                    .allMatch(topic -> topic.partitions().get(0).leader() != null));
  }

  /** Dead letters and delayed messages as they are kept; other topics as the broker makes them. */
  private static NewTopic topic(String name) {
    NewTopic topic = new NewTopic(name, Optional.of(1), Optional.empty());
    return name.endsWith(".dlq") || name.endsWith(".delayed")
        ? topic.configs(Map.of("retention.ms", "-1", "max.message.bytes", "1179648"))
        : topic;
  }

  /** Lets a group begin with the first record of a topic of one partition. */
  void begin(String group, String topic) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> first =
        Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0));
    admin.alterConsumerGroupOffsets(group, first).all().get();
  }

  void send(String topic, byte[] key, String... values) throws Exception {
    for (String value : values) {
      producer.send(new ProducerRecord<>(topic, key, value.getBytes(UTF_8))).get();
    }
  }

  /** Waits until nothing is kept in a topic to which something was written. */
  void awaitCleaned(String topic) throws Exception {
    int partitions =
        admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    await()
        .atMost(Inbox.LONG_ENOUGH)
        .until(
            () -> {
              long end = offsets(topic, partitions, OffsetSpec.latest());
              return end > 0 && offsets(topic, partitions, OffsetSpec.earliest()) == end;
            });
  }

  private long offsets(String topic, int partitions, OffsetSpec spec) throws Exception {
    Map<TopicPartition, OffsetSpec> all =
        IntStream.range(0, partitions)
            .mapToObj(partition -> new TopicPartition(topic, partition))
            .collect(Collectors.toMap(partition -> partition, partition -> spec));
    return admin.listOffsets(all).all().get().values().stream()
        .mapToLong(info -> info.offset())
        .sum();
  }

  /** Gives rights; returns when the broker acts on them. */
  void allow(Collection<AclBinding> acls) throws Exception {
    admin.createAcls(acls).all().get();
    await().until(() -> standing().containsAll(acls));
  }

  /** Takes rights away; returns when the broker acts on it. */
  void take(Collection<AclBinding> acls) throws Exception {
    admin.deleteAcls(acls.stream().map(AclBinding::toFilter).toList()).all().get();
    await().until(() -> standing().stream().noneMatch(acls::contains));
  }

  void takeAll() throws Exception {
    take(standing());
  }

  private Set<AclBinding> standing() throws Exception {
    return new HashSet<>(admin.describeAcls(AclBindingFilter.ANY).values().get());
  }

  static AclBinding acl(String principal, AclOperation operation, ResourceType type, String name) {
    return acl(principal, operation, new ResourcePattern(type, name, PatternType.LITERAL));
  }

  static AclBinding acl(String principal, AclOperation operation, ResourcePattern pattern) {
    return new AclBinding(
        pattern, new AccessControlEntry(principal, "*", operation, AclPermissionType.ALLOW));
  }

  /** All rights on the topics and groups whose names begin so. */
  static Set<AclBinding> all(String principal, String prefix) {
    return Set.of(ResourceType.TOPIC, ResourceType.GROUP).stream()
        .map(type -> new ResourcePattern(type, prefix, PatternType.PREFIXED))
        .map(pattern -> acl(principal, AclOperation.ALL, pattern))
        .collect(Collectors.toSet());
  }

  /** A transport of a user without rights but those given here, who logs in by PLAIN. */
  static KafkaTransport.Builder asUser() {
    return as(TestBrokers.USER, TestBrokers.USER_PASSWORD);
  }

  /** A transport of a user who may do anything. */
  static KafkaTransport.Builder asSuperUser() {
    return as(TestBrokers.SUPER_USER, TestBrokers.SUPER_PASSWORD);
  }

  private static KafkaTransport.Builder as(String user, String password) {
    return KafkaTransport.builder()
        .bootstrapServers(BROKER.security().saslServer())
        .partitions(1)
        .tls(tls -> tls.trustCertificates(BROKER.security().server().certificate()))
        .saslPlain(user, password);
  }

  @Override
  public void close() {
    producer.close();
    admin.close();
  }
}
