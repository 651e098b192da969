package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that must not be trusted; what they would say after the handshake does not matter. */
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir private Path folder;

  @Test
  void aCertificateThatIsNotTrustedIsRefused() throws Exception {
    SSLContext server = context("dns:localhost");

    MessagingException error = failure(server, SSLContext.getDefault());

    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(error).hasMessageContaining("Is its certificate trusted here");
  }

  @Test
  void aTrustedCertificateOfAnotherHostIsRefused() throws Exception {
    SSLContext server = context("dns:other.example");

    MessagingException error = failure(server, server);

    assertThat(error.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(error).hasMessageContaining("made out to this host");
  }

  @Test
  void aTrustedCertificateOfTheHostIsTaken() throws Exception {
    SSLContext server = context("dns:localhost");

    MessagingException error = failure(server, server);

    // the handshake is done, and the server, which is no RabbitMQ, says nothing
    assertThat(error).hasMessageNotContaining("trusted");
  }

  private MessagingException failure(SSLContext server, SSLContext client) throws Exception {
    try (SSLServerSocket listening =
        (SSLServerSocket) server.getServerSocketFactory().createServerSocket(0)) {
      Thread thread = new Thread(() -> shakeHands(listening), "tls-server");
      thread.setDaemon(true);
      thread.start();
      RabbitTransport transport =
          RabbitTransport.builder()
              .address("localhost", listening.getLocalPort())
              .tls(client)
              .build();
      return catchThrowableOfType(
          MessagingException.class, () -> transport.connect(Duration.ofSeconds(10)));
    }
  }

  private static void shakeHands(SSLServerSocket listening) {
    try (SSLSocket accepted = (SSLSocket) listening.accept()) {
      accepted.startHandshake();
    } catch (IOException e) {
      // the client refuses the certificate: what the tests want
    }
  }

  /** A key, its self-signed certificate for {@code host}, and trust in it. */
  private SSLContext context(String host) throws Exception {
    Path store = folder.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                "key",
                "-dname",
                "CN=test",
                "-ext",
                "san=" + host,
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD))
            .inheritIO()
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("server", keys.getCertificate("key"));
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    own.init(keys, PASSWORD);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
