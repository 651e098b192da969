package dev.waybill.transport.inmemory;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.WireMessage;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A message broker within this JVM. Buses over transports of one broker share its queues and
 * topics.
 *
 * <p>Messages are kept in the heap until they are accepted, without a bound, and end with the
 * broker: it has no thread and nothing to close, and is garbage once no transport, connection or
 * caller has it. Queues and topics are made by {@link dev.waybill.transport.Topology.Mode#CREATE}
 * and never deleted, but for reply queues, which end with their connection.
 *
 * <p>The methods for looking inside are exact at the moment of the call, but for {@link
 * #movements}. Thread-safe.
 */
public final class InMemoryBroker {
  private static final Map<String, WeakReference<InMemoryBroker>> BY_NAME = new HashMap<>();

  private final @Nullable String name;
  private final Ticker ticker;
  private final Faults faults = new Faults(this);
  private final Map<String, MessageQueue> queues = new ConcurrentHashMap<>();
  private final Map<String, MemoryTopic> topics = new ConcurrentHashMap<>();

  /** Those of queues that are gone. */
  private final AtomicLong movements = new AtomicLong();

  private InMemoryBroker(@Nullable String name, Ticker ticker) {
    this.name = name;
    this.ticker = ticker;
  }

  /** A new, empty broker that nobody else has, in real time. */
  public static InMemoryBroker create() {
    return new InMemoryBroker(null, Ticker.system());
  }

  /**
   * A new, empty broker that nobody else has, whose delays, retry waits and leases end only when
   * {@code clock} is {@linkplain VirtualClock#advance advanced}. The clock keeps the broker.
   */
  public static InMemoryBroker create(VirtualClock clock) {
    InMemoryBroker broker = new InMemoryBroker(null, clock.ticker());
    clock.drive(broker);
    return broker;
  }

  /**
   * The broker of this name in this JVM (more exactly, of this class's class loader), in real time;
   * it is made if there is none. The same one as of the URI {@code memory:name}. The name is held
   * weakly: once nothing else has the broker, it is gone with its messages, and the next call makes
   * a new one.
   *
   * @param name made like a channel's name, see {@link Channel}
   * @throws ConfigurationException if the name is not legal
   */
  public static InMemoryBroker named(String name) {
    if (!Channel.isLegalName(name)) {
      throw new ConfigurationException(
          List.of(
              "'%s' can't be the name of an in-memory broker: use up to %d letters, digits, '.', '_' and '-'."
                  .formatted(name, Channel.MAX_NAME_LENGTH)));
    }
    synchronized (BY_NAME) {
      WeakReference<InMemoryBroker> reference = BY_NAME.get(name);
      InMemoryBroker broker = reference == null ? null : reference.get();
      if (broker == null) {
        broker = new InMemoryBroker(name, Ticker.system());
        forgetLost();
        BY_NAME.put(name, new WeakReference<>(broker));
      }
      return broker;
    }
  }

  /** A transport to this broker, with the defaults of {@link InMemoryTransport.Builder}. */
  public InMemoryTransport transport() {
    return InMemoryTransport.builder().broker(this).build();
  }

  /** Makes the broker fail on purpose; always the same. */
  public Faults faults() {
    return faults;
  }

  /** The names of all queues, dead-letter queues included, and of all subscriptions; a copy. */
  public SortedSet<String> sources() {
    return new TreeSet<>(queues.keySet());
  }

  /**
   * How many messages a queue or subscription has: ready, waiting and unsettled.
   *
   * @param source the name of a queue, or {@code <topic>.<subscription>}
   * @throws MessagingException with {@link ErrorCode#NOT_FOUND} if there is none of this name
   */
  public int size(String source) {
    return existing(source).size();
  }

  /**
   * How many of a source's messages are handed out and not settled.
   *
   * @throws MessagingException with {@link ErrorCode#NOT_FOUND} if there is no source of this name
   */
  public int unsettled(String source) {
    return existing(source).open();
  }

  /**
   * How many of a source's messages wait for their time: sent with a delay, or released for a later
   * attempt.
   *
   * @throws MessagingException with {@link ErrorCode#NOT_FOUND} if there is no source of this name
   */
  public int waiting(String source) {
    return existing(source).waiting();
  }

  /**
   * All messages of a source, wherever they are, in their order; those whose delay is not over come
   * last. Looking changes nothing. Costs time in proportion to their number.
   *
   * @throws MessagingException with {@link ErrorCode#NOT_FOUND} if there is no source of this name
   */
  public List<WireMessage> messages(String source) {
    return existing(source).messages();
  }

  /**
   * How often a message has been stored, handed out or settled. As long as it stays the same,
   * nothing moves.
   */
  public long movements() {
    return movements.get() + queues.values().stream().mapToLong(MessageQueue::movements).sum();
  }

  /** Whether every receiver has been handed all that it takes at the moment. */
  public boolean isHandedOver() {
    return queues.values().stream().allMatch(MessageQueue::isHandedOver);
  }

  /** The broker's URI. */
  @Override
  public String toString() {
    return "memory:" + (name == null ? "" : name);
  }

  /** How many named brokers there are. */
  static int namesInUse() {
    synchronized (BY_NAME) {
      forgetLost();
      return BY_NAME.size();
    }
  }

  private static void forgetLost() {
    BY_NAME.values().removeIf(reference -> reference.get() == null);
  }

  Ticker ticker() {
    return ticker;
  }

  /** A queue's or subscription's messages by its name, or null. */
  @Nullable MessageQueue queue(String source) {
    return queues.get(source);
  }

  /** The topic of a name, or null. */
  @Nullable MemoryTopic topic(String topic) {
    return topics.get(topic);
  }

  /** The queue of a source's name; made if there is none. */
  MessageQueue makeQueue(Source source) {
    return queues.computeIfAbsent(source.name(), unused -> newQueue(source));
  }

  /** The topic of a name; made if there is none. */
  MemoryTopic makeTopic(Topic topic) {
    return topics.computeIfAbsent(topic.name(), unused -> new MemoryTopic(topic));
  }

  /** What messages to a channel go to, or null if there is no such channel. */
  @Nullable Destination destination(Channel channel) {
    return channel instanceof Topic ? topics.get(channel.name()) : queues.get(channel.name());
  }

  /** Forgets a reply queue with its messages. */
  void remove(ReplyQueue replies) {
    MessageQueue removed = queues.remove(replies.name());
    if (removed != null) {
      movements.addAndGet(removed.movements());
    }
  }

  /** All receivers lose their connections. */
  void disconnect() {
    queues.values().forEach(MessageQueue::disconnect);
  }

  /** All receivers may make their connections again. */
  void reconnect() {
    queues.values().forEach(MessageQueue::reconnect);
  }

  /** When something becomes due next, or {@link Ticker#NEVER}. */
  long nextDue() {
    return queues.values().stream().mapToLong(MessageQueue::nextDue).min().orElse(Ticker.NEVER);
  }

  /** Does what is due now. */
  void doWhatIsDue() {
    queues.values().forEach(MessageQueue::doWhatIsDue);
  }

  /** See {@link MessageQueue#awaitHandedOver}. */
  boolean awaitHandedOver(long deadline) throws InterruptedException {
    for (MessageQueue queue : queues.values()) {
      if (!queue.awaitHandedOver(deadline)) {
        return false;
      }
    }
    return true;
  }

  private MessageQueue newQueue(Source source) {
    MessageQueue queue = new MessageQueue(source, this, ticker);
    if (source instanceof Subscription subscription) {
      makeTopic(subscription.topic()).add(queue);
    }
    return queue;
  }

  private MessageQueue existing(String source) {
    MessageQueue queue = queues.get(source);
    if (queue == null) {
      throw new MessagingException(
          ErrorCode.NOT_FOUND,
          "The in-memory broker has no queue or subscription '%s'; it has %s."
              .formatted(source, sources()));
    }
    return queue;
  }
}
