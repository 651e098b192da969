package dev.waybill.transport.rabbitmq;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.RabbitTestTls;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.testkit.broker.TestCertificate;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a broker that wants a certificate of each client. */
class BrokerTlsTest {
  private static RabbitTestBroker broker;
  private static RabbitTestTls tls;

  @TempDir private Path folder;

  @BeforeAll
  static void openPort() {
    broker = TestBrokers.ownRabbitmq();
    tls = broker.admin().tls();
  }

  @AfterEach
  void nothingIsLeft() {
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void filesInPemServe() throws Exception {
    TestCertificate own = tls.client();

    assertConnects(
        t ->
            t.trustCertificates(tls.server().certificate())
                .certificate(own.certificate(), own.privateKey()));
  }

  @Test
  void certificates_that_change_are_read_by_the_next_connection() throws Exception {
    TestCertificate own = tls.client();
    Path trusted = folder.resolve("trusted.pem");
    Files.copy(tls.server().certificate(), trusted);
    RabbitTransport transport =
        transport(
            "127.0.0.1",
            t -> t.trustCertificates(trusted).certificate(own.certificate(), own.privateKey()));
    try (TransportConnection connection = transport.connect(Wires.DEADLINE)) {
      Queue queue = Wires.queue();
      assertThat(connection.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
      Recording recording = new Recording();
      Receiver unused = connection.receive(queue, 1, recording);

      try (Logged logged = new Logged()) {
        Files.copy(own.certificate(), trusted, REPLACE_EXISTING);
        broker.closeConnections();
        await()
            .atMost(Wires.DEADLINE)
            .until(
                () ->
                    logged.lines("dev.waybill").stream()
                        .anyMatch(line -> line.contains("Is its certificate trusted here")));
        assertThat(logged.text()).doesNotContain(own.password());
      }
      Files.copy(tls.server().certificate(), trusted, REPLACE_EXISTING);

      await().atMost(Wires.DEADLINE).until(() -> recording.recoveries.get() == 1);
    }
  }

  @Test
  void storesServe() throws Exception {
    TestCertificate own = tls.client();

    assertConnects(
        t ->
            t.trustStore(tls.server().trustStoreJks(), tls.server().password())
                .keyStore(own.keyStore(), own.password()));
  }

  @Test
  void aClientThatIsKnownByItsCertificateNeedsNoPassword() throws Exception {
    RabbitTransport transport =
        RabbitTransport.builder()
            .address("127.0.0.1", tls.port())
            .virtualHost(RabbitUri.settings(broker.uri()).virtualHost())
            .tls(
                t ->
                    t.trustCertificates(tls.server().certificate())
                        .certificate(tls.client().certificate(), tls.client().privateKey()))
            .certificateLogin()
            .build();

    assertNotKnown(transport, "No compatible authentication mechanism");
    broker.admin().certificateLogins();
    assertNotKnown(transport, "rabbitmq_auth_mechanism_ssl");
    String name = subject(tls.client());
    broker.admin().addUser(name, "not used");
    broker.admin().permit(name, ".*", ".*", ".*");
    try (TransportConnection connection = transport.connect(Wires.DEADLINE)) {
      Queue queue = Wires.queue();
      assertThat(connection.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
      assertThat(Wires.send(connection.sender(), queue, Wires.message("a"))).isNotEmpty();
    } finally {
      broker.admin().removeUser(name);
    }
  }

  private static void assertNotKnown(RabbitTransport transport, String why) {
    MessagingException error =
        catchThrowableOfType(MessagingException.class, () -> transport.connect(Wires.DEADLINE));
    assertThat(error.code()).as(error.getMessage()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(error).hasMessageContaining(why);
  }

  private static String subject(TestCertificate certificate) throws Exception {
    try (InputStream pem = Files.newInputStream(certificate.certificate())) {
      X509Certificate read =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(pem);
      return read.getSubjectX500Principal().getName();
    }
  }

  @Test
  void a_login_by_certificate_needs_one_and_nothing_else() {
    assertThatThrownBy(() -> RabbitTransport.builder().certificateLogin().user("x").build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("certificateLogin() is combined")
        .hasMessageContaining("certificateLogin() needs a certificate");
  }

  @Test
  void withoutACertificateOfItsOwnAClientIsRefused() {
    MessagingException error =
        failure("127.0.0.1", t -> t.trustCertificates(tls.server().certificate()));

    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(error).hasMessageContaining("certificate");
  }

  @Test
  void aBrokerWhoseCertificateIsNotTrustedIsRefused() {
    TestCertificate own = tls.client();

    MessagingException error =
        failure("127.0.0.1", t -> t.certificate(own.certificate(), own.privateKey()));

    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(error).hasMessageContaining("Is its certificate trusted here");
  }

  @Test
  void aBrokerWhoseCertificateIsNotMadeOutToTheHostIsRefused() {
    TestCertificate own = tls.client();

    MessagingException error =
        failure(
            "localhost",
            t ->
                t.trustCertificates(tls.server().certificate())
                    .certificate(own.certificate(), own.privateKey()));

    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(error).hasMessageContaining("made out to this host");
  }

  @Test
  void filesThatCantBeUsedAreNamedAtTheBuildWithTheRemedy() throws Exception {
    Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");
    TestCertificate own = tls.client();

    assertRefused(t -> t.trustCertificates(text), text, "PEM");
    assertRefused(t -> t.trustCertificates(folder.resolve("none")), folder.resolve("none"), "PEM");
    assertRefused(t -> t.certificate(own.certificate(), text), text, "pkcs8");
    assertRefused(t -> t.trustStore(text, "s3cret"), text, "PKCS12");
    assertRefused(t -> t.keyStore(own.keyStore(), "s3cret"), own.keyStore(), "its password");
  }

  private static void assertRefused(Consumer<RabbitTls> settings, Path file, String remedy) {
    assertThatThrownBy(() -> RabbitTransport.builder().tls(settings).build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(remedy)
        .hasMessageNotContaining("s3cret");
  }

  private static void assertConnects(Consumer<RabbitTls> settings) {
    try (TransportConnection connection =
        transport("127.0.0.1", settings).connect(Wires.DEADLINE)) {
      assertThat(connection.brokerVersion()).startsWith("RabbitMQ");
    }
  }

  private static MessagingException failure(String host, Consumer<RabbitTls> settings) {
    return catchThrowableOfType(
        MessagingException.class, () -> transport(host, settings).connect(Wires.DEADLINE));
  }

  private static RabbitTransport transport(String host, Consumer<RabbitTls> settings) {
    RabbitSettings of = RabbitUri.settings(broker.uri());
    return RabbitTransport.builder()
        .address(host, tls.port())
        .credentials(of.login()::credentials)
        .virtualHost(of.virtualHost())
        .tls(settings)
        .build();
  }
}
