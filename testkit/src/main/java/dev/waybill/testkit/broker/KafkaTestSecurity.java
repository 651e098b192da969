package dev.waybill.testkit.broker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The security of a {@link KafkaTestBroker}: who may log in, how, and with which certificates. The
 * broker has three listeners for clients, all encrypted: one with a login by SASL (PLAIN,
 * SCRAM-SHA-256, SCRAM-SHA-512), one without any, and one for clients with a certificate. An
 * authorizer allows the super user all and everybody else what its ACLs say: at first nothing.
 *
 * <p>The principal of a user is {@code User:<name>}, of the client certificate {@link
 * #CERTIFIED_PRINCIPAL}, of a client without any {@code User:ANONYMOUS}.
 *
 * <p>Thread-safe once the broker is started.
 */
public final class KafkaTestSecurity {

  /** The principal of a client with the certificate {@link #client()}. */
  public static final String CERTIFIED_PRINCIPAL = "User:CN=client";

  private static final String PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule";
  private static final String SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule";
  private static final String BROKER = "broker";
  private static final String NOT_SECRET = "between-the-brokers";

  private final String superUser;
  private final Map<String, String> users = new LinkedHashMap<>();
  private final Map<String, String> scramUsers = new LinkedHashMap<>();
  private final int sasl;
  private final int tls = FreePorts.next();
  private final int certified = FreePorts.next();
  private @Nullable TestCertificate server;
  private @Nullable TestCertificate client;
  private @Nullable TestCertificate stranger;

  KafkaTestSecurity(
      String superUser, Map<String, String> users, Map<String, String> scramUsers, int saslPort) {
    this.superUser = superUser;
    this.users.putAll(users);
    this.scramUsers.putAll(scramUsers);
    this.sasl = saslPort;
  }

  /**
   * Where clients log in by SASL over TLS.
   *
   * @return host and port
   */
  public String saslServer() {
    return "127.0.0.1:" + sasl;
  }

  /**
   * Where clients use TLS and do not log in.
   *
   * @return host and port
   */
  public String tlsServer() {
    return "127.0.0.1:" + tls;
  }

  /**
   * Where clients show a certificate.
   *
   * @return host and port
   */
  public String certifiedServer() {
    return "127.0.0.1:" + certified;
  }

  /**
   * The broker's certificate.
   *
   * @return what clients should trust
   */
  public TestCertificate server() {
    return made(server);
  }

  /**
   * The certificate that the broker trusts.
   *
   * @return what a client shows
   */
  public TestCertificate client() {
    return made(client);
  }

  /**
   * A certificate that nobody trusts, and that vouches for nobody.
   *
   * @return what must be refused
   */
  public TestCertificate stranger() {
    return made(stranger);
  }

  private static TestCertificate made(@Nullable TestCertificate certificate) {
    if (certificate == null) {
      throw new IllegalStateException("The broker has not been started");
    }
    return certificate;
  }

  void makeCertificates(Path folder) throws IOException {
    Path files = Files.createDirectories(folder.resolve("certificates"));
    server = TestCertificate.make("server", files, "server-store");
    client = TestCertificate.make("client", files, "client-store");
    stranger = TestCertificate.make("stranger", files, "stranger-store");
  }

  /** Adds what the broker needs to its settings, which have the unsecured listeners. */
  void configure(Properties all) {
    for (String listeners : List.of("listeners", "advertised.listeners")) {
      all.setProperty(
          listeners,
          all.getProperty(listeners)
              + ",TLS://127.0.0.1:%d,CERTIFIED://127.0.0.1:%d".formatted(tls, certified));
    }
    all.setProperty(
        "listener.security.protocol.map",
        "CLIENT:SASL_SSL,TLS:SSL,CERTIFIED:SSL,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT");
    all.setProperty("ssl.keystore.location", server().keyStore().toString());
    all.setProperty("ssl.keystore.password", server().password());
    all.setProperty("ssl.truststore.location", client().trustStore().toString());
    all.setProperty("ssl.truststore.password", client().password());
    all.setProperty("listener.name.certified.ssl.client.auth", "required");
    all.setProperty("sasl.enabled.mechanisms", "PLAIN");
    all.setProperty("sasl.mechanism.inter.broker.protocol", "PLAIN");
    all.setProperty("sasl.mechanism.controller.protocol", "PLAIN");
    String inside =
        PLAIN
            + " required username=%s password=%s user_%s=%s;"
                .formatted(quoted(BROKER), quoted(NOT_SECRET), BROKER, quoted(NOT_SECRET));
    all.setProperty("listener.name.internal.plain.sasl.jaas.config", inside);
    all.setProperty("listener.name.controller.plain.sasl.jaas.config", inside);
    all.setProperty(
        "listener.name.client.sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512");
    StringBuilder plain = new StringBuilder(PLAIN).append(" required");
    users.forEach(
        (name, password) ->
            plain.append(" user_").append(name).append('=').append(quoted(password)));
    all.setProperty("listener.name.client.plain.sasl.jaas.config", plain + ";");
    for (String mechanism : List.of("scram-sha-256", "scram-sha-512")) {
      all.setProperty(
          "listener.name.client." + mechanism + ".sasl.jaas.config", SCRAM + " required;");
    }
    all.setProperty(
        "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
    all.setProperty("super.users", "User:" + superUser + ";User:" + BROKER);
  }

  /** Further arguments of Kafka's tool that formats the broker's folder. */
  List<String> formatArguments() {
    return scramUsers.entrySet().stream()
        .flatMap(
            user ->
                List.of("SCRAM-SHA-256", "SCRAM-SHA-512").stream()
                    .map(
                        mechanism ->
                            "%s=[name=%s,password=%s]"
                                .formatted(mechanism, user.getKey(), user.getValue())))
        .flatMap(user -> List.of("--add-scram", user).stream())
        .toList();
  }

  private static String quoted(String value) {
    return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
