package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives with a share group: as one member usually, and as more when some of a batch takes long
 * while there is credit. A member that waits for the rest of its batch fetches nothing, and keeps
 * others from the partitions that it has alone; so there are more members than partitions then, for
 * the broker to give each partition to two of them at least.
 */
final class ShareReceiver implements ClosedInSteps {
  private static final Logger log = LoggerFactory.getLogger(ShareReceiver.class);

  /** Each has a thread, connections and buffers of its own. */
  private static final int MAX_MEMBERS = 16;

  private final Source source;
  private final SharedListener listener;
  private final DeadLetters deadLetters;
  private final int lastHandled;
  private final IntFunction<ShareSession> sessions;
  private final IntSupplier partitions;
  private final String address;
  private final Consumer<ShareReceiver> closed;
  private final Credit credit;
  private final Gate gate = new Gate();
  private final Outstanding begun = new Outstanding();
  private final List<ShareMember> members = new CopyOnWriteArrayList<>();
  private final Map<ShareMember, Thread> threads = new ConcurrentHashMap<>();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean paused;

  private ShareReceiver(
      Source source,
      int maxUnsettled,
      Listener listener,
      DeadLetters deadLetters,
      int lastHandled,
      IntFunction<ShareSession> sessions,
      IntSupplier partitions,
      String address,
      Consumer<ShareReceiver> closed) {
    this.source = source;
    this.listener = new SharedListener(listener);
    this.deadLetters = deadLetters;
    this.lastHandled = lastHandled;
    this.sessions = sessions;
    this.partitions = partitions;
    this.address = address;
    this.closed = closed;
    this.credit = new Credit(maxUnsettled, this::ring);
  }

  /**
   * Begins to receive.
   *
   * @param lastHandled the last delivery of a message that is handled
   * @param partitions how many partitions the source's topic has
   * @param closed is told when the receiver is closed
   * @throws MessagingException if Kafka's client refuses its properties
   */
  static ShareReceiver start(
      Source source,
      int maxUnsettled,
      Listener listener,
      KafkaSettings settings,
      ClientProperties properties,
      DeadLetters deadLetters,
      int lastHandled,
      IntSupplier partitions,
      Consumer<ShareReceiver> closed) {
    IntFunction<ShareSession> sessions =
        batch ->
            new ShareSession(
                new KafkaShareConsumer<>(properties.shareConsumer(KafkaNames.group(source), batch)),
                KafkaNames.topicOf(source),
                settings.recordLock());
    ShareReceiver receiver =
        new ShareReceiver(
            source,
            maxUnsettled,
            listener,
            deadLetters,
            lastHandled,
            sessions,
            partitions,
            settings.bootstrapServers(),
            closed);
    try {
      receiver.add(maxUnsettled);
    } catch (KafkaException e) {
      throw KafkaErrors.making(settings, e);
    }
    return receiver;
  }

  /**
   * What waits here; only the broker knows of a backlog, and no part of the topic is its own. Each
   * message that waits for its time counts, also one with a key: there is no order by key.
   */
  @Override
  public Status status() {
    int waiting = members.stream().mapToInt(ShareMember::waiting).sum();
    int untilDue = members.stream().mapToInt(ShareMember::waitingForTime).sum();
    return new Status(null, null, List.of(), waiting, 0, untilDue);
  }

  /** {@inheritDoc} A member of a share group that has nothing open leaves the group meanwhile. */
  @Override
  public void pause() {
    paused = true;
    ring();
  }

  @Override
  public void resume() {
    paused = false;
    ring();
  }

  @Override
  public void stop() {
    gate.shut(source.toString());
    ring();
  }

  @Override
  public void close() {
    stop();
    Deadline closed = Deadline.in(KafkaReceiver.CLOSE);
    beginClose(Deadline.in(KafkaReceiver.BEGUN));
    awaitClosed(closed);
  }

  @Override
  public void beginClose(Deadline deadline) {
    if (closing.compareAndSet(false, true)) {
      boolean done = begun.await(deadline);
      synchronized (this) { // no member is added any more
        members.forEach(ShareMember::end);
        if (!done) {
          members.forEach(ShareMember::interrupt);
        }
      }
      closed.accept(this);
    }
  }

  @Override
  public void awaitClosed(Deadline deadline) {
    threads.values().forEach(thread -> Threads.join(thread, deadline));
  }

  String source() {
    return source.toString();
  }

  Credit credit() {
    return credit;
  }

  boolean isPaused() {
    return paused;
  }

  boolean isStopped() {
    return gate.isShut();
  }

  /** Whether one of the members would take what another one gives back. */
  boolean isFetching() {
    return members.stream().anyMatch(ShareMember::isFetching);
  }

  /** Lets a member deliver, unless the receiver is paused or has stopped. */
  boolean deliver(BooleanSupplier delivery) {
    return !paused && gate.pass(delivery);
  }

  void delivered(Acquired acquired, int attempt, ShareMember member) {
    boolean lastAllowed = acquired.deliveryCount() > lastHandled;
    listener.delivered(new ShareDelivery(acquired, attempt, lastAllowed, member));
  }

  /** A settlement has begun, which a close waits for. */
  void begun(CompletableFuture<?> settlement) {
    begun.add(settlement);
  }

  CompletableFuture<String> deadLetter(
      ConsumerRecord<byte[], byte[]> record, Map<String, String> evidence) {
    return deadLetters.publish(source.deadLetterQueue(), record, evidence);
  }

  /** Adds a member if those that there are are held up, while there is credit. */
  synchronized void relieve() {
    int room = credit.left();
    if (room == 0 || paused || isStopped() || closing.get()) {
      return;
    }
    int heldUp = (int) members.stream().filter(ShareMember::isHeldUp).count();
    if (heldUp > 0 && members.size() < Math.min(MAX_MEMBERS, heldUp * partitions.getAsInt() + 1)) {
      log.debug("One more member for {}, of which {} are held up", source, heldUp);
      try {
        add(room);
      } catch (KafkaException e) {
        log.warn("The share group of {} could not be joined by one more member", source, e);
      }
    }
  }

  /** Whether a member that has nothing is not needed any more; the first one always is. */
  boolean dismisses(ShareMember member) {
    return member != members.get(0) && member.isIdle();
  }

  /** A member's thread ends. */
  void gone(ShareMember member) {
    members.remove(member);
    threads.remove(member);
    listener.recovered(member);
  }

  void disconnected(ShareMember member) {
    listener.failed(member, KafkaErrors.disconnected(source.toString(), address));
  }

  void failed(ShareMember member, Throwable error) {
    listener.failed(member, KafkaErrors.receiving(source.toString(), error));
  }

  void recovered(ShareMember member) {
    listener.recovered(member);
  }

  private synchronized void add(int batch) {
    ShareMember member = new ShareMember(this, sessions.apply(batch), () -> sessions.apply(batch));
    Thread thread = Threads.daemon("waybill-kafka-receive-" + source.name(), member);
    members.add(member);
    threads.put(member, thread);
    thread.start();
  }

  private void ring() {
    members.forEach(ShareMember::ring);
  }
}
