package dev.waybill.testkit.broker;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An SNS and SQS service: fauxqs, which keeps its data over a crash unless it is {@linkplain
 * Builder#inMemory in memory}, in Node.js.
 *
 * <p>Any credentials do. It differs from AWS in this: one receive from a FIFO queue gives one
 * message per group, messages do not expire by the queue's retention period, a redrive policy of a
 * subscription is accepted and not used, a queue needs no policy to receive from a topic, and the
 * memory of deduplication ids is lost in a restart. A poll ends with its connection, which AWS does
 * not promise. What AWS refuses in a message (more than ten attributes, illegal names, characters
 * and ids) it is made to refuse, too.
 */
public final class AwsTestBroker extends LocalTestBroker {

  private static final String REGION = "us-east-1";

  private final Path installation;
  private final int port = FreePorts.next();
  private final int advertisedPort;
  private final boolean inMemory;

  private AwsTestBroker(Path installation, Builder builder) {
    super(BrokerKind.AWS);
    this.installation = installation;
    this.advertisedPort = builder.advertisedPort == 0 ? port : builder.advertisedPort;
    this.inMemory = builder.inMemory;
  }

  /**
   * Starts the service.
   *
   * @return the broker, which serves
   * @throws BrokerUnavailableException if fauxqs is not installed or does not start
   */
  public static AwsTestBroker start() {
    return builder().start();
  }

  /**
   * A service with other settings.
   *
   * @return a builder with the settings of {@link #start()}
   */
  public static Builder builder() {
    return new Builder();
  }

  /** {@inheritDoc} Its port is {@link Builder#advertisedPort} where that is set. */
  @Override
  public String uri() {
    return "aws://127.0.0.1:" + advertisedPort + "?region=" + REGION;
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String version() {
    return kind().product() + " " + Installations.FAUXQS_VERSION + (inMemory ? " in memory" : "");
  }

  @Override
  void prepare(Path folder) throws IOException {
    Folders.copyResource("aws.mjs", folder);
  }

  @Override
  BrokerCommand command(Path folder) {
    List<String> command =
        new ArrayList<>(
            List.of(
                installation.resolve("node").toString(),
                "--no-warnings",
                folder.resolve("aws.mjs").toString(),
                installation.toString(),
                String.valueOf(port),
                String.valueOf(advertisedPort)));
    if (!inMemory) {
      command.add(folder.resolve("data").toString());
    }
    return new BrokerCommand(command, Map.of(), "Ready on port");
  }

  /** Settings of an {@link AwsTestBroker}. Not thread-safe. */
  public static final class Builder {

    private Installations installations = Installations.ofThisMachine();
    private int advertisedPort;
    private boolean inMemory;

    private Builder() {}

    /**
     * Gives queue URLs another port of 127.0.0.1 than the service's own: that of a {@link
     * FaultProxy}. Clients send to the URL of a queue, so without it they go past the proxy.
     *
     * @param port the port in the URLs of queues
     * @return this
     */
    public Builder advertisedPort(int port) {
      this.advertisedPort = port;
      return this;
    }

    /**
     * Keeps nothing on disk: what it has is lost with its process. It takes ten times as many
     * messages a second as one that writes each of them to disk, for measurements of what is beside
     * it.
     *
     * @return this
     */
    public Builder inMemory() {
      this.inMemory = true;
      return this;
    }

    Builder installations(Installations where) {
      this.installations = where;
      return this;
    }

    /**
     * Starts the service.
     *
     * @return the broker, which serves
     * @throws BrokerUnavailableException if fauxqs is not installed or does not start
     */
    public AwsTestBroker start() {
      Path installation = installations.fauxqs();
      return LocalTestBroker.launch(() -> new AwsTestBroker(installation, this));
    }
  }
}
