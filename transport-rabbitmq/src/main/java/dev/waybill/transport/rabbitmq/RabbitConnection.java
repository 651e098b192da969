package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two AMQP connections, for publishing and for consuming, and what runs on them. Administration
 * uses the consuming one, for the broker lets a blocked publisher's connection wait with
 * everything.
 */
final class RabbitConnection implements TransportConnection {
  /** For all of a close. */
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  /** What the links need of it where nothing is answered. */
  private static final Duration LINKS_LIMIT = Duration.ofSeconds(2);

  /** What takes longer ends with the connection. */
  private static final Duration RECEIVERS_LIMIT = Duration.ofMillis(2_500);

  /** With the answer to one call more, as long as {@link #prepare} may take. */
  private static final Duration PREPARE_LIMIT = Duration.ofSeconds(30).minus(RabbitLink.RPC_LIMIT);

  private static final Duration THREADS_LEAST = Duration.ofMillis(500);
  private static final Logger log = LoggerFactory.getLogger(RabbitConnection.class);

  private final RabbitSettings settings;
  private final RabbitThreads threads = new RabbitThreads();
  private final ExecutorService blocking = blocking(threads);
  private final RabbitLink publishing;
  private final RabbitLink consuming;
  private final Delays delays;
  private final RabbitPublisher publisher;
  private final Set<RabbitReceiver> receivers = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile String version = "unknown";
  private volatile @Nullable ReplyQueue replies;

  private RabbitConnection(RabbitSettings settings) {
    this.settings = settings;
    this.publishing = new RabbitLink(settings, "publish", threads);
    this.consuming = new RabbitLink(settings, "consume", threads);
    this.delays = new Delays(settings.delays(), this::administer, blocking);
    // whatever has ended the connection may have taken queues with it; told before who publishes
    publishing.add(delays);
    this.publisher = new RabbitPublisher(publishing, settings.partitions(), threads, delays);
  }

  static RabbitConnection open(RabbitSettings settings, Duration deadline) {
    long end = System.nanoTime() + deadline.toNanos();
    RabbitConnection made = new RabbitConnection(settings);
    try {
      made.consuming.open(deadline);
      made.publishing.open(Duration.ofNanos(Math.max(end - System.nanoTime(), 1)));
      made.version = version(made.liveConnection().getServerProperties());
      return made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  @Override
  public List<String> prepare(Topology topology, Topology.Mode mode) {
    delays.mode(mode);
    if (mode == Topology.Mode.ASSUME && topology.replies() == null) {
      return List.of();
    }
    replies = topology.replies();
    return patiently(administration -> administration.prepare(topology, mode));
  }

  @Override
  public Sender sender() {
    return publisher;
  }

  @Override
  public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
    if (maxUnsettled < 1) {
      throw new IllegalArgumentException("maxUnsettled is " + maxUnsettled + ", less than 1");
    }
    RabbitReceiver receiver =
        new RabbitReceiver(
            source,
            settings.partitions(),
            maxUnsettled,
            listener,
            consuming,
            publisher,
            new Reposts(
                publisher,
                RabbitLayout.queueName(source),
                source.keyed(),
                !settings.classic().has(source.name())),
            delays,
            threads,
            blocking,
            receivers::remove);
    receivers.add(receiver);
    if (closed.get()) {
      receiver.close();
      throw RabbitErrors.closed();
    }
    receiver.start();
    return receiver;
  }

  /**
   * The client's {@link Connection} for consuming, as it is now; it is another one after a
   * reconnection. A consumer on it is called by the thread that reads all messages, and must not
   * block.
   */
  @Override
  public <T> Optional<T> unwrap(Class<T> nativeType) {
    Connection current = consuming.connection();
    return nativeType.isInstance(current)
        ? Optional.of(nativeType.cast(current))
        : Optional.empty();
  }

  @Override
  public String brokerVersion() {
    return version;
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    long end = System.nanoTime() + CLOSE_LIMIT.toNanos();
    closeReceivers();
    deleteReplies(end - LINKS_LIMIT.toNanos());
    publisher.close();
    closeLinks();
    blocking.shutdownNow();
    Duration left = Duration.ofNanos(end - System.nanoTime());
    threads.awaitEnd(left.compareTo(THREADS_LEAST) < 0 ? THREADS_LEAST : left);
  }

  /** All at once, as each may have to wait for a broker that does not answer. */
  private void closeReceivers() {
    CompletableFuture<?>[] closing =
        receivers.stream()
            .map(receiver -> CompletableFuture.runAsync(receiver::close, blocking))
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(closing).get(RECEIVERS_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug(
          "Not all receivers were closed in order; their channels end with the connection", e);
    }
  }

  /** Both at once, as the receivers. */
  private void closeLinks() {
    CompletableFuture<Void> other = CompletableFuture.runAsync(publishing::close, blocking);
    consuming.close();
    other.join();
  }

  /** Once no receiver can declare it again; until {@link System#nanoTime} is {@code end}. */
  private void deleteReplies(long end) {
    ReplyQueue made = replies;
    Connection current = consuming.connection();
    if (made == null || current == null) {
      return;
    }
    try {
      CompletableFuture.runAsync(() -> ReplyQueues.delete(current, made), blocking)
          .get(Math.max(end - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug("RabbitMQ did not remove the {}; it will when it is unused", made, e);
    }
  }

  /**
   * Prepares again after errors that pass, for nothing of it changes what is there. A quorum queue
   * that the broker can't set up at once, be it slow or busy deleting its namesake, is one: it
   * answers with an internal error, and closes the connection.
   */
  private List<String> patiently(Function<RabbitTopology, List<String>> work) {
    long end = System.nanoTime() + PREPARE_LIMIT.toNanos();
    Backoff backoff = new Backoff();
    while (true) {
      try {
        return work.apply(new RabbitTopology(liveConnection(), settings));
      } catch (MessagingException e) {
        long millis = backoff.nextMillis();
        long left = end - System.nanoTime();
        if (!e.code().isTransient() || TimeUnit.MILLISECONDS.toNanos(millis) > left) {
          throw e;
        }
        log.info("{} Preparing again.", e.getMessage());
        pause(millis, e);
      }
    }
  }

  /** For delays, while the bus runs. */
  private void administer(Consumer<DelayTopology> work) {
    List<String> problems = patiently(administration -> administration.perform(work));
    if (!problems.isEmpty()) {
      throw new MessagingException(ErrorCode.BROKER_ERROR, String.join(" ", problems));
    }
  }

  private static void pause(long millis, MessagingException problem) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw problem;
    }
  }

  private static String version(Map<String, Object> serverProperties) {
    Object product = serverProperties.getOrDefault("product", "");
    Object version = serverProperties.getOrDefault("version", "");
    String both = (product + " " + version).strip();
    return both.isEmpty() ? "unknown" : both;
  }

  private Connection liveConnection() {
    if (closed.get()) {
      throw RabbitErrors.closed();
    }
    Connection current = consuming.connection();
    if (current == null) {
      throw new MessagingException(
          ErrorCode.CONNECTION_FAILED,
          "The connection to RabbitMQ at %s is lost, and not yet made again."
              .formatted(settings.hosts()));
    }
    return current;
  }

  /** Threads for what may block; kept for a second only, as they are seldom needed. */
  private static ExecutorService blocking(RabbitThreads threads) {
    return new ThreadPoolExecutor(
        0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), threads.named("call"));
  }
}
