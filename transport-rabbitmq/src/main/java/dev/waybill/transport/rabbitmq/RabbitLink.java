package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultSaslConfig;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.SocketConfigurators;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One AMQP connection that is made again, with a backoff, whenever it is lost, until closed. Each
 * one made is a new epoch: a new {@link Connection} object, on which nothing of the old one is
 * valid. The client's own recovery is off, because it reuses objects and numbers over epochs.
 */
final class RabbitLink {
  /**
   * Told of each connection and each loss, and of each other reason why there is none, in order, on
   * the link's thread; must not block.
   */
  interface Listener {
    void connected(Connection connection);

    void lost(MessagingException problem);
  }

  /** How long the broker may take for the answer to a declaration or the like. */
  static final Duration RPC_LIMIT = Duration.ofSeconds(10);

  /**
   * As much as any broker can be set to take (512 MiB). The client refuses a larger message by
   * ending the connection, and would do so again and again, for the message comes again.
   */
  private static final int LARGEST_MESSAGE = 512 * 1024 * 1024;

  /** For each of the hosts. */
  private static final Duration RECONNECT_LIMIT = Duration.ofSeconds(5);

  /**
   * Before a connection that ended by what can't be read, as the one before it did. Each time adds
   * an attempt to what the broker had sent behind that.
   */
  private static final Duration UNREADABLE_WAIT = Duration.ofMinutes(1);

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(1);
  private static final Logger log = LoggerFactory.getLogger(RabbitLink.class);

  private final RabbitSettings settings;
  private final String purpose;
  private final RabbitThreads threads;

  /**
   * Of the client's work at the end of a connection or channel, and ours. Never shut down, or the
   * client's reading thread, which may come with it when all else has ended, would die of being
   * refused; it keeps no idle thread.
   */
  private final ExecutorService ends;

  private final Mailbox mailbox;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final Backoff backoff = new Backoff();
  private volatile @Nullable Connection connection;
  private volatile @Nullable Socket socket;
  private volatile boolean closed;

  /** Why there is no connection; null as long as there is one, or was no try. */
  private volatile @Nullable MessagingException problem;

  /** Why the last try has failed; null after one that has not. Of the link's thread. */
  private @Nullable ErrorCode told;

  /** Whether the last connection ended by what can't be read. Of the link's thread. */
  private boolean unreadable;

  /** A link, not yet open. */
  RabbitLink(RabbitSettings settings, String purpose, RabbitThreads threads) {
    this.settings = settings;
    this.purpose = purpose;
    this.threads = threads;
    this.ends =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            0,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            threads.named("end-" + purpose));
    this.mailbox = new Mailbox(threads, "link-" + purpose);
  }

  /** Another one to the same broker, not yet open. */
  RabbitLink another(String anotherPurpose) {
    return new RabbitLink(settings, anotherPurpose, threads);
  }

  /** Makes the first connection, within {@code limit}. */
  void open(Duration limit) {
    CompletableFuture<Boolean> first = new CompletableFuture<>();
    mailbox.tell(
        () -> {
          try {
            connect(limit);
            first.complete(true);
          } catch (RuntimeException | Error e) { // told to who waits
            first.completeExceptionally(e);
          }
        });
    try {
      first.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof MessagingException problem
          ? problem
          : RabbitErrors.connecting(settings, limit, e);
    } catch (TimeoutException e) {
      throw RabbitErrors.notAnswered(settings, limit, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RabbitErrors.problem("Connecting to RabbitMQ was interrupted", e);
    }
  }

  /** The connection, if there is one now. */
  @Nullable Connection connection() {
    Connection current = connection;
    return current != null && current.isOpen() ? current : null;
  }

  /** Why there is no connection, in a sentence; null if there is one, or none was tried. */
  @Nullable String problem() {
    MessagingException known = problem;
    return known == null ? null : known.getMessage();
  }

  /** Sends what was {@linkplain GatheringSocket#gather gathered} on the present connection. */
  void flush() throws IOException {
    Socket current = socket;
    if (current != null) {
      current.getOutputStream().flush();
    }
  }

  /** Tells {@code listener} of the present connection, if any, and of all changes. */
  void add(Listener listener) {
    mailbox.tell(
        () -> {
          listeners.add(listener);
          Connection current = connection();
          if (current != null) {
            listener.connected(current);
          }
        });
  }

  /** Tells {@code listener} nothing more, soon; also one that is still to be added. */
  void remove(Listener listener) {
    mailbox.tell(() -> listeners.remove(listener));
  }

  /** Makes the first connection soon, or tries until closed. */
  void begin() {
    mailbox.tell(this::reconnect);
  }

  /**
   * Gives up a connection on which something went wrong that leaves its state unclear. Its socket
   * is closed if the broker does not answer: it may have stopped reading, and to say that it is the
   * end is a write, too.
   */
  void discard(Connection broken) {
    Socket last = socket; // read first: it may be the next connection's a moment later
    Socket its = broken == connection ? last : null;
    Runnable unused = mailbox.tellLater(2 * CLOSE_LIMIT.toMillis(), () -> close(its));
    ends.execute(() -> broken.abort((int) CLOSE_LIMIT.toMillis()));
  }

  /** Gives up a channel that nothing is pending on. */
  void discard(Channel unused) {
    ends.execute(() -> Channels.end(unused));
  }

  /**
   * Ends the connection and the attempts to make one; blocks about a second at most, and another
   * for the client to tell those who wait for an answer by it.
   */
  void close() {
    closed = true;
    Connection current = connection;
    CompletableFuture<Void> told = new CompletableFuture<>();
    if (current != null) {
      current.addShutdownListener(signal -> told.complete(null));
      await(ends.submit(() -> current.abort((int) CLOSE_LIMIT.toMillis())));
    }
    mailbox.close();
    close(socket);
    if (current != null) {
      await(told);
    }
  }

  private static void await(Future<?> work) {
    try {
      work.get(CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.debug("The end of the connection takes longer than it may", e);
    }
  }

  /** Also ends a connect or handshake that is going on, and a write that is stuck. */
  private static void close(@Nullable Socket socket) {
    if (socket != null && !socket.isClosed()) {
      try {
        socket.setSoLinger(true, 0); // or TLS waits for the write that is stuck
        socket.close();
      } catch (IOException e) {
        log.debug("Closing the socket failed", e);
      }
    }
  }

  private void connect(Duration limit) {
    ConnectionFactory factory = factory(limit);
    Connection made;
    try {
      made =
          factory.newConnection(new DirectExecutor(), settings.addresses(), "waybill-" + purpose);
    } catch (IOException | TimeoutException | RuntimeException e) {
      throw RabbitErrors.connecting(settings, limit, e);
    }
    connection = made;
    problem = null;
    if (closed) {
      made.abort((int) CLOSE_LIMIT.toMillis());
      return;
    }
    backoff.succeeded();
    told = null;
    made.addShutdownListener(signal -> mailbox.tell(() -> lost(made, signal)));
    listeners.forEach(listener -> listener.connected(made));
  }

  private void lost(Connection old, ShutdownSignalException signal) {
    if (closed || connection != old) {
      return;
    }
    MessagingException loss = RabbitErrors.lost(settings, signal);
    problem = loss;
    connection = null;
    log.warn("{} Connecting again ({}).", loss.getMessage(), purpose);
    listeners.forEach(listener -> listener.lost(loss));
    boolean again = unreadable;
    unreadable = RabbitErrors.isUnreadable(signal);
    if (again && unreadable) {
      Runnable unused = mailbox.tellLater(UNREADABLE_WAIT.toMillis(), this::reconnect);
    } else {
      reconnectLater();
    }
  }

  private void reconnectLater() {
    Runnable unused = mailbox.tellLater(backoff.nextMillis(), this::reconnect);
  }

  private void reconnect() {
    if (closed) {
      return;
    }
    try {
      connect(RECONNECT_LIMIT.multipliedBy(hosts()));
      log.info("Connected to RabbitMQ at {} again ({}).", settings.hosts(), purpose);
    } catch (RuntimeException | Error e) { // whatever it is must not be the last try
      MessagingException failure =
          e instanceof MessagingException known
              ? known
              : RabbitErrors.problem("Connecting to RabbitMQ failed", e);
      problem = failure;
      if (failure.code() != told && !closed) {
        told = failure.code();
        log.warn("{} Trying until closed ({}).", failure.getMessage(), purpose);
        listeners.forEach(listener -> listener.lost(failure));
      }
      reconnectLater();
    }
  }

  private ConnectionFactory factory(Duration limit) {
    int millis = (int) Math.min(Math.max(limit.toMillis(), 1), Integer.MAX_VALUE / 2);
    ConnectionFactory factory = new DirectFactory();
    factory.setAutomaticRecoveryEnabled(false);
    factory.setTopologyRecoveryEnabled(false);
    if (settings.login().isByCertificate()) {
      factory.setSaslConfig(DefaultSaslConfig.EXTERNAL);
    } else {
      RabbitCredentials credentials = settings.login().credentials();
      factory.setUsername(credentials.user());
      factory.setPassword(credentials.password());
    }
    factory.setVirtualHost(settings.virtualHost());
    factory.setRequestedHeartbeat((int) settings.heartbeat().toSeconds());
    // a host that takes the connection and says nothing must leave time for the next one
    int each = Math.max(millis / hosts(), 1);
    factory.setConnectionTimeout(each);
    factory.setHandshakeTimeout(each);
    factory.setChannelRpcTimeout((int) RPC_LIMIT.toMillis());
    factory.setMaxInboundMessageBodySize(LARGEST_MESSAGE);
    factory.setThreadFactory(threads);
    factory.setShutdownExecutor(ends);
    factory.setExceptionHandler(new QuietExceptionHandler());
    factory.setSocketConfigurator(
        SocketConfigurators.defaultConfigurator().andThen(this::remember));
    RabbitSettings.Encryption tls = settings.tls();
    if (tls == null) {
      factory.setSocketFactory(new GatheringSocket.Factory());
    } else {
      factory.useSslProtocol(context(tls));
      factory.enableHostnameVerification();
    }
    return factory;
  }

  private int hosts() {
    return Hosts.count(settings.addresses(), InetAddress::getAllByName);
  }

  private void remember(Socket made) throws IOException {
    socket = made;
    if (closed) {
      throw new IOException("closed while connecting");
    }
  }

  private static SSLContext context(RabbitSettings.Encryption tls) {
    try {
      return tls.context();
    } catch (GeneralSecurityException e) {
      throw new MessagingException(ErrorCode.CONFIGURATION, String.valueOf(e.getMessage()), e);
    }
  }
}
