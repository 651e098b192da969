package dev.waybill.store.jdbc;

import dev.waybill.delivery.TransactionalMessageStore;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Topology;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store of messages in an application's database (PostgreSQL or H2): remembers what was handled,
 * and has the {@link #outbox} for what is to be sent.
 *
 * <pre>{@code
 * JdbcStore store = JdbcStore.over(dataSource).build();
 *
 * MessageBus.over(transport)
 *     .routes(routes)
 *     .named("shop")
 *     .outbox(store.outbox())
 *     .consume("payments", c -> c
 *         .onCommand(ProcessPayment.class, (command, context) -> {
 *           Connection database = context.transaction(Connection.class);
 *           // writes through it, context.publish(…): committed together, or not at all
 *         })
 *         .guarantee(EXACTLY_ONCE)
 *         .idempotent(store))
 *     .start();
 * }</pre>
 *
 * <p>A handler has a connection from its beginning to the commit, and each claim, renewal and batch
 * of the outbox needs one for a moment: give a pool two more than the consumers' concurrency
 * together. The data source is the application's, and not closed here. Transactions have the
 * database's default isolation, or that of the connections.
 *
 * <p>Thread-safe.
 */
public final class JdbcStore implements TransactionalMessageStore {
  private static final Logger LOG = LoggerFactory.getLogger(JdbcStore.class);
  private static final Duration CLEANED_EVERY = Duration.ofMinutes(1);
  private static final int CLEANINGS_AT_A_TIME = 50;

  private final DataSource dataSource;
  private final TransactionRunner transactions;
  private final Duration lease;
  private final Duration retention;
  private final ProcessedTable processed;
  private final JdbcOutbox outbox;
  private final String place;
  private final AtomicLong nextCleaning = new AtomicLong(System.nanoTime());

  private JdbcStore(Builder builder, Dialect dialect, String place) {
    this.dataSource = builder.dataSource;
    this.lease = builder.lease;
    this.retention = builder.retention;
    TransactionRunner given = builder.transactions;
    this.transactions = given == null ? TransactionRunner.over(dataSource) : given;
    this.processed = new ProcessedTable(dialect, lease, retention);
    this.place = place;
    this.outbox = new JdbcOutbox(dataSource, dialect, lease, place, builder.owner);
  }

  /** Begins to describe a store in a database. */
  public static Builder over(DataSource dataSource) {
    return new Builder(Objects.requireNonNull(dataSource, "dataSource"));
  }

  /**
   * What handlers with this store send is kept there; a bus has to be given it. Always the same.
   */
  public JdbcOutbox outbox() {
    return outbox;
  }

  @Override
  public Answer claim(String source, String messageId) {
    cleanIfDue();
    return call("claim a message", connection -> processed.claim(connection, source, messageId));
  }

  @Override
  public boolean renew(Claim claim) {
    return call("renew a claim", connection -> processed.renew(connection, claim));
  }

  @Override
  public boolean complete(Claim claim) {
    return call("mark a message", connection -> processed.complete(connection, claim));
  }

  @Override
  public void release(Claim claim) {
    call(
        "release a claim",
        connection -> {
          processed.release(connection, claim);
          return true;
        });
  }

  @Override
  public boolean complete(Claim claim, Handling handling) throws Exception {
    Completion completion = new Completion(claim, handling);
    try {
      transactions.run(completion);
    } catch (Exception e) {
      if (completion.lost) {
        return false;
      }
      if (completion.failed) {
        throw e;
      }
      if (!completion.begun || Failures.mayPass(e)) {
        throw Failures.failed("commit what came of a message", e);
      }
      if (!completion.done || !isMarked(claim)) {
        throw e;
      }
      LOG.warn("{} was committed, after which the TransactionRunner failed", claim.messageId(), e);
    }
    if (!completion.done) {
      throw new MessagingException(
          ErrorCode.STORE_FAILED,
          "the TransactionRunner returned, but its transaction did not come to its end: it has to run the work, and to throw what that throws");
    }
    if (completion.sends) {
      outbox.wake();
    }
    return true;
  }

  /** What fails after the commit is no failure of the message's. */
  private boolean isMarked(Claim claim) {
    return call("look for a mark", connection -> processed.isMarked(connection, claim));
  }

  /** Where it is, for people. */
  @Override
  public String toString() {
    return "the store in " + place;
  }

  @Override
  public Duration lease() {
    return lease;
  }

  @Override
  public Duration retention() {
    return retention;
  }

  /** A handling, what it sends, and the mark; whatever a runner makes of exceptions. */
  private final class Completion implements TransactionRunner.Work {
    private final Claim claim;
    private final Handling handling;
    private boolean begun;
    private boolean failed;
    private boolean lost;
    private boolean done;
    private boolean sends;

    Completion(Claim claim, Handling handling) {
      this.claim = claim;
      this.handling = handling;
    }

    @Override
    public void run(Connection connection) throws Exception {
      Transactions.requireOne(connection);
      begun = true;
      List<Addressed> messages = handle(connection);
      outbox.keep(connection, messages);
      sends = !messages.isEmpty();
      // last, so that its row is not locked while the handler runs
      if (!processed.complete(connection, claim)) {
        lost = true;
        throw new MessagingException(
            ErrorCode.STORE_FAILED, "the claim of " + claim.messageId() + " is not held any more");
      }
      done = true;
    }

    private List<Addressed> handle(Connection connection) throws Exception {
      Connection its = HandlerConnection.of(connection);
      failed = true;
      try {
        List<Addressed> messages = handling.handle(new JdbcTransaction(its));
        failed = false;
        return messages;
      } finally {
        HandlerConnection.end(its);
      }
    }
  }

  private record JdbcTransaction(Connection connection) implements Transaction {
    @Override
    public <T> Optional<T> unwrap(Class<T> type) {
      return type.isInstance(connection) ? Optional.of(type.cast(connection)) : Optional.empty();
    }
  }

  /** One of those who claim has to do it. */
  private void cleanIfDue() {
    long due = nextCleaning.get();
    long now = System.nanoTime();
    if (now - due < 0 || !nextCleaning.compareAndSet(due, now + CLEANED_EVERY.toNanos())) {
      return;
    }
    try {
      for (int i = 0; i < CLEANINGS_AT_A_TIME && call("clean", processed::clean); i++) {
        // some more
      }
    } catch (MessagingException e) { // the next may succeed; nothing depends on it
      LOG.warn("Handled messages whose retention is over could not be removed", e);
    }
  }

  private interface Call<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> T call(String what, Call<T> call) {
    try (Connection connection = dataSource.getConnection()) {
      boolean before = connection.getAutoCommit();
      if (!before) {
        connection.setAutoCommit(true);
      }
      try {
        return call.on(connection);
      } finally {
        if (!before) {
          connection.setAutoCommit(false);
        }
      }
    } catch (SQLException e) {
      throw Failures.failed(what, e);
    }
  }

  /**
   * Describes a store. Not thread-safe.
   *
   * <p>Defaults: claims of 30 s, a retention of 14 days, tables are made, transactions of the
   * store's own, an outbox that is owned by the bus's name and its transport's.
   */
  public static final class Builder {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final DataSource dataSource;
    private Duration lease = Duration.ofSeconds(30);
    private Duration retention = Duration.ofDays(14);
    private Topology.Mode mode = Topology.Mode.CREATE;
    private @Nullable TransactionRunner transactions;
    private @Nullable String owner;

    private Builder(DataSource dataSource) {
      this.dataSource = dataSource;
    }

    /**
     * How long a claim is held without renewal, and so how long a message waits at most for the
     * next instance when the one that handled it, or was sending it from the outbox, has died; at
     * least a millisecond, at most 36,500 days.
     */
    public Builder lease(Duration lease) {
      this.lease = positive("lease", lease);
      return this;
    }

    /** How long a handled message is remembered; at least a millisecond, at most 36,500 days. */
    public Builder retention(Duration retention) {
      this.retention = positive("retention", retention);
      return this;
    }

    /**
     * Whether the tables are made where they are missing, checked, or believed to be there. Their
     * SQL is in {@code dev/waybill/store/jdbc/postgresql.sql} and {@code h2.sql}.
     */
    public Builder schema(Topology.Mode mode) {
      this.mode = Objects.requireNonNull(mode, "mode");
      return this;
    }

    /**
     * Whose messages the outbox has, in place of the bus's name and its transport's ({@code
     * shop@kafka}): the same for all instances of an application that send to one broker, another
     * for every other broker. Others in the same tables are left alone. Whoever changes it, or the
     * bus's name without it, leaves behind what is not sent yet.
     *
     * @param owner not empty
     */
    public Builder owner(String owner) {
      if (owner.isBlank()) {
        throw new IllegalArgumentException(
            "owner(\"%s\"): give a name, such as \"shop\".".formatted(owner));
      }
      this.owner = owner;
      return this;
    }

    /** How a handler is put into a transaction. */
    public Builder transactions(TransactionRunner runner) {
      this.transactions = Objects.requireNonNull(runner, "runner");
      return this;
    }

    /**
     * The store. Blocks while it looks at the database.
     *
     * @throws dev.waybill.error.ConfigurationException if the database is of another kind, or
     *     tables are missing
     * @throws MessagingException with code {@code STORE_FAILED} if it can't be asked
     */
    public JdbcStore build() {
      try (Connection connection = dataSource.getConnection()) {
        Dialect dialect = Dialect.of(connection);
        Schema.prepare(connection, dialect, mode);
        String place = connection.getCatalog() + "." + connection.getSchema();
        return new JdbcStore(this, dialect, place + " (" + dialect + ")");
      } catch (SQLException e) {
        throw Failures.failed("be prepared", e);
      }
    }

    private static Duration positive(String option, Duration duration) {
      if (duration.compareTo(SHORTEST) < 0) {
        throw new IllegalArgumentException(
            "%s(%s): give at least a millisecond.".formatted(option, duration));
      }
      if (duration.compareTo(LONGEST) > 0) { // databases' times end
        throw new IllegalArgumentException(
            "%s(%s): give at most %d days.".formatted(option, duration, LONGEST.toDays()));
      }
      return duration;
    }
  }
}
