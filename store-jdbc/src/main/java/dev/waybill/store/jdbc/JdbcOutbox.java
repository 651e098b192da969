package dev.waybill.store.jdbc;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.Outbox;
import dev.waybill.delivery.TransactionalMessageStore;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Sender.Addressed;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The outbox of a {@link JdbcStore}: what is sent through it is a row of the caller's transaction,
 * and leaves after its commit, also if the broker is away for long, or the process ends.
 *
 * <p>Handlers of a consumer with the store need nothing of this: what they send through their
 * context is kept here. Outside of handlers:
 *
 * <pre>{@code
 * try (Connection connection = dataSource.getConnection()) {
 *   connection.setAutoCommit(false);
 *   // the application's own writes
 *   store.outbox().send(connection, new ProcessPayment("o-1", 995));
 *   connection.commit();
 * }
 * }</pre>
 *
 * <p>A message that the broker refuses is tried again after waits that grow from a second to five
 * minutes, and the later ones of its key wait behind it. After twenty refusals it is set aside,
 * with the reason, into {@code waybill_outbox_set_aside}, and those behind it go on. While the
 * broker is away nothing counts.
 *
 * <p>The messages are one owner's: a bus's name and its transport's ({@code shop@kafka}), or what
 * {@link JdbcStore.Builder#owner} says. Several owners may share the tables; each one's buses send
 * what is its own, and nothing else.
 *
 * <p>Thread-safe.
 */
public final class JdbcOutbox implements Outbox {
  private static final RunningOutboxes RUNNING = new RunningOutboxes();

  private final DataSource dataSource;
  private final Dialect dialect;
  private final Duration lease;
  private final String place;
  private final @Nullable String given;

  /** Of the owner, once that is known; also after its bus has been closed, for late handlers. */
  private volatile @Nullable OutboxTable table;

  private volatile @Nullable Relay relay;
  private volatile @Nullable OutboxDispatcher dispatcher;

  JdbcOutbox(
      DataSource dataSource,
      Dialect dialect,
      Duration lease,
      String place,
      @Nullable String owner) {
    this.place = place;
    this.lease = lease;
    this.dataSource = dataSource;
    this.dialect = dialect;
    this.given = owner;
    this.table = owner == null ? null : new OutboxTable(dialect, owner);
  }

  /**
   * Keeps a command, to be sent when the connection's transaction is committed.
   *
   * @return the message's id
   * @throws MessagingException if it has no route, the verb does not fit, the transport or (with
   *     code {@code INVALID_MESSAGE}) the database would not take it, or (with code {@code
   *     STORE_FAILED}) it could not be written
   * @throws IllegalStateException if no running bus has this outbox, or the connection is in
   *     autocommit mode
   */
  public String send(Connection connection, Command<?> command) {
    return keep(connection, command);
  }

  /** Keeps a plain payload as a command; see {@link #send(Connection, Command)}. */
  public String send(Connection connection, Record command) {
    return keep(connection, Command.of(command));
  }

  /** Keeps an event; see {@link #send(Connection, Command)}. */
  public String publish(Connection connection, Event<?> event) {
    return keep(connection, event);
  }

  /** Keeps a plain payload as an event; see {@link #send(Connection, Command)}. */
  public String publish(Connection connection, Record event) {
    return keep(connection, Event.of(event));
  }

  /** Keeps a document; see {@link #send(Connection, Command)}. */
  public String transfer(Connection connection, Document<?> document) {
    return keep(connection, document);
  }

  /** Keeps a plain payload as a document; see {@link #send(Connection, Command)}. */
  public String transfer(Connection connection, Record document) {
    return keep(connection, Document.of(document));
  }

  private String keep(Connection connection, Envelope<?> envelope) {
    Relay bus = relay;
    if (bus == null) {
      throw new IllegalStateException(
          "no running bus has this outbox, whose routes it needs: add .outbox(…) where the bus is built, and start it first");
    }
    Addressed message = bus.ready(envelope);
    try {
      Transactions.requireOne(connection);
      keep(connection, List.of(message));
    } catch (SQLException e) {
      throw Failures.notKept(e);
    }
    return Objects.requireNonNull(message.message().id());
  }

  void keep(Connection connection, List<Addressed> messages) throws SQLException {
    if (!messages.isEmpty()) {
      own().insert(connection, messages);
    }
  }

  private OutboxTable own() {
    OutboxTable its = table;
    if (its == null) {
      throw new IllegalStateException(
          "no bus has had this outbox, so that nobody knows whose the messages are: start the bus first, or give the JdbcStore an owner(…)");
    }
    return its;
  }

  /**
   * Puts all messages of this outbox's owner back that were set aside, to be tried as if they were
   * new.
   *
   * @return how many
   * @throws IllegalStateException if no bus has had this outbox, and its owner was not given
   */
  public int retrySetAside() {
    OutboxTable its = own();
    try (Connection connection = dataSource.getConnection()) {
      boolean before = connection.getAutoCommit();
      connection.setAutoCommit(false);
      boolean committed = false;
      try {
        int count = its.takeBack(connection);
        connection.commit();
        committed = true;
        wake();
        return count;
      } finally {
        Transactions.end(connection, committed, before);
      }
    } catch (SQLException e) {
      throw Failures.failed("take back what was set aside", e);
    }
  }

  /** Something was committed. */
  void wake() {
    OutboxDispatcher running = dispatcher;
    if (running != null) {
      running.wake();
    }
  }

  /**
   * So does that of another {@link JdbcStore} over the same data source, if both were given the
   * same owner.
   */
  @Override
  public boolean keepsFor(TransactionalMessageStore store) {
    return store instanceof JdbcStore other
        && (other.outbox() == this
            || (given != null
                && given.equals(other.outbox().given)
                && other.outbox().dataSource == dataSource));
  }

  @Override
  public boolean hasOwner() {
    return given != null;
  }

  @Override
  public synchronized Dispatch start(Relay relay) {
    if (this.relay != null) {
      throw new MessagingException(
          ErrorCode.CONFIGURATION,
          "this outbox is another running bus's: give each bus a JdbcStore of its own, and a name of its own by named(…) unless they are instances of one application on one broker");
    }
    String owner = given == null ? relay.owner() : given;
    if (given == null) {
      RUNNING.add(this, dataSource, owner, relay.address());
    }
    OutboxTable its = new OutboxTable(dialect, owner);
    OutboxDispatcher started =
        new OutboxDispatcher(dataSource, its, new OutboxShards(dialect, owner), relay, lease);
    this.table = its;
    this.relay = relay;
    this.dispatcher = started;
    started.start();
    return new Running(started);
  }

  /** Unless another bus has it meanwhile. */
  private synchronized void ended(OutboxDispatcher one) {
    if (dispatcher == one) {
      RUNNING.remove(this);
      relay = null;
      dispatcher = null;
    }
  }

  private final class Running implements Dispatch {
    private final OutboxDispatcher started;

    Running(OutboxDispatcher started) {
      this.started = started;
    }

    @Override
    public Status status() {
      return started.status();
    }

    @Override
    public void close() {
      started.close();
      ended(started);
    }
  }

  /** What it is, for people. */
  @Override
  public String toString() {
    return "the table waybill_outbox of " + place;
  }
}
