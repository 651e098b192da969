package dev.waybill.transport.aws;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sqs.AmazonSQS;
import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * Amazon SQS and SNS. A queue is an SQS queue; a topic is an SNS topic; a subscription is an SQS
 * queue {@code <topic>.<subscription>} that is subscribed with raw delivery. Keyed channels are
 * FIFO queues and topics, with the key as message group; dead-letter queues are standard queues.
 * Queues are made to keep messages for 14 days, the longest that SQS has. The replies to a bus's
 * requests come to a standard queue of that bus alone, {@code replies_-<requester>_-<instance>}, in
 * which they are kept for an hour; it is deleted when the bus closes, and stays if the process
 * dies.
 *
 * <p><b>URIs.</b> {@code aws://eu-west-1} is a region, with the credentials of the SDK's default
 * chain; {@code aws://} is the region of that chain as well, which may ask the machine over the
 * network and so block for some seconds. {@code aws://127.0.0.1:4566?region=us-east-1}, a host with
 * a port, is an emulator: it is spoken to by plain HTTP with credentials of no value. Both take
 * {@code account=<account id>}; see {@link Builder#account}. A URI never has credentials.
 *
 * <p><b>Names.</b> AWS allows letters, digits, {@code -} and {@code _}: {@code _} becomes {@code
 * __}, {@code .} becomes {@code _-}, and FIFO queues and topics end in {@code .fifo}.
 *
 * <p><b>Messages.</b> A body that is text goes as it is; other bytes go in Base64, and an empty
 * body as a dash, with the attribute {@code waybill-encoding} to say so. Attributes and headers are
 * in one message attribute, {@code waybill}, as JSON, since SNS drops messages with more than ten.
 * The content type and the CloudEvents id, source, type and specversion are there as plain
 * attributes as well ({@code contentType}, {@code ce_id}, …), for filter policies and other
 * consumers. Of a message from elsewhere the attributes of type string and number are headers. One
 * whose content type is {@code application/cloudevents+json} is a CloudEvent in structured mode,
 * and read as one. The evidence of a dead letter is in {@code waybill-evidence}. Messages wrapped
 * by SNS (a subscription without raw delivery) are unwrapped where {@link Builder#unwrapping} says
 * so.
 *
 * <p><b>Sizes.</b> A message with its attributes is up to 256 KiB on queues and topics alike: that
 * is SNS's limit, and the limit of SQS queues made before it was raised to 1 MiB. Any body up to
 * the capabilities' limit fits, also in Base64.
 *
 * <p><b>Leases.</b> A message received is hidden from others for the visibility timeout, which the
 * library renews; SQS ends that after twelve hours. A settlement after the lease makes no call.
 *
 * <p><b>Calls.</b> Messages are sent, deleted and hidden by up to ten to a call, each with its own
 * outcome. An idle receiver has one poll of 20 seconds under way, which closing cuts off.
 *
 * <p><b>Rights.</b> {@link #iamPolicy} prints them. With the topology mode {@code ASSUME} they are
 * those of sending and receiving, and the queues' URLs, and the topics' ARNs, are looked up at
 * their first use.
 *
 * <p><b>SDK.</b> This transport stands on version 2 of the AWS SDK for Java where its modules for
 * SNS and SQS are on the class path, else on version 1, which it depends on and whose support ended
 * on 31 December 2025; {@link Builder#sdk}, {@code ?sdk=1} and {@code ?sdk=2} decide otherwise.
 * Connecting logs which. Version 1 itself logs a stack trace once per process, which its system
 * property {@code aws.java.v1.disableDeprecationAnnouncement=true} turns off.
 *
 * <p>Immutable and thread-safe.
 */
public final class AwsTransport implements Transport {
  private final AwsSettings settings;

  private AwsTransport(AwsSettings settings) {
    this.settings = settings;
  }

  /** A builder for everything that a URI can't say. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String name() {
    return "aws";
  }

  @Override
  public String address() {
    return settings.address();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return Limits.capabilities(keyed, settings.visibilityTimeout());
  }

  @Override
  public List<String> check(Topology topology) {
    return new TopologyItems(topology).problems();
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    return new TopologyItems(topology).nativeNames();
  }

  /**
   * The rights that a bus needs for a topology, as the JSON of an IAM policy, and no others; of
   * {@code MessageBus.Builder.requiredTopology()}. A bus that only starts what others have made
   * needs the one for {@link Topology.Mode#ASSUME}; whoever deploys needs that for {@link
   * Topology.Mode#CREATE}. A topology does not tell who reads dead letters or replies to requests:
   * leave out the dead-letter queues of the statement {@code Receive}, and the statement {@code
   * Reply}, where the bus does neither.
   */
  public String iamPolicy(Topology topology, Topology.Mode mode) {
    return IamPolicy.of(topology, mode, settings);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Asks SQS for the URL of a queue that need not exist, the cheapest call there is. The first
   * connection of a process loads the SDK, which takes seconds on a busy machine and is not cut
   * off; AWS then has half a second to answer in any case.
   */
  @Override
  public TransportConnection connect(Duration deadline) {
    return new Connector(settings).connect(deadline);
  }

  /** Where AWS is; never credentials. */
  @Override
  public String toString() {
    return "AwsTransport[" + address() + "]";
  }

  /**
   * Builds an {@link AwsTransport}. Defaults: the region of the default chain of the SDK, the
   * region's own endpoints, the default credentials chain of the SDK, version 2 of the SDK where it
   * is on the class path, a visibility timeout of 30 seconds, a linger of 10 milliseconds. Not
   * thread-safe.
   */
  public static final class Builder {
    private final AwsOptions options = new AwsOptions();
    private @Nullable AWSCredentialsProvider credentials;
    private @Nullable AmazonSQS sqs;
    private @Nullable AmazonSNS sns;
    private @Nullable AwsCredentialsProvider credentialsV2;
    private @Nullable SqsAsyncClient sqsV2;
    private @Nullable SnsAsyncClient snsV2;

    private Builder() {}

    /**
     * The region of queues and topics, such as {@code eu-west-1}. By default {@link #build} looks
     * for it in the default chain of the SDK; not with an endpoint or with two clients.
     */
    public Builder region(String region) {
      options.region = region;
      return this;
    }

    /**
     * Where both services are instead of the region's endpoints: an emulator; or, for a bus without
     * topics, a private endpoint of SQS, as one of AWS is of a single service (with its private DNS
     * names none is needed; else give clients). A host by {@code http:} or {@code https:}, with or
     * without a port, and nothing else: no user info, no path. Queues are reached there, too,
     * whatever host their URLs name. {@code http:} sends messages in the clear.
     */
    public Builder endpoint(URI endpoint) {
      options.endpoint = endpoint;
      return this;
    }

    /** With credentials of no value instead of those of the environment. */
    Builder emulator() {
      options.emulator = true;
      return this;
    }

    /** The clock of leases, for tests of what takes hours. */
    Builder nanoTime(LongSupplier clock) {
      options.nanoTime = clock;
      return this;
    }

    /**
     * Which version of the SDK to use; by default the one whose clients or credentials are given,
     * else {@link AwsSdk#V2} where its modules for SNS and SQS are on the class path.
     */
    public Builder sdk(AwsSdk version) {
      options.sdk = version;
      return this;
    }

    /** Gives the credentials to SDK 1; asked again for each call, so it may renew them. */
    public Builder credentials(AWSCredentialsProvider credentials) {
      this.credentials = credentials;
      return this;
    }

    /** Gives the credentials to SDK 2; asked again for each call, so it may renew them. */
    public Builder credentialsV2(AwsCredentialsProvider credentials) {
      this.credentialsV2 = credentials;
      return this;
    }

    /**
     * The account that owns queues and topics. With it a topic's ARN is put together, and sending
     * needs no {@code sns:ListTopics}.
     */
    public Builder account(String account) {
      options.account = account;
      return this;
    }

    /**
     * How long a message is hidden from others without renewal: so long does it take until the
     * messages of a process that has died come back. Whole seconds, from 4 seconds to 12 hours.
     */
    public Builder visibilityTimeout(Duration timeout) {
      options.visibilityTimeout = timeout;
      return this;
    }

    /**
     * How long a message waits at most for others to be sent with it, while other calls to its
     * queue or topic are under way; without any it is sent at once. Longer saves calls, which is
     * what AWS charges for. From 0 to 10 seconds.
     */
    public Builder linger(Duration linger) {
      options.linger = linger;
      return this;
    }

    /**
     * Has SNS keep back what a subscription ignores ({@code ignoring(…)}), so that it is not paid
     * for: a filter policy on the attribute {@code ce_type} of the subscriptions that are made.
     * Unknown types still come, and become dead letters; but <b>a foreign message without any
     * message attribute is then dropped by SNS</b>, whose filters let none of those pass.
     */
    public Builder filterIgnored() {
      options.filtersIgnored = true;
      return this;
    }

    /**
     * Names queues and subscriptions ({@code orders.billing}) that SNS delivers to without raw
     * delivery: their messages are taken out of SNS's envelope. Of others they are not, as anyone
     * can write a text that looks like one. What is subscribed here for such a one is subscribed
     * without raw delivery.
     */
    public Builder unwrapping(String... sources) {
      options.unwrapped.addAll(List.of(sources));
      return this;
    }

    /**
     * A ready-made client for SQS; its owner closes it. Build it without retries ({@code
     * withMaxErrorRetry(0)}): the SDK repeats a send whose answer was lost, and a standard queue
     * then has the message twice. A warning at start names a client that says that it repeats. It
     * needs a connection for each receiver and some more.
     */
    public Builder sqs(AmazonSQS client) {
      this.sqs = client;
      return this;
    }

    /** A ready-made client for SNS; its owner closes it. Build it like the one for SQS. */
    public Builder sns(AmazonSNS client) {
      this.sns = client;
      return this;
    }

    /**
     * A ready-made client of SDK 2 for SQS; its owner closes it. Build it without retries ({@code
     * retryStrategy(AwsRetryStrategy.doNotRetry())}), for the reason that {@link #sqs} gives, and
     * with {@code maxConcurrency} for some polls of each receiver and some more.
     */
    public Builder sqsV2(SqsAsyncClient client) {
      this.sqsV2 = client;
      return this;
    }

    /** A ready-made client of SDK 2 for SNS; its owner closes it. Build it like that for SQS. */
    public Builder snsV2(SnsAsyncClient client) {
      this.snsV2 = client;
      return this;
    }

    /**
     * The transport; does not connect.
     *
     * @throws ConfigurationException naming everything that is missing or contradicts itself
     */
    public AwsTransport build() {
      boolean first = credentials != null || sqs != null || sns != null;
      boolean second = credentialsV2 != null || sqsV2 != null || snsV2 != null;
      return new AwsTransport(
          options.settings(
              first,
              second,
              version ->
                  version == AwsSdk.V1
                      ? new Sdk1(credentials, sqs, sns)
                      : new Sdk2(credentialsV2, sqsV2, snsV2)));
    }
  }
}
