package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {
  @TempDir private Path folder;

  @AfterEach
  void nothingIsLeft() {
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void codeWinsOverTheEnvironmentAndThatOverAFile() throws Exception {
    Path file = file("user=of-file\npassword=of-file");
    Map<String, String> environment =
        Map.of("WAYBILL_RABBITMQ_USER", "of-environment", "WAYBILL_RABBITMQ_PASSWORD", "");

    assertThat(credentials(RabbitTransport.builder()))
        .isEqualTo(new RabbitCredentials("guest", "guest"));
    assertThat(credentials(RabbitTransport.builder().credentialsFile(file)))
        .isEqualTo(new RabbitCredentials("of-file", "of-file"));
    assertThat(
            credentials(RabbitTransport.builder().credentialsFile(file).environment(environment)))
        .isEqualTo(new RabbitCredentials("of-environment", "of-file"));
    assertThat(
            credentials(
                RabbitTransport.builder()
                    .credentialsFile(file)
                    .environment(environment)
                    .user("of-code")))
        .isEqualTo(new RabbitCredentials("of-code", "of-file"));
  }

  @Test
  void aUriTakesAFileAndTheEnvironment() throws Exception {
    Path file = file("user=of-file\npassword=a=b c\\\\d");
    Path other = Files.writeString(folder.resolve("other"), "user=of-other\npassword=x");

    assertThat(
            RabbitUri.settings("amqp://host?credentials=" + file, Map.of()).login().credentials())
        .isEqualTo(new RabbitCredentials("of-file", "a=b c\\d"));
    assertThat(
            RabbitUri.settings(
                    "amqp://host", Map.of("WAYBILL_RABBITMQ_CREDENTIALS", other.toString()))
                .login()
                .credentials()
                .user())
        .isEqualTo("of-other");
    assertThat(
            RabbitUri.settings("amqp://me@host", Map.of("WAYBILL_RABBITMQ_USER", "other"))
                .login()
                .credentials()
                .user())
        .isEqualTo("me");
  }

  @ParameterizedTest
  @ValueSource(strings = {"password: s3cret\nuse=x", "user=\\u12"})
  void aFileThatCantBeTakenIsRefusedWithoutRepeatingIt(String text) throws Exception {
    Path file = file(text);

    assertThatThrownBy(() -> RabbitTransport.builder().credentialsFile(file).build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("user=… and password=…")
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void aFileThatIsNotThereAndACombinationAreRefused() {
    assertThatThrownBy(
            () -> RabbitTransport.builder().credentialsFile(folder.resolve("none")).build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("none");
    assertThatThrownBy(
            () ->
                RabbitTransport.builder()
                    .credentials(() -> new RabbitCredentials("a", "s3cret"))
                    .password("s3cret")
                    .build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("keep one")
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void noFormOfThemShowsThePassword() {
    RabbitCredentials credentials = new RabbitCredentials("app", "s3cret");
    RabbitTransport.Builder builder = RabbitTransport.builder().credentials(() -> credentials);

    assertThat(credentials).asString().contains("app").doesNotContain("s3cret");
    assertThat(builder.build()).asString().doesNotContain("s3cret");
    assertThat(builder.settings()).asString().doesNotContain("s3cret");
    assertThat(RabbitTransport.builder().password("s3cret").settings().login())
        .asString()
        .doesNotContain("s3cret");
  }

  @Test
  void whatIsThrownInsteadOfCredentialsIsTheCause() {
    IllegalStateException vaultSealed = new IllegalStateException("sealed");
    RabbitTransport transport =
        RabbitTransport.builder()
            .credentials(
                () -> {
                  throw vaultSealed;
                })
            .build();

    MessagingException error =
        catchThrowableOfType(MessagingException.class, () -> transport.connect(Wires.DEADLINE));

    assertThat(error.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(error).hasRootCause(vaultSealed);
  }

  static Stream<RabbitCredentials> none() {
    return Stream.of(null, new RabbitCredentials(null, "x"), new RabbitCredentials("x", null));
  }

  @ParameterizedTest
  @MethodSource("none")
  void whoGivesNoCredentialsIsToldSoAtOnce(RabbitCredentials given) {
    RabbitTransport transport = RabbitTransport.builder().credentials(() -> given).build();

    MessagingException error =
        catchThrowableOfType(MessagingException.class, () -> transport.connect(Wires.DEADLINE));

    assertThat(error.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(error).hasMessageContaining("gave none");
  }

  @Test
  void aPasswordThatChangesIsTakenByTheNextConnection() throws Exception {
    String user = Wires.name("rotated");
    AtomicReference<String> password = new AtomicReference<>("first-s3cret");

    assertTakenByTheNextConnection(
        user,
        builder -> builder.credentials(() -> new RabbitCredentials(user, password.get())),
        password::set);
  }

  @Test
  void a_file_that_changes_is_read_by_the_next_connection() throws Exception {
    String user = Wires.name("rotated");
    Path file = file("user=" + user + "\npassword=first-s3cret");

    assertTakenByTheNextConnection(
        user,
        builder -> builder.credentialsFile(file),
        password -> file("user=" + user + "\npassword=" + password));
  }

  private interface Change {
    void to(String password) throws Exception;
  }

  /** And no password is logged on the way, at any level. */
  private static void assertTakenByTheNextConnection(
      String user, UnaryOperator<RabbitTransport.Builder> given, Change change) throws Exception {
    RabbitTestBroker broker = TestBrokers.ownRabbitmq();
    broker.admin().addUser(user, "first-s3cret");
    broker.admin().permit(user, ".*", ".*", ".*");
    try (Logged logged = new Logged()) {
      try (TransportConnection connection =
          given
              .apply(
                  RabbitTransport.builder()
                      .address("127.0.0.1", broker.port())
                      .virtualHost(RabbitUri.settings(broker.uri()).virtualHost()))
              .build()
              .connect(Wires.DEADLINE)) {
        Queue queue = Wires.queue();
        assertThat(connection.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
        Recording recording = new Recording();
        Receiver unused = connection.receive(queue, 1, recording);
        broker.admin().changePassword(user, "second-s3cret");

        broker.closeConnections();
        await()
            .atMost(Wires.DEADLINE)
            .until(
                () ->
                    recording.failures.stream()
                        .anyMatch(each -> each.code() == ErrorCode.NOT_AUTHENTICATED));
        await()
            .atMost(Wires.DEADLINE)
            .untilAsserted(() -> assertSaysWhoIsRefused(connection, user));
        change.to("second-s3cret");

        await().atMost(Wires.DEADLINE).until(() -> recording.recoveries.get() == 1);
        Wires.send(connection.sender(), queue, Wires.message("after"));
        assertThat(Recording.body(recording.delivery(0))).isEqualTo("after");
      }
      assertThat(logged.lines("dev.waybill")).anyMatch(line -> line.contains(user));
      assertThat(logged.text()).doesNotContain("s3cret");
    } finally {
      broker.admin().removeUser(user);
    }
  }

  /** A send that was not sent says why there is no connection. */
  private static void assertSaysWhoIsRefused(TransportConnection connection, String user) {
    assertThat(connection.sender().send(Wires.queue(), Wires.message("a"), Duration.ofMillis(100)))
        .failsWithin(Wires.DEADLINE)
        .withThrowableOfType(ExecutionException.class)
        .withMessageContaining("refused the user '%s'".formatted(user));
  }

  @Test
  void a_variable_that_is_no_path_is_a_problem_of_the_configuration() {
    assertThatThrownBy(
            () ->
                RabbitTransport.builder()
                    .environment(Map.of("WAYBILL_RABBITMQ_CREDENTIALS", "a\0b"))
                    .build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("WAYBILL_RABBITMQ_CREDENTIALS");
  }

  private Path file(String text) throws Exception {
    return Files.writeString(folder.resolve("credentials"), text);
  }

  private static RabbitCredentials credentials(RabbitTransport.Builder builder) {
    return builder.settings().login().credentials();
  }
}
