package dev.waybill.testkit.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A PostgreSQL server: its own data and port, on the loopback interface, for the stores of messages
 * that are proved against it.
 *
 * <p>User and database are both {@code waybill}; there is no password. What has been committed
 * survives {@link #kill()}; it need not survive the machine's end, since the server does not wait
 * for the disk ({@code fsync=off}) unless it is told to.
 *
 * <p>PostgreSQL refuses to run as root: then it runs as the user {@code postgres}, which its
 * package makes.
 */
public final class PostgresTestServer extends LocalTestBroker {

  private static final String NAME = "waybill";
  private static final Pattern VERSION = Pattern.compile("starting PostgreSQL (\\S+)");

  private final Path programs;
  private final Map<String, String> properties;
  private final int port = FreePorts.next();

  private PostgresTestServer(Path programs, Builder builder) {
    super(BrokerKind.POSTGRESQL);
    this.programs = programs;
    this.properties = new LinkedHashMap<>();
    properties.put("listen_addresses", "127.0.0.1");
    properties.put("port", String.valueOf(port));
    properties.put("unix_socket_directories", "");
    properties.put("fsync", "off");
    properties.put("shared_buffers", "32MB");
    properties.putAll(builder.properties);
  }

  /**
   * Starts a server.
   *
   * @return the server, which serves
   * @throws BrokerUnavailableException if PostgreSQL is not installed or does not start
   */
  public static PostgresTestServer start() {
    return builder().start();
  }

  /**
   * A server with other settings.
   *
   * @return a builder with the settings of {@link #start()}
   */
  public static Builder builder() {
    return new Builder();
  }

  /** The JDBC URL, with the user: {@code jdbc:postgresql://127.0.0.1:PORT/waybill?user=waybill}. */
  @Override
  public String uri() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + NAME + "?user=" + NAME;
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

  @Override
  void prepare(Path folder) throws IOException {
    if (isRoot()) {
      Folders.run(List.of("chown", "postgres", folder.toString()));
    }
    Folders.run(
        asItsUser(
            "initdb",
            "--pgdata=" + folder.resolve("data"),
            "--username=" + NAME,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync"));
    String single = "create database " + NAME + "\n";
    Folders.run(
        new ProcessBuilder(
            asItsUser("postgres", "--single", "-D", folder.resolve("data").toString(), "postgres")),
        single);
  }

  @Override
  BrokerCommand command(Path folder) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("-D", folder.resolve("data").toString()));
    properties.forEach((name, value) -> arguments.addAll(List.of("-c", name + "=" + value)));
    return new BrokerCommand(
        asItsUser("postgres", arguments.toArray(String[]::new)),
        Map.of("LC_ALL", "C"),
        "database system is ready to accept connections");
  }

  /** Without waiting for clients to go. */
  @Override
  void beforeStop(GuardedProcess process) {
    try {
      process.signal("INT");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> asItsUser(String program, String... arguments) throws IOException {
    List<String> line = new ArrayList<>();
    if (isRoot()) {
      line.addAll(
          List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"));
    }
    line.add(programs.resolve(program).toString());
    line.addAll(List.of(arguments));
    return line;
  }

  private static boolean isRoot() throws IOException {
    return Folders.run(List.of("id", "-u")).strip().equals("0");
  }

  /** Settings of a {@link PostgresTestServer}. Not thread-safe. */
  public static final class Builder {

    private final Map<String, String> properties = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Sets a parameter of the server, instead of its value here.
     *
     * @param name the parameter, such as {@code max_connections}
     * @param value its value
     * @return this
     */
    public Builder property(String name, String value) {
      properties.put(name, value);
      return this;
    }

    /**
     * Starts the server.
     *
     * @return the server, which serves
     * @throws BrokerUnavailableException if PostgreSQL is not installed or does not start
     */
    public PostgresTestServer start() {
      Path programs = Installations.ofThisMachine().postgresqlPrograms();
      return LocalTestBroker.launch(() -> new PostgresTestServer(programs, this));
    }
  }
}
