package dev.waybill.transport.kafka;

import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/** The clients of one bus: an admin client, a producer, and a consumer per receiver. */
final class KafkaConnection implements TransportConnection {
  /** As {@code TransportConnection.prepare} promises. */
  private static final Duration PREPARE = Duration.ofSeconds(30);

  private static final Duration CLOSE_RECEIVERS = Duration.ofSeconds(4);

  /** It also has what the receivers leave of their time. */
  private static final Duration CLOSE_SENDER = Duration.ofSeconds(1);

  private static final Duration CLOSE_ADMIN = Duration.ofMillis(500);

  private final KafkaSettings settings;
  private final ClientProperties properties;
  private final Admin admin;
  private final KafkaSender sender;
  private final DelayTopics delayTopics;
  private final Delays delays;
  private final DeadLetters deadLetters;
  private final BrokerFeatures features;
  private final Set<ClosedInSteps> receivers = ConcurrentHashMap.newKeySet();
  private volatile Map<String, Integer> deliveryLimits = Map.of();
  private volatile @Nullable ReplyLog replies;
  private volatile boolean closed;

  KafkaConnection(
      KafkaSettings settings,
      ClientProperties properties,
      Admin admin,
      KafkaSender sender,
      DelayTopics delayTopics,
      Delays delays,
      BrokerFeatures features) {
    this.settings = settings;
    this.properties = properties;
    this.admin = admin;
    this.sender = sender;
    this.delayTopics = delayTopics;
    this.delays = delays;
    this.deadLetters = new DeadLetters(sender, settings.deliveryTimeout());
    this.features = features;
  }

  /**
   * {@inheritDoc}
   *
   * <p>{@code ASSUME} fetches the producer's metadata, as every producer does, and nothing else; a
   * subscription whose group has no committed offsets then also gets what was published before and
   * is still kept.
   *
   * <p>The topic of replies is shared by the instances of a requester, so it stays when one closes;
   * it is made like other topics. All modes ask where it ends, as a consumer does.
   */
  @Override
  public List<String> prepare(Topology topology, Topology.Mode mode) {
    checkOpen();
    Deadline deadline = Deadline.in(PREPARE);
    ShareGroupAdmin shareGroups = new ShareGroupAdmin(settings, admin, features, deadline);
    delayTopics.prepare(mode);
    List<String> problems =
        new KafkaTopology(settings, admin, shareGroups, sender, deadline).prepare(topology, mode);
    deliveryLimits = shareGroups.deliveryLimits();
    ReplyQueue mine = topology.replies();
    if (mine != null && problems.isEmpty()) {
      replies = new ReplyLog(mine, properties, deadline);
    }
    return problems;
  }

  @Override
  public Sender sender() {
    CompactedTopics compacted = settings.topics().compacted();
    return compacted.names().isEmpty() ? sender : new SenderToCompacted(sender, compacted);
  }

  @Override
  public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
    return receive(source, maxUnsettled, listener, null);
  }

  /** {@inheritDoc} With a transactional producer and a thread of its own. */
  @Override
  public Receiver receiveAtomically(Source source, int maxUnsettled, Receiver.Listener listener) {
    return receive(
        source,
        maxUnsettled,
        listener,
        new TopicCheck(
            sender::producer, sender::checkReplies, delayTopics, settings.topics().compacted()));
  }

  private Receiver receive(
      Source source, int maxUnsettled, Receiver.Listener listener, @Nullable TopicCheck topics) {
    if (maxUnsettled < 1) {
      throw new IllegalArgumentException("maxUnsettled is " + maxUnsettled + "; give 1 or more");
    }
    synchronized (receivers) {
      checkOpen();
      ClosedInSteps receiver = started(source, maxUnsettled, listener, topics);
      receivers.add(receiver);
      delays.receivingFrom(KafkaNames.topicOf(source));
      return receiver;
    }
  }

  private ClosedInSteps started(
      Source source, int maxUnsettled, Receiver.Listener listener, @Nullable TopicCheck topics) {
    if (source instanceof ReplyQueue queue) {
      return receiveReplies(queue, maxUnsettled, listener);
    }
    if (settings.shareGroups().has(source)) {
      return ShareReceiver.start(
          source,
          maxUnsettled,
          listener,
          settings,
          properties,
          deadLetters,
          ShareGroupAdmin.lastHandled(deliveryLimits.get(KafkaNames.group(source))),
          () -> sender.partitions(KafkaNames.topicOf(source)),
          receivers::remove);
    }
    return KafkaReceiver.start(
        source,
        maxUnsettled,
        listener,
        settings,
        properties,
        deadLetters,
        topics,
        receivers::remove);
  }

  private ReplyReceiver receiveReplies(
      ReplyQueue queue, int maxUnsettled, Receiver.Listener listener) {
    ReplyLog mine = replies;
    if (mine == null || !mine.queue().equals(queue)) {
      throw new IllegalStateException(
          "%s is not this connection's: prepare it with a topology that has it.".formatted(queue));
    }
    return ReplyReceiver.start(
        mine,
        maxUnsettled,
        listener,
        settings.bootstrapServers(),
        settings.silence(),
        receivers::remove);
  }

  /** The {@code Producer} and the {@code Admin}; a consumer belongs to its receiver's thread. */
  @Override
  public <T> Optional<T> unwrap(Class<T> nativeType) {
    return Stream.of(sender.producer(), admin)
        .filter(nativeType::isInstance)
        .map(nativeType::cast)
        .findFirst();
  }

  @Override
  public String brokerVersion() {
    return features.inWords();
  }

  @Override
  public void close() {
    List<ClosedInSteps> open;
    synchronized (receivers) {
      if (closed) {
        return;
      }
      closed = true;
      open = List.copyOf(receivers);
    }
    open.forEach(Receiver::stop);
    delays.beginClose();
    Deadline deadline = Deadline.in(CLOSE_RECEIVERS);
    Deadline begun = Deadline.in(KafkaReceiver.BEGUN);
    open.forEach(receiver -> receiver.beginClose(begun));
    open.forEach(receiver -> receiver.awaitClosed(deadline));
    delays.awaitClosed(deadline);
    delayTopics.close();
    sender.close(deadline.remaining().plus(CLOSE_SENDER));
    deadLetters.close();
    admin.close(CLOSE_ADMIN);
  }

  private void checkOpen() {
    if (closed) {
      throw KafkaErrors.closed();
    }
  }
}
