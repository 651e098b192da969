package dev.waybill.transport.aws;

import static org.awaitility.Awaitility.await;

import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A connection to the test broker, with raw clients beside it. */
final class Aws implements AutoCloseable {
  static final Duration DEADLINE = Duration.ofSeconds(10);

  /** The first connection loads the SDK, which takes its time on a busy machine. */
  static final Duration LOADING = Duration.ofMinutes(2);

  final AwsTransport transport;
  final TransportConnection connection;

  private final Sdk1Clients raw;

  private Aws(AwsTransport transport) {
    this.transport = transport;
    this.raw = clients(transport.address().split(" ", 2)[0]);
    this.connection = transport.connect(LOADING);
  }

  static Aws connect() {
    return connect(TestBrokers.aws().uri());
  }

  static Aws connect(String uri) {
    return connect(uri, AwsSdk.V2);
  }

  static Aws connect(AwsSdk sdk) {
    return connect(TestBrokers.aws().uri(), sdk);
  }

  static Aws connect(String uri, AwsSdk sdk) {
    return new Aws(emulator(uri).sdk(sdk).build());
  }

  static Aws connect(AwsTransport transport) {
    return new Aws(transport);
  }

  /** With a lease so short that a test can see its end, and so long that it can be renewed. */
  static Aws withShortLease() {
    return new Aws(
        emulator(TestBrokers.aws().uri()).visibilityTimeout(Duration.ofSeconds(12)).build());
  }

  static AwsTransport.Builder emulator(String uri) {
    URI parsed = URI.create(uri);
    return AwsTransport.builder()
        .endpoint(URI.create("http://" + parsed.getAuthority()))
        .region("us-east-1")
        .emulator();
  }

  static String unique(String name) {
    return name + "." + UUID.randomUUID().toString().substring(0, 8);
  }

  Queue queue(boolean keyed) {
    Queue queue = new Queue(unique("queue"), keyed);
    prepare(List.of(queue), List.of(queue));
    return queue;
  }

  Subscription subscription(Topic topic, String name) {
    Subscription subscription = new Subscription(topic, name);
    prepare(List.of(topic), List.of(subscription));
    return subscription;
  }

  void prepare(List<Channel> channels, List<Source> sources) {
    connection.prepare(topology(channels, sources), Topology.Mode.CREATE);
  }

  static Topology topology(List<? extends Channel> channels, List<? extends Source> sources) {
    return new Topology(
        List.copyOf(channels),
        List.copyOf(sources),
        sources.stream().map(Source::deadLetterQueue).toList());
  }

  CompletableFuture<String> send(Channel channel, WireMessage message) {
    return connection.sender().send(channel, message, DEADLINE);
  }

  void sendAndWait(Channel channel, WireMessage message) {
    send(channel, message).orTimeout(20, TimeUnit.SECONDS).join();
  }

  Receiver receive(Source source, int credit, Receiver.Listener listener) {
    return connection.receive(source, credit, listener);
  }

  static void accept(dev.waybill.transport.Delivery delivery) {
    settle(delivery, Settlement.accept());
  }

  static Settlement.Result settle(dev.waybill.transport.Delivery delivery, Settlement settlement) {
    return delivery.settle(settlement).toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }

  /** A client without this library. */
  AmazonSQS sqs() {
    return raw.sqs();
  }

  /** A client without this library. */
  AmazonSNS sns() {
    return raw.sns();
  }

  String url(Source source) {
    return sqs().getQueueUrl(Names.queue(source)).getQueueUrl();
  }

  /** What a consumer without this library gets. */
  List<Message> receiveRaw(Source source) {
    return sqs()
        .receiveMessage(
            new ReceiveMessageRequest(url(source))
                .withMaxNumberOfMessages(10)
                .withWaitTimeSeconds(5)
                .withMessageAttributeNames("All"))
        .getMessages();
  }

  /** What is in the queue, hidden messages counted. */
  int count(Source source) {
    Map<String, String> attributes =
        sqs()
            .getQueueAttributes(
                url(source),
                List.of("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"))
            .getAttributes();
    return attributes.values().stream().mapToInt(Integer::parseInt).sum();
  }

  /** Waits until a receiver has no poll under way, and begins none. */
  static void waitsForCredit(Receiver receiver) {
    await().atMost(Duration.ofSeconds(60)).until(() -> !((AwsReceiver) receiver).isPolling());
  }

  static WireMessage message(String body) {
    return message(body, null);
  }

  static WireMessage message(String body, @org.jspecify.annotations.Nullable String key) {
    return new WireMessage(
        body.getBytes(StandardCharsets.UTF_8),
        "text/plain",
        Map.of("id", UUID.randomUUID().toString(), "type", "test.v1"),
        Map.of(),
        key,
        null);
  }

  private static Sdk1Clients clients(String authority) {
    Sdk1 none = new Sdk1(null, null, null);
    return new Sdk1Clients(
        new AwsSettings(
            "us-east-1",
            URI.create("http://" + authority),
            true,
            null,
            Duration.ofSeconds(30),
            Duration.ZERO,
            false,
            Set.of(),
            none,
            System::nanoTime),
        none);
  }

  @Override
  public void close() {
    raw.close();
    connection.close();
  }
}
