package dev.waybill.testkit.broker;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka broker of one node (broker and KRaft controller) in its own JVM.
 *
 * <p>Topics are not created by mere use, internal topics have one replica, and groups form without
 * the initial delay, and change hands within seconds by the newer protocol too; {@link
 * Builder#property} changes that. Transactions, both group protocols and share groups work.
 */
public final class KafkaTestBroker extends LocalTestBroker {

  private static final String CLUSTER_METADATA = "__cluster_metadata-0";

  private final Path installation;
  private final Map<String, String> properties;
  private final int port = FreePorts.next();
  private final int advertisedPort;
  private final int proxiedPort = FreePorts.next();
  private final @Nullable FaultProxy proxy;
  private final KafkaNode node;
  private final @Nullable KafkaTestSecurity security;

  private KafkaTestBroker(Path installation, Builder builder, KafkaNode node) {
    super(BrokerKind.KAFKA);
    this.installation = installation;
    this.properties = Map.copyOf(builder.properties);
    this.advertisedPort = builder.advertisedPort == 0 ? port : builder.advertisedPort;
    this.proxy = builder.proxy;
    this.node = node;
    this.security = builder.security(port);
    if (proxy != null) {
      proxy.forwardTo(proxiedPort);
    }
  }

  /**
   * Starts a broker without authentication.
   *
   * @return the broker, which serves
   * @throws BrokerUnavailableException if Kafka is not installed or does not start
   */
  public static KafkaTestBroker start() {
    return builder().start();
  }

  /**
   * A broker with other settings.
   *
   * @return a builder with the settings of {@link #start()}
   */
  public static Builder builder() {
    return new Builder();
  }

  /** {@inheritDoc} Its port is {@link Builder#advertisedPort} where that is set. */
  @Override
  public String uri() {
    return "kafka://127.0.0.1:" + advertisedPort;
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String version() {
    return kind().product() + " " + Installations.KAFKA_VERSION;
  }

  /**
   * Who may log in, and how.
   *
   * @return the security
   * @throws IllegalStateException if the broker was made without {@link Builder#secured}
   */
  public KafkaTestSecurity security() {
    if (security == null) {
      throw new IllegalStateException("This broker is not secured: call builder().secured(…)");
    }
    return security;
  }

  @Override
  void prepare(Path folder) throws IOException {
    Folders.copyResource("log4j2.properties", folder);
    Path data = folder.resolve("data");
    if (security != null) {
      security.makeCertificates(folder);
    }
    store(serverProperties(data), folder.resolve("server.properties"));
    if (security != null && !security.formatArguments().isEmpty()) {
      format(folder, security.formatArguments());
      return;
    }
    Path formatted = installation.resolve("formatted");
    Folders.copy(formatted.resolve(CLUSTER_METADATA), data.resolve(CLUSTER_METADATA));
    Properties ids = new Properties();
    ids.putAll(Map.of("version", "1", "node.id", String.valueOf(node.id())));
    ids.putAll(Map.of("cluster.id", node.cluster(), "directory.id", KafkaNode.newId()));
    store(ids, data.resolve("meta.properties"));
  }

  /** By Kafka's own tool, which takes seconds: only for what the formatted copy does not have. */
  private void format(Path folder, List<String> arguments) throws IOException {
    List<String> line = java(folder);
    line.addAll(List.of("kafka.tools.StorageTool", "format", "-t", node.cluster(), "-c"));
    line.add(folder.resolve("server.properties").toString());
    line.addAll(arguments);
    Folders.run(line);
  }

  private Properties serverProperties(Path data) throws IOException {
    String internal = ",INTERNAL://127.0.0.1:" + FreePorts.next();
    String controller = ",CONTROLLER://127.0.0.1:" + node.controllerPort();
    Properties all = new Properties();
    try (InputStream defaults = Folders.resource("kafka.properties")) {
      all.load(defaults);
    }
    all.setProperty("node.id", String.valueOf(node.id()));
    all.setProperty("log.dirs", data.toString());
    all.setProperty("controller.quorum.voters", node.voters());
    all.setProperty(
        "listeners",
        client(port) + (proxy == null ? "" : proxied(proxiedPort)) + internal + controller);
    all.setProperty(
        "advertised.listeners",
        client(advertisedPort) + (proxy == null ? "" : proxied(proxy.port())) + internal);
    if (security != null) {
      security.configure(all);
    }
    all.putAll(properties);
    return all;
  }

  private static String client(int port) {
    return "CLIENT://127.0.0.1:" + port;
  }

  private static String proxied(int port) {
    return ",PROXIED://127.0.0.1:" + port;
  }

  @Override
  BrokerCommand command(Path folder) throws IOException {
    List<String> line = java(folder);
    line.add("kafka.Kafka");
    line.add(folder.resolve("server.properties").toString());
    return new BrokerCommand(line, Map.of(), "Kafka Server started");
  }

  private List<String> java(Path folder) throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    String runtime = System.getProperty("java.runtime.version");
    Path archive = installation.resolve("startup-" + runtime + ".jsa");
    if (Files.exists(archive)) {
      line.add("-XX:SharedArchiveFile=" + archive);
    }
    line.add("-Dlog4j2.configurationFile=" + folder.resolve("log4j2.properties"));
    line.addAll(List.of("-cp", classPath()));
    return line;
  }

  /** All jars, in the order in which the archive of their classes was made. */
  private String classPath() throws IOException {
    try (Stream<Path> jars = Files.list(installation.resolve("lib"))) {
      return jars.map(Path::toString).sorted().collect(Collectors.joining(":"));
    }
  }

  private static void store(Properties properties, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      properties.store(out, null);
    }
  }

  /** Settings of a {@link KafkaTestBroker}. Not thread-safe. */
  public static final class Builder {

    private final Map<String, String> properties = new HashMap<>();
    private Installations installations = Installations.ofThisMachine();
    private int advertisedPort;
    private @Nullable FaultProxy proxy;
    private @Nullable String superUser;
    private final Map<String, String> users = new LinkedHashMap<>();
    private final Map<String, String> scramUsers = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Lets only encrypted clients in, and them do only what the ACLs allow; see {@link
     * KafkaTestSecurity}. Not together with {@link #plainLogin}, {@link #advertisedPort} and {@link
     * #alsoThrough}, and for one node only.
     *
     * @param superUser a user whom no ACL bounds, and who logs in with PLAIN
     * @param password its password
     * @return this
     */
    public Builder secured(String superUser, String password) {
      this.superUser = superUser;
      return user(superUser, password);
    }

    /**
     * Adds a user of a {@link #secured} broker, who logs in with PLAIN.
     *
     * @param name letters, digits and underscores
     * @param password any text without line breaks
     * @return this
     */
    public Builder user(String name, String password) {
      users.put(checked(name), password);
      return this;
    }

    /**
     * Adds a user of a {@link #secured} broker, who logs in with SCRAM-SHA-256 and SCRAM-SHA-512.
     *
     * @param name letters, digits and underscores
     * @param password letters, digits, underscores and hyphens
     * @return this
     */
    public Builder scramUser(String name, String password) {
      if (!password.matches("[A-Za-z0-9_-]+")) {
        throw new IllegalArgumentException(
            "The password has characters other than letters, digits, underscores and hyphens");
      }
      scramUsers.put(checked(name), password);
      return this;
    }

    private @Nullable KafkaTestSecurity security(int port) {
      return superUser == null ? null : new KafkaTestSecurity(superUser, users, scramUsers, port);
    }

    private static String checked(String user) {
      if (!user.matches("[A-Za-z0-9_]+")) {
        throw new IllegalArgumentException(
            "User '" + user + "' has characters other than letters, digits and underscores");
      }
      return user;
    }

    /**
     * Lets only clients in that log in with SASL PLAIN over an unencrypted connection
     * (SASL_PLAINTEXT).
     *
     * @param user the only user: letters, digits and underscores
     * @param password its password: any text without quotation marks and backslashes
     * @return this
     */
    public Builder plainLogin(String user, String password) {
      String name = checked(user);
      if (password.contains("\"") || password.contains("\\")) {
        throw new IllegalArgumentException("The password has a quotation mark or a backslash");
      }
      property(
          "listener.security.protocol.map",
          "CLIENT:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT");
      property("listener.name.client.sasl.enabled.mechanisms", "PLAIN");
      return property(
          "listener.name.client.plain.sasl.jaas.config",
          "org.apache.kafka.common.security.plain.PlainLoginModule required user_%s=\"%s\";"
              .formatted(name, password));
    }

    /**
     * Sends clients to another port of 127.0.0.1 than the broker's own: to that of a {@link
     * FaultProxy}.
     *
     * @param port the port that the broker tells its clients
     * @return this
     */
    public Builder advertisedPort(int port) {
      this.advertisedPort = port;
      return this;
    }

    /**
     * Adds a second way for clients, through a proxy: those that begin at its port stay on it, the
     * others are not touched by its faults.
     *
     * @param proxy the proxy, which is led to the broker
     * @return this
     */
    public Builder alsoThrough(FaultProxy proxy) {
      this.proxy = proxy;
      return this;
    }

    /**
     * Sets a property of {@code server.properties}, instead of its value here.
     *
     * @param name the property, such as {@code message.max.bytes}
     * @param value its value
     * @return this
     */
    public Builder property(String name, String value) {
      properties.put(name, value);
      return this;
    }

    Builder installations(Installations where) {
      this.installations = where;
      return this;
    }

    /**
     * Starts the broker.
     *
     * @return the broker, which serves
     * @throws BrokerUnavailableException if Kafka is not installed or does not start
     */
    public KafkaTestBroker start() {
      Path installation = installations.kafka();
      return LocalTestBroker.launch(
          () -> new KafkaTestBroker(installation, this, KafkaNode.alone()));
    }

    /** A broker that is not started yet. */
    KafkaTestBroker node(KafkaNode node) {
      return new KafkaTestBroker(installations.kafka(), this, node);
    }
  }
}
