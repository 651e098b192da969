package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import dev.waybill.error.ConfigurationException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Transport;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AwsTransportTest {
  /** A test can't unset it. */
  private static final String BEFORE_ALL_ELSE =
      "the environment's region, which goes before what these tests set";

  @Test
  void itIsFoundByItsScheme() {
    Transport transport = Transport.at("aws://eu-west-1");

    assertThat(transport).isInstanceOf(AwsTransport.class);
    assertThat(transport.name()).isEqualTo("aws");
    assertThat(transport.address()).isEqualTo("eu-west-1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "2"})
  void withoutARegionItIsThatOfTheDefaultChainOfTheSdk(String sdk) {
    try (SystemProperties properties = new SystemProperties().with("aws.region", "eu-south-2")) {
      assumeThat(System.getenv("AWS_REGION")).as(BEFORE_ALL_ELSE).isNull();

      assertThat(Transport.at("aws://?sdk=" + sdk).address()).isEqualTo("eu-south-2");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "2"})
  void ifTheDefaultChainHasNoRegionTheErrorSaysWhereToNameIt(String sdk, @TempDir Path home) {
    assumeThat(System.getenv("AWS_REGION")).as(BEFORE_ALL_ELSE).isNull();
    assumeThat(System.getenv("AWS_CONFIG_FILE")).isNull(); // which version 1 takes from here only
    String none = home.resolve("none").toString();
    try (SystemProperties properties =
        new SystemProperties()
            .with("aws.disableEc2Metadata", "true")
            .with("com.amazonaws.sdk.disableEc2Metadata", "true")
            .with("user.home", home.toString())
            .with("aws.configFile", none)
            .with("aws.sharedCredentialsFile", none)) {

      assertThatThrownBy(() -> Transport.at("aws://?sdk=" + sdk))
          .isInstanceOf(ConfigurationException.class)
          .hasMessageContaining("aws://eu-west-1")
          .hasMessageContaining("AWS_REGION");
    }
  }

  /** As they are to be for a moment. */
  private static final class SystemProperties implements AutoCloseable {
    private final Map<String, Optional<String>> before = new HashMap<>();

    SystemProperties with(String name, String value) {
      before.putIfAbsent(name, Optional.ofNullable(System.getProperty(name)));
      System.setProperty(name, value);
      return this;
    }

    @Override
    public void close() {
      before.forEach(
          (name, value) -> {
            System.clearProperty(name);
            value.ifPresent(one -> System.setProperty(name, one));
          });
    }
  }

  @Test
  void aHostWithAPortIsAnEmulator() {
    Transport transport = Transport.at("aws://127.0.0.1:4566?region=us-east-1");

    assertThat(transport.address()).isEqualTo("127.0.0.1:4566 (us-east-1)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "aws://127.0.0.1:4566",
        "aws://eu-west-1?region=eu-west-1",
        "aws://eu-west-1/path",
        "aws://AKIASECRET:verysecret@eu-west-1",
        "aws://eu-west-1?account=1",
        "aws://eu-west-1?sdk=3",
        "aws://eu-west-1?secretkey=verysecret"
      })
  void aUriThatIsNotOursIsRefusedWithoutItsSecrets(String uri) {
    assertThatThrownBy(() -> Transport.at(uri))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageNotContaining("AKIASECRET")
        .hasMessageNotContaining("verysecret");
  }

  @Test
  void theBuilderNamesAllProblemsAtOnce() {
    assertThatThrownBy(
            () ->
                AwsTransport.builder()
                    .region("")
                    .account("12")
                    .visibilityTimeout(Duration.ofMillis(2500))
                    .build())
        .isInstanceOfSatisfying(
            ConfigurationException.class, e -> assertThat(e.problems()).hasSize(3));
  }

  @ParameterizedTest
  @CsvSource({
    "http://AKIASECRET:verysecret@127.0.0.1:4566, user info",
    "http://AKIASECRET:verysecret@my_host:4566, user info",
    "http://my_host:4566, no host",
    "127.0.0.1, no host",
    "aws:endpoint, no host",
    "//127.0.0.1:4566, http",
    "ftp://127.0.0.1:4566, http",
    "http://127.0.0.1:4566/verysecret, path",
    "http://127.0.0.1:4566?key=verysecret, path",
    "http://127.0.0.1:4566#verysecret, path"
  })
  void anEndpointThatIsMoreOrLessThanAHostIsAProblemBesideAllOthers(URI endpoint, String said) {
    assertThatThrownBy(() -> AwsTransport.builder().endpoint(endpoint).account("12").build())
        .isInstanceOfSatisfying(
            ConfigurationException.class,
            e -> assertThat(e.problems()).hasSize(3).anyMatch(problem -> problem.contains(said)))
        .hasMessageNotContaining("AKIASECRET")
        .hasMessageNotContaining("verysecret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://127.0.0.1:4566", "https://sqs.internal/", "http://[::1]:4566"})
  void anEndpointIsAHost(URI endpoint) {
    assertThat(AwsTransport.builder().region("eu-west-1").endpoint(endpoint).build().address())
        .isEqualTo(endpoint.getAuthority() + " (eu-west-1)");
  }

  @Test
  void nothingPrintsCredentials() {
    AwsTransport transport =
        AwsTransport.builder()
            .region("eu-west-1")
            .credentials(
                new AWSStaticCredentialsProvider(
                    new BasicAWSCredentials("AKIASECRET", "verysecret")))
            .build();

    assertThat(transport.toString() + transport.address())
        .doesNotContain("AKIASECRET", "verysecret");
  }

  @Test
  void namesThatAwsDoesNotTakeAreAllNamed() {
    Queue tooLong = new Queue("q".repeat(76), true);
    Queue fits = new Queue("q".repeat(75), true);
    Topic topic = new Topic("t.t", false);
    Subscription subscription = new Subscription(topic, "s".repeat(80));
    Queue sameAsSubscription = new Queue(subscription.name(), false);

    List<String> problems =
        Transport.at("aws://eu-west-1")
            .check(
                Aws.topology(
                    List.of(tooLong, fits, topic),
                    List.of(tooLong, subscription, sameAsSubscription)));

    assertThat(problems)
        .hasSize(6)
        .anySatisfy(p -> assertThat(p).contains(tooLong.toString(), "81 characters", "up to 80"))
        .anySatisfy(p -> assertThat(p).contains("share", sameAsSubscription.toString()))
        .noneSatisfy(p -> assertThat(p).contains(fits + " "));
  }

  @Test
  void nativeNamesAreTold() {
    Topic topic = new Topic("orders", true);
    Subscription subscription = new Subscription(topic, "billing");

    assertThat(
            Transport.at("aws://eu-west-1")
                .nativeNames(Aws.topology(List.of(topic), List.of(subscription))))
        .containsEntry("orders", "orders.fifo")
        .containsEntry("orders.billing", "orders_-billing.fifo")
        .containsEntry("orders.billing.dlq", "orders_-billing_-dlq");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noDeliveryIsHeldOpenUntilSqsTakesItAway(boolean keyed) {
    Capabilities capabilities = Transport.at("aws://eu-west-1").capabilities(keyed);

    assertThat(capabilities.longestOpen())
        .isNotNull()
        .isLessThanOrEqualTo(Limits.MAX_VISIBILITY.minus(capabilities.leaseDuration()))
        .isEqualTo(capabilities.support(Feature.RETRY_AFTER).limit());
  }

  @Test
  void itSaysWhatItCanDo() {
    Transport transport = Transport.at("aws://eu-west-1");

    assertThat(transport.capabilities(true).support(Feature.ORDER_PER_KEY).level())
        .isEqualTo(Level.NATIVE);
    assertThat(transport.capabilities(true).support(Feature.DELAY).level())
        .isEqualTo(Level.REFUSED);
    assertThat(transport.capabilities(false).support(Feature.DELAY).level())
        .isEqualTo(Level.EMULATED);
    assertThat(transport.capabilities(false).leaseDuration()).isEqualTo(Duration.ofSeconds(30));
  }
}
