package dev.waybill.testkit.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy on 127.0.0.1 that stands for the network between a client and a broker, and breaks as
 * networks do. It hands through until a fault is set; faults last until {@link #heal()} and act on
 * existing and new connections alike.
 *
 * <p>The port is known before the target, because Kafka and SQS tell their clients where to
 * connect:
 *
 * <pre>{@code
 * FaultProxy proxy = FaultProxy.open();
 * KafkaTestBroker broker = KafkaTestBroker.builder().advertisedPort(proxy.port()).start();
 * proxy.forwardTo(broker.port());
 * }</pre>
 *
 * <p>A connection to a broker that is down is accepted and then reset. All methods may be called
 * from any thread.
 */
public final class FaultProxy implements AutoCloseable {

  private static final int BIND_ATTEMPTS = 5;
  private static final int JOIN_MILLIS = 100;

  private final ProxyFaults faults = new ProxyFaults();
  private final Set<ProxyLink> links = ConcurrentHashMap.newKeySet();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final int port;
  private volatile int target;
  private @Nullable ServerSocket server;
  private @Nullable Thread acceptor;

  private FaultProxy(ServerSocket server) {
    this.port = server.getLocalPort();
    accept(server);
  }

  /** A direction in which bytes go through the proxy. */
  public enum Direction {
    /** What the client sends. */
    TO_BROKER,
    /** What the broker answers. */
    TO_CLIENT
  }

  /**
   * Opens a proxy on a free port. Until {@link #forwardTo} it resets each connection.
   *
   * @return the proxy
   * @throws BrokerUnavailableException if there is no free port
   */
  public static FaultProxy open() {
    for (int attempt = 1; ; attempt++) {
      try {
        return new FaultProxy(Loopback.listen(FreePorts.next()));
      } catch (IOException e) {
        if (attempt == BIND_ATTEMPTS) {
          throw new BrokerUnavailableException("No port stayed free for a proxy", e);
        }
      }
    }
  }

  /**
   * Sends new connections to this port of 127.0.0.1.
   *
   * @param port the broker's port
   * @return this
   */
  public FaultProxy forwardTo(int port) {
    target = port;
    return this;
  }

  /**
   * The port for clients.
   *
   * @return a port of 127.0.0.1
   */
  public int port() {
    return port;
  }

  /**
   * How many connections clients have made, since it was opened.
   *
   * @return those that are lost included
   */
  public int accepted() {
    return accepted.get();
  }

  /**
   * An address that leads through this proxy.
   *
   * @param uri the address of a broker, with a port
   * @return the same with this proxy's port
   */
  public String through(String uri) {
    URI address = URI.create(uri);
    String authority = address.getRawAuthority();
    String ownPort = ":" + address.getPort();
    if (authority == null || !authority.endsWith(ownPort)) {
      throw new IllegalArgumentException("'" + uri + "' has no port to replace");
    }
    String host = authority.substring(0, authority.length() - ownPort.length());
    return uri.replace("//" + authority, "//" + host + ":" + port);
  }

  /**
   * Delays what goes through, in both directions. Bytes that arrive while others are delayed follow
   * together, delayed once more.
   *
   * @param delay how long each way takes
   */
  public void delay(Duration delay) {
    faults.delay(delay);
  }

  /** Lets nothing through in either direction; connections stay open. */
  public void hold() {
    faults.hold(Direction.TO_BROKER);
    faults.hold(Direction.TO_CLIENT);
  }

  /**
   * Lets nothing through in one direction; connections stay open. What was held goes on after
   * {@link #heal()}; after {@link #reset()} it is lost: so the answer to a request is lost.
   *
   * @param direction the direction that is held
   */
  public void hold(Direction direction) {
    faults.hold(direction);
  }

  /** Resets all connections (RST); new ones are accepted. */
  public void reset() {
    links.forEach(ProxyLink::reset);
  }

  /**
   * Resets one connection, once: that on which the byte after the next {@code count} goes through
   * in this direction, all connections counted together.
   *
   * @param direction the direction in which bytes count
   * @param count the bytes that still go through
   */
  public void cutAfter(Direction direction, long count) {
    faults.cutAfter(direction, count);
  }

  /** Refuses new connections; existing ones stay. */
  public synchronized void refuse() {
    if (server == null || acceptor == null) {
      return;
    }
    try {
      server.close();
      acceptor.join(); // the port stays open as long as a thread accepts at it
      server = null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends all faults. Connections that were reset stay so. */
  public synchronized void heal() {
    faults.heal();
    if (server == null) {
      try {
        accept(Loopback.listen(port));
      } catch (IOException e) {
        throw new BrokerUnavailableException("Port " + port + " was taken while it refused", e);
      }
    }
  }

  /** Resets all connections, refuses new ones and ends the proxy's threads. */
  @Override
  public void close() {
    refuse();
    faults.heal();
    try {
      while (!threads.isEmpty()) {
        reset();
        for (Thread thread : threads) {
          thread.join(JOIN_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void accept(ServerSocket listening) {
    server = listening;
    acceptor = run(() -> connectEach(listening));
  }

  private void connectEach(ServerSocket listening) {
    while (!listening.isClosed()) {
      try {
        ProxyLink link = new ProxyLink(listening.accept(), faults, links::remove);
        accepted.incrementAndGet();
        links.add(link);
        run(() -> connect(link));
      } catch (IOException e) {
        if (!listening.isClosed()) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private void connect(ProxyLink link) {
    try {
      link.connect(target);
      run(link::pumpToClient);
      link.pumpToBroker();
    } catch (IOException e) {
      link.reset(); // so the client learns that the broker is down
    }
  }

  private Thread run(Runnable task) {
    Thread thread = new Thread(() -> runTracked(task), "waybill-fault-proxy");
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
    return thread;
  }

  private void runTracked(Runnable task) {
    try {
      task.run();
    } finally {
      threads.remove(Thread.currentThread());
    }
  }
}
