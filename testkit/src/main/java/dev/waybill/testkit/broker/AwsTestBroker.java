package dev.waybill.testkit.broker;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * An SNS and SQS service: fauxqs, which keeps its data over a crash, in Node.js.
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

  private AwsTestBroker(Path installation, Builder builder) {
    super(BrokerKind.AWS);
    this.installation = installation;
    this.advertisedPort = builder.advertisedPort == 0 ? port : builder.advertisedPort;
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
    return kind().product() + " " + Installations.FAUXQS_VERSION;
  }

  @Override
  void prepare(Path folder) throws IOException {
    Folders.copyResource("aws.mjs", folder);
  }

  @Override
  BrokerCommand command(Path folder) {
    return new BrokerCommand(
        List.of(
            installation.resolve("node").toString(),
            "--no-warnings",
            folder.resolve("aws.mjs").toString(),
            installation.toString(),
            String.valueOf(port),
            String.valueOf(advertisedPort),
            folder.resolve("data").toString()),
        Map.of(),
        "Ready on port");
  }

  /** Settings of an {@link AwsTestBroker}. Not thread-safe. */
  public static final class Builder {

    private Installations installations = Installations.ofThisMachine();
    private int advertisedPort;

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
