package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaPropertiesTest {
  private static final String SECRET = "geheim";

  @TempDir private Path folder;
  private final PropertySources sources = new PropertySources();

  @ParameterizedTest
  @CsvSource({
    "acks,1",
    "acks,0",
    "enable.idempotence,false",
    "retries,3",
    "max.in.flight.requests.per.connection,6",
    "transactional.id,t",
    "transaction.two.phase.commit.enable,true",
    "key.serializer,x",
    "value.serializer,x",
    "partitioner.class,x",
    "partitioner.ignore.keys,true",
    "delivery.timeout.ms,1",
    "max.block.ms,1",
    "bootstrap.servers,host",
    "bootstrap.controllers,host",
    "group.id,g",
    "group.instance.id,g",
    "enable.auto.commit,true",
    "auto.commit.interval.ms,1",
    "auto.offset.reset,latest",
    "isolation.level,read_uncommitted",
    "allow.auto.create.topics,true",
    "partition.assignment.strategy,x",
    "max.poll.records,1",
    "check.crcs,false",
    "key.deserializer,x",
    "value.deserializer,x",
    "interceptor.classes,x",
    "ssl.endpoint.identification.algorithm,''",
    "internal.throw.on.fetch.stable.offset.unsupported,true",
    "producer.acks,1",
    "consumer.isolation.level,read_uncommitted",
    "admin.bootstrap.controllers,host"
  })
  void whatWouldBreakTheContractIsRefusedByName(String name, String value) {
    sources.set(name, value);

    assertThat(problems())
        .singleElement()
        .asString()
        .startsWith("property \"" + name + "\" can't be set: ")
        .endsWith(".");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "acks",
        "producer.transactional.id",
        "consumer.group.instance.id",
        "producer.ssl.endpoint.identification.algorithm"
      })
  void what_is_kafkas_own_is_not_a_plug_ins_also_with_a_clients_prefix(String name) {
    sources.plugIn(name, "x");

    assertThat(problems())
        .containsExactly(
            "pluginProperty(\"%s\", …) is one of Kafka's own: call property(…).".formatted(name));
  }

  @Test
  void a_member_may_commit_no_longer_than_its_group_keeps_it_however_long_it_need_not_poll() {
    assertThat(mayCommit(Map.of())).isEqualTo(Duration.ofMinutes(5));
    assertThat(mayCommit(Map.of("group.protocol", "consumer"))).isEqualTo(Duration.ofSeconds(45));
    assertThat(mayCommit(Map.of("group.protocol", "consumer", "max.poll.interval.ms", "9000")))
        .isEqualTo(Duration.ofSeconds(9));
  }

  private static Duration mayCommit(Map<String, String> properties) {
    return TestSettings.of("host:1", Duration.ofSeconds(30), properties).mayCommit();
  }

  @ParameterizedTest
  @CsvSource({
    "acks,all",
    "acks,-1",
    "enable.idempotence,TRUE",
    "max.in.flight.requests.per.connection,1",
    "enable.auto.commit,false",
    "auto.offset.reset,earliest",
    "isolation.level,read_committed",
    "ssl.endpoint.identification.algorithm,https",
    "linger.ms,1",
    "producer.linger.ms,1",
    "consumer.fetch.min.bytes,1",
    "admin.retries,2147483647",
    "producer.interceptor.classes,x",
    "config.providers,env",
    "config.providers.env.class,x",
    "security.protocol,SSL"
  })
  void whatTheContractHasAnywayOrLeavesOpenMayBeSet(String name, String value) {
    sources.set(name, value);

    assertThat(problems()).isEmpty();
  }

  @Test
  void a_connection_counts_as_lost_only_when_heartbeats_or_fetches_are_overdue() {
    assertThat(silence(Map.of())).hasSeconds(10);
    assertThat(silence(Map.of("heartbeat.interval.ms", "12000"))).hasSeconds(36);
    assertThat(silence(Map.of("consumer.fetch.max.wait.ms", "30000"))).hasSeconds(35);
    assertThat(silence(Map.of("group.protocol", "consumer"))).hasSeconds(20);
  }

  private static Duration silence(Map<String, String> properties) {
    return TestSettings.of("host:1", Duration.ofSeconds(30), properties).silence();
  }

  @ParameterizedTest
  @CsvSource({
    "enable.auto.commit,false",
    "auto.offset.reset,earliest",
    "isolation.level,read_committed",
    "group.protocol,classic",
    "heartbeat.interval.ms,2000",
    "session.timeout.ms,45000",
    "group.remote.assignor,uniform",
    "consumer.interceptor.classes,none.such"
  })
  void what_may_be_set_does_not_break_a_member_of_a_share_group(String name, String value) {
    KafkaSettings settings =
        TestSettings.of("localhost:1", Duration.ofSeconds(30), Map.of(name, value));
    ClientProperties properties = new ClientProperties(settings, "test");
    try (Logged logged = new Logged()) {
      Map<String, Object> ofMember = properties.shareConsumer("g", 10);

      assertThatCode(() -> new KafkaShareConsumer<byte[], byte[]>(ofMember).close(Duration.ZERO))
          .doesNotThrowAnyException();
      boolean named = name.contains("assignor") || name.contains("interceptor");
      assertThat(logged.warnings("dev.waybill")).hasSize(named ? 1 : 0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "lingr.ms,linger.ms",
    "sasl.jaas.confg,sasl.jaas.config",
    "ssl.trustore.location,ssl.truststore.location",
    "Acks,acks",
    "sasl.user,sasl.username",
    "producer.lingr.ms,producer.linger.ms"
  })
  void aMisspeltNameIsRefusedWithTheNearestKnownOne(String name, String nearest) {
    sources.set(name, SECRET);

    assertThat(problems())
        .singleElement()
        .asString()
        .contains("\"" + name + "\"")
        .contains("the nearest known is \"" + nearest + "\"")
        .doesNotContain(SECRET);
  }

  @Test
  void allProblemsAreNamedTogetherWithWhereTheyAre() throws Exception {
    Path file = file("acks=1", "lingr.ms=5");
    sources.file(file);
    sources.environment(Map.of("WAYBILL_KAFKA_GROUP_ID", "g", "OTHER", "x"));
    sources.set("retries", "1");

    assertThat(problems())
        .hasSize(4)
        .anySatisfy(p -> assertThat(p).contains("\"acks\" in " + file))
        .anySatisfy(
            p -> assertThat(p).contains("\"lingr.ms\" in " + file).contains("\"linger.ms\""))
        .anySatisfy(
            p ->
                assertThat(p)
                    .contains("\"group.id\" (environment variable WAYBILL_KAFKA_GROUP_ID)"))
        .anySatisfy(p -> assertThat(p).contains("\"retries\" can't be set"));
  }

  @Test
  void aPropertyOfAPlugInReachesEveryClientAndOneOfKafkasIsNoPlugIns() {
    KafkaTransport.Builder builder = builder().pluginProperty("tracing.level", "all");
    assertThatCode(builder::build).doesNotThrowAnyException();
    sources.plugIn("acks", "1");

    assertThat(problems()).singleElement().asString().contains("call property(…)");
  }

  @Test
  void aPrefixGivesAPropertyToOneClientAlone() {
    sources.set("request.timeout.ms", "1000");
    sources.set("producer.request.timeout.ms", "2000");
    sources.set("producer.linger.ms", "7");
    sources.plugIn("mine", "x");
    KafkaSettings settings = TestSettings.of("host", Duration.ofSeconds(30), sources);
    ClientProperties clients = new ClientProperties(settings, "id");

    assertThat(clients.producer())
        .containsEntry("request.timeout.ms", "2000")
        .containsEntry("linger.ms", "7")
        .containsEntry("mine", "x");
    assertThat(clients.consumer("g", 1))
        .containsEntry("request.timeout.ms", "1000")
        .containsEntry("mine", "x")
        .doesNotContainKeys("linger.ms", "producer.linger.ms");
    assertThat(clients.admin()).containsEntry("request.timeout.ms", "1000");
  }

  @Test
  void codeWinsOverTheEnvironmentWhichWinsOverALaterFileWhichWinsOverAnEarlierOne()
      throws Exception {
    sources.file(file("linger.ms=1", "client.id=first", "batch.size=1", "fetch.min.bytes=1"));
    sources.file(file("linger.ms=2", "client.id=second", "batch.size=2"));
    sources.environment(
        Map.of(
            "WAYBILL_KAFKA_LINGER_MS", "3",
            "WAYBILL_KAFKA_CLIENT_ID", "environment",
            "WAYBILL_KAFKA_BATCH_SIZE", ""));
    sources.set("linger.ms", "4");

    assertThat(resolved())
        .containsEntry("linger.ms", "4")
        .containsEntry("client.id", "environment")
        .containsEntry("batch.size", "2")
        .containsEntry("fetch.min.bytes", "1");
  }

  @Test
  void aFileOrTheEnvironmentMayNameTheBrokers() throws Exception {
    Path file = file("bootstrap.servers=from-file:1");
    Map<String, String> environment = Map.of("WAYBILL_KAFKA_BOOTSTRAP_SERVERS", "from-environment");

    assertThat(KafkaTransport.builder().propertiesFile(file).build().address())
        .isEqualTo("from-file:1");
    assertThat(
            KafkaTransport.builder()
                .propertiesFile(file)
                .environment(environment)
                .build()
                .address())
        .isEqualTo("from-environment:9092");
    assertThat(builder().propertiesFile(file).environment(environment).build().address())
        .isEqualTo("host:9092");
  }

  @Test
  void aUriReadsItsFileAndTheEnvironment() throws Exception {
    Path file = file("acks=1");
    ConfigurationException problem =
        catchThrowableOfType(
            ConfigurationException.class,
            () ->
                KafkaUri.read(
                        "kafka://host?properties=" + file, Map.of("WAYBILL_KAFKA_RETRIES", "1"))
                    .build());

    assertThat(problem.problems()).hasSize(2);
  }

  @Test
  void aFileThatCanNotBeReadIsNamed() throws Exception {
    Path malformed = file("sasl.password=" + SECRET + "\\u00zz");
    sources.file(folder.resolve("nowhere.properties"));
    sources.file(malformed);

    assertThat(problems())
        .hasSize(2)
        .anySatisfy(p -> assertThat(p).contains("nowhere.properties can't be read"))
        .anySatisfy(p -> assertThat(p).contains(malformed.toString()).doesNotContain(SECRET));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kafka://user:geheim@host:9092",
        "kafka://geheim@host",
        "kafka://user:ge/geheim@host:9092",
        "kafka://user:ge?geheim@host:9092",
        "kafka://host?sasl.password=geheim",
        "kafka://host?password=geheim",
        "kafka://host?sasl.jaas.config=geheim",
        "kafka://host?partitions=3&token=geheim",
        "kafka://host?ssl.key.password=geheim&replication=1"
      })
  void aSecretInAUriIsRefusedWithoutRepeatingItAndWithAPlaceForIt(String uri) {
    ConfigurationException problem =
        catchThrowableOfType(ConfigurationException.class, () -> Transport.at(uri));

    assertThat(problem)
        .hasMessageContaining("?properties=FILE")
        .hasMessageContaining("WAYBILL_KAFKA_")
        .hasMessageContaining("KafkaTransport.builder()")
        .hasMessageNotContaining(SECRET);
    assertThat(problem.getCause()).isNull();
  }

  @Test
  void aLoginInTheAddressOfABuilderIsRefusedWithoutRepeatingIt() {
    KafkaTransport.Builder builder =
        KafkaTransport.builder().bootstrapServers("user:" + SECRET + "@host:9092");

    ConfigurationException problem =
        catchThrowableOfType(ConfigurationException.class, builder::build);

    assertThat(problem).hasMessageContaining("saslPlain(…)").hasMessageNotContaining(SECRET);
  }

  @Test
  void aLoginImpliesTls() {
    assertThat(resolved("sasl.mechanism", "PLAIN", "sasl.username", "u", "sasl.password", "p"))
        .containsEntry("security.protocol", "SASL_SSL")
        .containsEntry(
            "sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p\";")
        .doesNotContainKeys("sasl.username", "sasl.password");
    assertThat(resolved("ssl.truststore.location", "x")).containsEntry("security.protocol", "SSL");
    assertThat(resolved("linger.ms", "1")).doesNotContainKey("security.protocol");
    assertThat(resolved("producer.ssl.truststore.location", "x"))
        .containsEntry("producer.security.protocol", "SSL")
        .doesNotContainKey("security.protocol");
  }

  @ParameterizedTest
  @CsvSource({
    "'sasl.mechanism=PLAIN,sasl.username=u,sasl.password=p,security.protocol=PLAINTEXT'",
    "'sasl.mechanism=PLAIN,sasl.username=u,sasl.password=p,security.protocol=SSL'",
    "'ssl.truststore.location=x,security.protocol=PLAINTEXT'",
    "'ssl.truststore.location=x,producer.security.protocol=PLAINTEXT'",
    "'sasl.mechanism=PLAIN,sasl.username=u,sasl.password=p,admin.security.protocol=PLAINTEXT'",
    "'sasl.mechanism=PLAIN,sasl.username=u,sasl.password=p,consumer.security.protocol=SSL'",
    "'consumer.ssl.truststore.location=x,consumer.security.protocol=PLAINTEXT'",
    "'consumer.sasl.jaas.config=x'",
    "'sasl.mechanism=PLAIN,sasl.username=u,sasl.password=p,producer.sasl.mechanism=GSSAPI'",
    "'ssl.keystore.location=x,sasl.mechanism=PLAIN,sasl.jaas.config=x,security.protocol=SASL_PLAINTEXT'",
    "'sasl.mechanism=PLAIN,sasl.username=u'",
    "'sasl.mechanism=PLAIN,sasl.password=geheim'",
    "'sasl.username=u,sasl.password=geheim'",
    "'sasl.mechanism=GSSAPI,sasl.username=u,sasl.password=geheim'",
    "'sasl.jaas.config=geheim'",
    "'sasl.mechanism=PLAIN,sasl.jaas.config=geheim,sasl.username=u,sasl.password=geheim'"
  })
  void aContradictionIsRefusedForKafkaWouldPassOverIt(String properties) {
    for (String property : properties.split(",", -1)) {
      String[] nameAndValue = property.split("=", 2);
      sources.set(nameAndValue[0], nameAndValue[1]);
    }

    assertThat(problems()).singleElement().asString().doesNotContain(SECRET);
  }

  @Test
  void filesOfTlsThatAreMissingOrWrongAreNamedTogether() throws Exception {
    Path missing = folder.resolve("missing.pem");
    Path text = file("-----BEGIN RSA PRIVATE KEY-----");
    KafkaTransport.Builder builder =
        builder()
            .tls(
                tls ->
                    tls.trustCertificates(missing)
                        .certificate(text, text)
                        .trustStore(folder.resolve("missing.p12"), SECRET)
                        .keyStore(text, SECRET));

    ConfigurationException problem =
        catchThrowableOfType(ConfigurationException.class, builder::build);

    assertThat(problem.problems()).hasSize(5);
    assertThat(problem)
        .hasMessageContaining("openssl pkcs8")
        .hasMessageContaining("missing.p12")
        .hasMessageNotContaining(SECRET);
  }

  @Test
  void nothingShowsAValue() {
    KafkaTransport transport =
        builder().saslPlain("u", SECRET).pluginProperty("plug.secret", SECRET).build();

    assertThat(
            transport.toString()
                + transport.address()
                + new PropertySources.Property(SECRET, "")
                + TestSettings.of("host", Duration.ofSeconds(1), loginSources()))
        .doesNotContain(SECRET);
  }

  private static PropertySources loginSources() {
    PropertySources login = new PropertySources();
    login.set("sasl.mechanism", "PLAIN");
    login.set("sasl.username", "u");
    login.set("sasl.password", SECRET);
    return login;
  }

  private static KafkaTransport.Builder builder() {
    return KafkaTransport.builder().bootstrapServers("host");
  }

  private Path file(String... lines) throws IOException {
    return Files.write(Files.createTempFile(folder, "kafka", ".properties"), List.of(lines));
  }

  private List<String> problems() {
    List<String> problems = new ArrayList<>();
    sources.resolve(problems);
    return problems;
  }

  private Map<String, String> resolved() {
    List<String> problems = new ArrayList<>();
    Map<String, String> resolved = new HashMap<>(sources.resolve(problems));
    assertThat(problems).isEmpty();
    return resolved;
  }

  private static Map<String, String> resolved(String... namesAndValues) {
    PropertySources some = new PropertySources();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      some.set(namesAndValues[i], namesAndValues[i + 1]);
    }
    List<String> problems = new ArrayList<>();
    Map<String, String> resolved = some.resolve(problems);
    assertThat(problems).isEmpty();
    return resolved;
  }
}
