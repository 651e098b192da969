package dev.waybill.testkit.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SharedBrokerTest {

  @Test
  void one_broker_serves_all_and_survives_their_close() {
    SharedBroker<AwsTestBroker> shared = new SharedBroker<>(BrokerKind.AWS, AwsTestBroker::start);

    TestBroker first = shared.get(Map.of());
    first.close();

    assertThat(shared.get(Map.of())).isSameAs(first);
    assertThat(BrokerLife.isOpen(first.port())).isTrue();
  }

  @Test
  void one_that_was_killed_is_started_again_for_the_next() {
    SharedBroker<AwsTestBroker> shared = new SharedBroker<>(BrokerKind.AWS, AwsTestBroker::start);
    TestBroker killed = shared.get(Map.of());
    killed.kill();

    assertThat(shared.get(Map.of())).isSameAs(killed);
    assertThat(BrokerLife.isOpen(killed.port())).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void the_environment_names_a_running_broker(BrokerKind kind) {
    String uri = "scheme://user:secret@127.0.0.1:4711/path";
    SharedBroker<AwsTestBroker> shared =
        new SharedBroker<>(
            kind,
            () -> {
              throw new AssertionError("started one");
            });

    TestBroker running = shared.get(Map.of(kind.variable(), uri));

    assertThat(running.uri()).isEqualTo(uri);
    assertThat(running.port()).isEqualTo(4711);
    assertThat(running.faults()).isNull();
    running.close();
    assertRefused(running::kill, "kill", kind);
    assertRefused(running::pause, "pause", kind);
    assertRefused(running::resume, "resume", kind);
    assertRefused(running::restart, "restart", kind);
    assertRefused(running::stop, "stop", kind);
  }

  @Test
  void a_running_cluster_is_known_by_its_first_host() {
    TestBroker running = new RunningBroker(BrokerKind.KAFKA, "kafka://a:9092,b:9093");

    assertThat(running.port()).isEqualTo(9092);
    assertThatThrownBy(running::kill).hasMessageContaining("the broker at kafka://a:9092,b:9093,");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "amqp://app:s3cret ^%@rabbit:x/shop",
        "amqp://app:s3cret/s3cret@rabbit:5672",
        "//app:s3cret@rabbit:5672"
      })
  void a_malformed_uri_is_named_by_its_variable_and_without_its_password(String uri) {
    assertThatThrownBy(() -> new RunningBroker(BrokerKind.RABBITMQ, uri))
        .isInstanceOf(BrokerUnavailableException.class)
        .hasMessageStartingWith("WAYBILL_TEST_RABBITMQ is not the URI of a broker, '")
        .message()
        .doesNotContain("s3cret");
  }

  @Test
  void one_that_cannot_be_had_may_be_named_by_the_environment() {
    SharedBroker<AwsTestBroker> shared =
        new SharedBroker<>(
            BrokerKind.AWS,
            () -> {
              throw BrokerKind.AWS.notInstalled("fauxqs");
            });

    assertThatThrownBy(() -> shared.get(Map.of()))
        .isInstanceOf(BrokerUnavailableException.class)
        .hasMessage(
            "fauxqs is not installed: in a checkout of Waybill run testkit/brokers/install aws;"
                + " or set WAYBILL_TEST_AWS to the URI of a running broker");
    assertThatThrownBy(shared::own).hasMessageNotContaining("WAYBILL_TEST_AWS");
  }

  private static void assertRefused(ThrowingCallable call, String verb, BrokerKind kind) {
    assertThatThrownBy(call)
        .isInstanceOf(BrokerUnavailableException.class)
        .hasMessage(
            "Cannot %s the broker at scheme://127.0.0.1:4711, which was found running: unset %s, so"
                + " that the test starts its own",
            verb, kind.variable());
  }
}
