package dev.waybill.testkit.broker;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A RabbitMQ node: its own data, ports, user, virtual host, Erlang cookie and port mapper (epmd),
 * without plugins. The nodes of a {@link RabbitTestCluster} share user, virtual host, cookie and
 * port mapper.
 *
 * <p>User, password and virtual host are all {@code waybill}. The node can be asked and told things
 * that no client can; that takes milliseconds, as it goes through Erlang's own protocol instead of
 * {@code rabbitmqctl}.
 *
 * <p>Queues, exchanges and bindings that have been declared survive {@link #kill()}, and so do
 * confirmed persistent messages in durable queues.
 */
public final class RabbitTestBroker extends LocalTestBroker {

  private static final String NAME = "waybill";
  private static final Pattern VERSION = Pattern.compile("Starting RabbitMQ (\\S+)");
  private static final Pattern COUNTS =
      Pattern.compile("\\{ok, \\{counts, (\\d+), (\\d+), (\\d+)}}");

  /**
   * A node of a cluster that was paused for so long that the others took it for dead finds itself
   * in a minority, stops, and starts again.
   */
  private static final String AWAIT_START = "ok = rabbit:await_startup(), ";

  private static final Pattern COUNT_ALONE = Pattern.compile("\\{ok, (\\d+)}");

  /** Quorum queues are asked in another way, as their own information is five seconds old. */
  private static final String COUNT =
      """
      case rabbit_amqqueue:lookup(rabbit_misc:r(%s, queue, %s)) of
        {error, not_found} -> not_found;
        {ok, Q} ->
          case amqqueue:get_type(Q) of
            rabbit_quorum_queue ->
              Ask = fun(F) -> {ok, {_, N}, _} = ra:leader_query(amqqueue:get_pid(Q), F), N end,
              {counts, Ask(fun rabbit_fifo:query_messages_ready/1),
                Ask(fun rabbit_fifo:query_messages_checked_out/1),
                Ask(fun rabbit_fifo:query_consumer_count/1)};
            _ ->
              [{_, R}, {_, U}, {_, C}] = rabbit_amqqueue:info(
                Q, [messages_ready, messages_unacknowledged, consumers]),
              {counts, R, U, C}
          end
      end.
      """;

  private final RabbitTestAdmin admin;
  private final Path server;
  private final Map<String, String> properties;
  private final String advanced;
  private final int port = FreePorts.next();
  private final int distributionPort = FreePorts.next();
  private final RabbitNode node;

  private RabbitTestBroker(Path server, Builder builder, RabbitNode node) {
    super(BrokerKind.RABBITMQ);
    this.server = server;
    this.node = node;
    this.properties = new LinkedHashMap<>(node.properties());
    properties.putAll(builder.properties);
    this.advanced = builder.advanced;
    this.admin = new RabbitTestAdmin(this::expectOk, this::control, NAME, folder());
  }

  /**
   * Starts a node.
   *
   * @return the node, which serves
   * @throws BrokerUnavailableException if RabbitMQ is not installed or does not start
   */
  public static RabbitTestBroker start() {
    return builder().start();
  }

  /**
   * A node with other settings.
   *
   * @return a builder with the settings of {@link #start()}
   */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String uri() {
    return "amqp://" + NAME + ":" + NAME + "@127.0.0.1:" + port + "/" + NAME;
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String version() {
    Matcher started = VERSION.matcher(startOutput());
    return started.find() ? kind().product() + " " + started.group(1) : kind().product();
  }

  /**
   * Counts what a queue of the virtual host holds, asking the queue itself.
   *
   * @param queue the name of the queue
   * @return the counts at this moment
   * @throws IllegalArgumentException if there is no such queue
   */
  public QueueCounts counts(String queue) {
    String answer = evaluate(COUNT.formatted(binary(NAME), binary(queue)));
    if (answer.equals("{ok, not_found}")) {
      throw new IllegalArgumentException("RabbitMQ has no queue '" + queue + "' in " + uri());
    }
    Matcher counts = COUNTS.matcher(answer);
    if (!counts.matches()) {
      throw new BrokerUnavailableException("RabbitMQ could not count '" + queue + "': " + answer);
    }
    return new QueueCounts(
        Long.parseLong(counts.group(1)),
        Long.parseLong(counts.group(2)),
        Long.parseLong(counts.group(3)));
  }

  /**
   * What an administrator can do here.
   *
   * @return always the same
   */
  public RabbitTestAdmin admin() {
    return admin;
  }

  /**
   * Counts the connections of clients, those that their clients have lost and the node has not
   * noticed included.
   *
   * @return how many there are at this moment
   */
  public int connections() {
    return count("rabbit_networking:connections()");
  }

  /**
   * Counts the channels that clients have open, as {@link #connections()} counts connections.
   *
   * @return how many there are at this moment
   */
  public int channels() {
    return count("rabbit_channel:list()");
  }

  private int count(String list) {
    String answer = evaluate("length(" + list + ").");
    Matcher count = COUNT_ALONE.matcher(answer);
    if (!count.matches()) {
      throw new BrokerUnavailableException("RabbitMQ could not count " + list + ": " + answer);
    }
    return Integer.parseInt(count.group(1));
  }

  /**
   * Blocks publishers, as a node low on memory does: a connection to this node that publishes from
   * now on is told so ({@code connection.blocked}) and gets no more confirms. In a cluster those of
   * the other nodes are a moment later.
   */
  public void blockPublishers() {
    alarm("rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []})");
  }

  /** Ends {@link #blockPublishers()}. */
  public void unblockPublishers() {
    alarm("rabbit_alarm:clear_alarm({resource_limit, memory, node()})");
  }

  /** The change is only posted to the alarms; whoever asks them after it has waited for it. */
  private void alarm(String change) {
    expectOk(AWAIT_START + change + ", rabbit_alarm:get_alarms(), ok.");
  }

  /** Closes all connections of clients (320, CONNECTION_FORCED), as an administrator can. */
  public void closeConnections() {
    // one that has gone by itself meanwhile is no failure
    expectOk(
        AWAIT_START
            + "lists:foreach(fun(C) -> catch rabbit_networking:close_connection(C, \"closed by the test\") end,"
            + " rabbit_networking:connections()).");
  }

  /**
   * RabbitMQ writes declarations to disk a moment after it has confirmed them; a kill within that
   * moment loses the queue and its confirmed messages. Tests declare and kill as fast as that. The
   * tables are those by which quorum queues find what is theirs.
   */
  @Override
  void beforeKill() {
    expectOk("catch mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()], ok.");
  }

  @Override
  void prepare(Path folder) throws IOException {
    Path home = Files.createDirectory(folder.resolve("home"));
    Path cookie =
        Files.createFile(
            home.resolve(".erlang.cookie"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(cookie, node.cookie());
    Files.setPosixFilePermissions(cookie, PosixFilePermissions.fromString("r--------"));
    Files.writeString(folder.resolve("enabled_plugins"), "[].");
    Map<String, String> all = new LinkedHashMap<>();
    all.put("listeners.tcp.default", "127.0.0.1:" + port);
    all.put("default_user", NAME);
    all.put("default_pass", NAME);
    all.put("default_vhost", NAME);
    all.put("loopback_users", "none");
    all.put("disk_free_limit.absolute", "50MB");
    all.put(
        "vm_memory_high_watermark.absolute", "4GB"); // or some 100,000 messages block publishers
    all.put("log.console", "true");
    all.put("log.file", "false");
    all.putAll(properties);
    List<String> lines = new ArrayList<>();
    all.forEach((name, value) -> lines.add(name + " = " + value));
    Files.write(folder.resolve("rabbitmq.conf"), lines);
    Files.writeString(folder.resolve("advanced.config"), advanced);
    Folders.copyResource("epmd.sh", folder);
    Folders.copyResource("rabbitmq.sh", folder);
  }

  @Override
  BrokerCommand command(Path folder) {
    Map<String, String> environment = new HashMap<>();
    for (String inherited : System.getenv().keySet()) {
      if (inherited.startsWith("RABBITMQ_") || inherited.startsWith("ERL_")) {
        environment.put(inherited, "");
      }
    }
    environment.putAll(erlang());
    environment.put("RABBITMQ_NODENAME", node.name());
    environment.put("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
    environment.put("RABBITMQ_NODE_PORT", String.valueOf(port));
    environment.put("RABBITMQ_DIST_PORT", String.valueOf(distributionPort));
    environment.put(
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
        "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}");
    environment.put("RABBITMQ_CONF_ENV_FILE", "/dev/null");
    environment.put("RABBITMQ_CONFIG_FILE", folder.resolve("rabbitmq").toString());
    environment.put("RABBITMQ_MNESIA_DIR", folder.resolve("mnesia/node").toString());
    Map<String, String> files =
        Map.of(
            "RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins",
            "RABBITMQ_FEATURE_FLAGS_FILE", "feature_flags",
            "RABBITMQ_GENERATED_CONFIG_DIR", "generated",
            "RABBITMQ_LOG_BASE", "log",
            "RABBITMQ_MNESIA_BASE", "mnesia",
            "RABBITMQ_PID_FILE", "rabbitmq.pid");
    files.forEach((name, file) -> environment.put(name, folder.resolve(file).toString()));
    String script = folder.resolve("rabbitmq.sh").toString();
    List<String> line = new ArrayList<>(List.of("bash", script, server.toString()));
    if (node.isAlone()) {
      line.add("alone");
    }
    return new BrokerCommand(line, environment, "Server startup complete");
  }

  /** The variables for everything that speaks with this node's Erlang. */
  private Map<String, String> erlang() {
    return Map.of(
        "HOME", folder().resolve("home").toString(),
        "ERL_EPMD_PORT", String.valueOf(node.mapperPort()),
        "ERL_EPMD_ADDRESS", "127.0.0.1");
  }

  private void expectOk(String expression) {
    String answer = evaluate(expression);
    if (!answer.equals("{ok, ok}")) {
      throw new BrokerUnavailableException("RabbitMQ answered " + answer + " to " + expression);
    }
  }

  /** {@code rabbitmqctl} for this node; it takes seconds. */
  private ProcessBuilder control(List<String> arguments) {
    List<String> line = new ArrayList<>();
    line.add(server.resolveSibling("rabbitmqctl").toString());
    line.addAll(List.of("-n", node.name()));
    line.addAll(arguments);
    ProcessBuilder command = new ProcessBuilder(line);
    command.environment().putAll(erlang());
    command.environment().put("RABBITMQ_CONF_ENV_FILE", "/dev/null");
    return command;
  }

  private synchronized String evaluate(String expression) {
    running();
    ProcessBuilder call =
        new ProcessBuilder("erl_call", "-address", "127.0.0.1:" + distributionPort, "-e");
    call.environment().putAll(erlang());
    try {
      return Folders.run(call, expression + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String binary(String text) {
    StringBuilder bytes = new StringBuilder();
    for (byte value : text.getBytes(UTF_8)) {
      bytes.append(bytes.isEmpty() ? "" : ",").append(Byte.toUnsignedInt(value));
    }
    return "<<" + bytes + ">>";
  }

  /** Settings of a {@link RabbitTestBroker}. Not thread-safe. */
  public static final class Builder {

    private final Map<String, String> properties = new LinkedHashMap<>();
    private String advanced = "[].";
    private Installations installations = Installations.ofThisMachine();

    private Builder() {}

    /**
     * Sets a line of {@code rabbitmq.conf}, instead of its value here.
     *
     * @param name the key, such as {@code heartbeat}
     * @param value its value
     * @return this
     */
    public Builder property(String name, String value) {
      properties.put(name, value);
      return this;
    }

    /**
     * Sets the text of {@code advanced.config}, for what {@code rabbitmq.conf} has no key for.
     *
     * @param config an Erlang term, with its full stop
     * @return this
     */
    public Builder advanced(String config) {
      advanced = config;
      return this;
    }

    Builder installations(Installations where) {
      this.installations = where;
      return this;
    }

    /**
     * Starts the node.
     *
     * @return the node, which serves
     * @throws BrokerUnavailableException if RabbitMQ is not installed or does not start
     */
    public RabbitTestBroker start() {
      return LocalTestBroker.launch(() -> node(RabbitNode.alone()));
    }

    /** The broker at a place in its cluster, not yet launched. */
    RabbitTestBroker node(RabbitNode node) {
      return new RabbitTestBroker(installations.rabbitmqServer(), this, node);
    }
  }
}
