package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.queue;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static dev.waybill.transport.kafka.KafkaFixture.topology;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.KafkaTestSecurity;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class KafkaSecurityTest {
  private static final KafkaTestSecurity SECURITY = SecuredKafka.BROKER.security();
  private static final Set<String> PRINCIPALS =
      Set.of(
          "User:" + TestBrokers.USER,
          "User:" + TestBrokers.SCRAM_USER,
          KafkaTestSecurity.CERTIFIED_PRINCIPAL,
          "User:ANONYMOUS");
  private static final Duration DEADLINE = KafkaFixture.DEADLINE;
  private static final String WRONG = "wr0ng-passw0rd";
  private static SecuredKafka kafka;

  private final Logged logged = new Logged();
  @TempDir private Path folder;

  @BeforeAll
  static void give() throws Exception {
    kafka = new SecuredKafka();
    for (String principal : PRINCIPALS) {
      kafka.allow(SecuredKafka.all(principal, "queue-"));
    }
  }

  @AfterAll
  static void take() throws Exception {
    kafka.takeAll();
    kafka.close();
  }

  @AfterEach
  void close() {
    logged.close();
  }

  static Stream<Arguments> ways() {
    Path trusted = SECURITY.server().certificate();
    return Stream.of(
        Arguments.of(
            "TLS, trusting a PEM file",
            at(SECURITY.tlsServer()).tls(tls -> tls.trustCertificates(trusted))),
        Arguments.of(
            "TLS, trusting a PKCS12 store",
            at(SECURITY.tlsServer())
                .tls(
                    tls ->
                        tls.trustStore(
                            SECURITY.server().trustStore(), SECURITY.server().password()))),
        Arguments.of(
            "TLS, trusting a JKS store",
            at(SECURITY.tlsServer())
                .tls(
                    tls ->
                        tls.trustStore(
                            SECURITY.server().trustStoreJks(), SECURITY.server().password()))),
        Arguments.of(
            "a client certificate of PEM files",
            at(SECURITY.certifiedServer())
                .tls(
                    tls ->
                        tls.trustCertificates(trusted)
                            .certificate(
                                SECURITY.client().certificate(), SECURITY.client().privateKey()))),
        Arguments.of(
            "a client certificate of a PKCS12 store",
            at(SECURITY.certifiedServer())
                .tls(
                    tls ->
                        tls.trustCertificates(trusted)
                            .keyStore(SECURITY.client().keyStore(), SECURITY.client().password()))),
        Arguments.of("SASL PLAIN", SecuredKafka.asUser()),
        Arguments.of(
            "SASL SCRAM-SHA-256",
            SecuredKafka.asUser()
                .saslScramSha256(TestBrokers.SCRAM_USER, TestBrokers.SCRAM_PASSWORD)),
        Arguments.of(
            "SASL SCRAM-SHA-512",
            SecuredKafka.asUser()
                .saslScramSha512(TestBrokers.SCRAM_USER, TestBrokers.SCRAM_PASSWORD)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void messagesAreSentReceivedAndDeadLetteredOver(String way, KafkaTransport.Builder builder)
      throws Exception {
    carries(builder.build());
  }

  @Test
  void aUriNamesTheFileThatHasTheLogin() throws Exception {
    Path file = folder.resolve("kafka.properties");
    Files.writeString(
        file,
        """
        ssl.truststore.type=PEM
        ssl.truststore.location=%s
        sasl.mechanism=SCRAM-SHA-512
        sasl.username=%s
        sasl.password=%s
        """
            .formatted(
                SECURITY.server().certificate(),
                TestBrokers.SCRAM_USER,
                TestBrokers.SCRAM_PASSWORD));

    carries(
        Transport.at(
            "kafka://%s?partitions=1&properties=%s".formatted(SECURITY.saslServer(), file)));
  }

  @Test
  void theEnvironmentHasTheLogin() throws Exception {
    Map<String, String> environment =
        Map.of(
            "WAYBILL_KAFKA_SSL_TRUSTSTORE_TYPE",
            "PEM",
            "WAYBILL_KAFKA_SSL_TRUSTSTORE_LOCATION",
            SECURITY.server().certificate().toString(),
            "WAYBILL_KAFKA_SASL_MECHANISM",
            "PLAIN",
            "WAYBILL_KAFKA_SASL_USERNAME",
            TestBrokers.USER,
            "WAYBILL_KAFKA_SASL_PASSWORD",
            TestBrokers.USER_PASSWORD);

    carries(KafkaUri.read("kafka://" + SECURITY.saslServer(), environment).build());
  }

  @Test
  void aWrongPasswordIsRefusedOnceAndNeverShown() {
    KafkaTransport transport = SecuredKafka.asUser().saslPlain(TestBrokers.USER, WRONG).build();

    MessagingException problem = failure(transport);

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(problem)
        .hasMessageContaining("refused the login")
        .hasMessageContaining(SECURITY.saslServer());
    assertNothingIsLeftAndNoFlood();
    assertThat(logged.text() + stackTrace(problem) + transport).doesNotContain(WRONG);
  }

  @Test
  void aWrongScramPasswordIsRefusedOnceAndNeverShown() {
    KafkaTransport transport =
        SecuredKafka.asUser().saslScramSha512(TestBrokers.SCRAM_USER, WRONG).build();

    MessagingException problem = failure(transport);

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertNothingIsLeftAndNoFlood();
    assertThat(logged.text() + stackTrace(problem) + transport).doesNotContain(WRONG);
  }

  @Test
  void aBrokerWithoutATrustedCertificateIsNotConnectedTo() {
    MessagingException problem =
        failure(
            at(SECURITY.tlsServer())
                .tls(tls -> tls.trustCertificates(SECURITY.stranger().certificate()))
                .build());

    assertThat(problem.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(problem)
        .hasMessageContaining("Is its certificate trusted here and made out to this host?")
        .hasMessageContaining(SECURITY.tlsServer());
    assertNothingIsLeftAndNoFlood();
  }

  @Test
  void aBrokerUnderAnotherNameThanItsCertificatesIsNotConnectedTo() {
    String elsewhere = SECURITY.tlsServer().replace("127.0.0.1", "localhost");

    MessagingException problem =
        failure(
            at(elsewhere)
                .tls(tls -> tls.trustCertificates(SECURITY.server().certificate()))
                .build());

    assertThat(problem.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(problem)
        .hasMessageContaining(elsewhere)
        .hasMessageContaining("localhost found")
        .hasMessageContaining("made out to this host?");
    assertNothingIsLeftAndNoFlood();
  }

  @Test
  void aMissingClientCertificateIsNamed() {
    MessagingException problem =
        failure(
            at(SECURITY.certifiedServer())
                .tls(tls -> tls.trustCertificates(SECURITY.server().certificate()))
                .build());

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(problem).hasMessageContaining("does it want a certificate that it trusts?");
    assertNothingIsLeftAndNoFloodAfterSomeAttempts();
  }

  @Test
  void aClientCertificateThatTheBrokerDoesNotTrustIsRefused() {
    MessagingException problem =
        failure(
            at(SECURITY.certifiedServer())
                .tls(
                    tls ->
                        tls.trustCertificates(SECURITY.server().certificate())
                            .keyStore(
                                SECURITY.stranger().keyStore(), SECURITY.stranger().password()))
                .build());

    assertThat(problem.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(problem).hasMessageContaining("does it want a certificate that it trusts?");
    assertNothingIsLeftAndNoFloodAfterSomeAttempts();
  }

  @Test
  void aBrokerThatWantsTlsHintsAtIt() {
    KafkaTransport plain = at(SECURITY.tlsServer()).build();

    MessagingException problem =
        catchThrowableOfType(
            MessagingException.class, () -> plain.connect(Duration.ofSeconds(2)).close());

    assertThat(problem.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(problem).hasMessageContaining("tls(…)");
    assertThat(logged.warnings("dev.waybill")).isEmpty();
    assertThat(KafkaFixture.ownThreads()).isEmpty();
  }

  @Test
  void aLoginThatKafkaCanNotReadIsRefusedWithoutRepeatingIt() {
    KafkaTransport broken =
        at(SECURITY.saslServer())
            .property("sasl.mechanism", "PLAIN")
            .property(
                "sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required password=\"a\" "
                    + WRONG
                    + ";")
            .build();

    MessagingException problem = failure(broken);

    assertThat(problem.code()).isEqualTo(ErrorCode.CONFIGURATION);
    assertThat(problem).hasMessageContaining("\"sasl.jaas.config\"");
    assertThat(logged.text() + stackTrace(problem)).doesNotContain(WRONG);
  }

  private void carries(Transport transport) throws Exception {
    Queue queue = queue();
    Inbox inbox = new Inbox();
    try (TransportConnection connection = transport.connect(DEADLINE)) {
      assertThat(connection.prepare(topology(queue), Topology.Mode.CREATE)).isEmpty();
      send(connection, queue, message("good"), message("bad"));
      connection.receive(queue, 1, inbox);
      accept(inbox.next());
      assertThat(settle(inbox.next(), new Settlement.Reject("broken", Map.of())))
          .isEqualTo(Result.SETTLED);
      Inbox letters = new Inbox();
      connection.receive(queue.deadLetterQueue(), 1, letters);
      assertThat(text(letters.next())).isEqualTo("bad");
    }
    assertThat(logged.warnings(KafkaConnector.class.getName())).isEmpty();
    assertThat(logged.text() + transport).contains("sasl.jaas.config").doesNotContain(secrets());
  }

  private static String[] secrets() {
    return new String[] {
      TestBrokers.USER_PASSWORD,
      TestBrokers.USER_PASSWORD.replace("\\", "\\\\").replace("\"", "\\\""),
      TestBrokers.SCRAM_PASSWORD,
      SECURITY.client().password(),
      SECURITY.server().password(),
      "PRIVATE KEY"
    };
  }

  /** Kafka's clients say it once; the error says it to the caller, so Waybill does not log it. */
  private void assertNothingIsLeftAndNoFlood() {
    assertNothingIsLeft();
    assertThat(logged.warnings("org.apache.kafka")).hasSizeLessThan(4);
  }

  /** What the broker says of a certificate may be lost when it hangs up; the client asks again. */
  private void assertNothingIsLeftAndNoFloodAfterSomeAttempts() {
    assertNothingIsLeft();
    assertThat(logged.warnings("org.apache.kafka")).hasSizeLessThan(20);
  }

  private void assertNothingIsLeft() {
    assertThat(KafkaFixture.ownThreads()).isEmpty();
    assertThat(logged.warnings("dev.waybill")).isEmpty();
  }

  private static KafkaTransport.Builder at(String server) {
    return KafkaTransport.builder().bootstrapServers(server).partitions(1);
  }

  private static MessagingException failure(KafkaTransport transport) {
    MessagingException problem =
        catchThrowableOfType(MessagingException.class, () -> transport.connect(DEADLINE).close());
    assertThat(problem).isNotNull();
    return problem;
  }

  private static String stackTrace(Throwable error) {
    StringWriter text = new StringWriter();
    error.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
