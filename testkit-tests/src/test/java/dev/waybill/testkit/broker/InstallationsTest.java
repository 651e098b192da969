package dev.waybill.testkit.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class InstallationsTest {

  private static final Path SCRIPTS = Path.of("../testkit/brokers");

  @TempDir Path empty;

  @Test
  void a_missing_kafka_is_named_with_its_remedies() {
    assertRefused(
        KafkaTestBroker.builder().installations(nothing())::start,
        "Kafka 4.4.0 (looked for in "
            + empty.resolve("kafka-4.4.0")
            + ") is not installed: in a checkout of Waybill run testkit/brokers/install kafka");
  }

  @Test
  void a_missing_rabbitmq_is_named_with_its_remedies() {
    assertRefused(
        RabbitTestBroker.builder().installations(nothing())::start,
        "rabbitmq-server is not installed: in a checkout of Waybill run testkit/brokers/install"
            + " rabbitmq");
  }

  @Test
  void a_missing_fauxqs_is_named_with_its_remedies() {
    assertRefused(
        AwsTestBroker.builder().installations(nothing())::start,
        "fauxqs 2.4.1 (looked for in "
            + empty.resolve("fauxqs-2.4.1")
            + ") is not installed: in a checkout of Waybill run testkit/brokers/install aws");
  }

  @Test
  void the_cache_is_where_the_environment_says() {
    Path home = Path.of("home");

    assertThat(Installations.of(Map.of(), home).cache())
        .isEqualTo(Path.of("home/.cache/waybill/brokers"));
    assertThat(Installations.of(Map.of("HOME", "container"), home).cache())
        .isEqualTo(Path.of("container/.cache/waybill/brokers"));
    assertThat(Installations.of(Map.of("XDG_CACHE_HOME", "caches"), home).cache())
        .isEqualTo(Path.of("caches/waybill/brokers"));
    assertThat(
            Installations.of(Map.of("XDG_CACHE_HOME", "caches", "WAYBILL_BROKERS", "b"), home)
                .cache())
        .isEqualTo(Path.of("b"));
  }

  @Test
  void the_install_script_installs_the_versions_that_are_started() throws Exception {
    assertThat(Files.readString(SCRIPTS.resolve("kafka/pom.xml")))
        .contains("<kafka.version>" + Installations.KAFKA_VERSION + "</kafka.version>");
    assertThat(Files.readString(SCRIPTS.resolve("aws/package.json")))
        .contains("\"fauxqs\": \"" + Installations.FAUXQS_VERSION + "\"");
  }

  private Installations nothing() {
    return new Installations(empty, List.of(empty));
  }

  private static void assertRefused(ThrowingCallable start, String message) {
    assertThatThrownBy(start).isInstanceOf(BrokerUnavailableException.class).hasMessage(message);
  }
}
