package dev.waybill.store.jdbc;

import dev.waybill.Outbox;
import dev.waybill.store.jdbc.OutboxBatch.Unsent;
import dev.waybill.store.jdbc.OutboxShards.Lease;
import dev.waybill.store.jdbc.OutboxTable.Failure;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is kept: leases a shard, sends a batch of it, removes what is confirmed, gives the
 * shard back. One thread; instances share the shards.
 */
final class OutboxDispatcher implements Outbox.Dispatch, Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(OutboxDispatcher.class);

  /** How long a batch may begin sends, so that the shards take turns. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final int RENEWALS_PER_LEASE = 3;
  private static final OutboxTable.Batch BATCH = new OutboxTable.Batch(1_000, 8 << 20);

  /** While nothing gets through. */
  private static final OutboxTable.Batch PROBE = new OutboxTable.Batch(100, 1 << 20);

  private static final Duration IDLE = Duration.ofMillis(200);
  private static final Duration FIRST_WAIT = Duration.ofMillis(100);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

  /** Of a message, while nothing gets through. */
  private static final Duration UNCOUNTED_BACKOFF = Duration.ofSeconds(10);

  private static final Duration LONGEST_BACKOFF = Duration.ofMinutes(5);

  /** With the waits between them about an hour, in which somebody may mend it. */
  private static final int ATTEMPTS = 20;

  private static final Duration STATUS_EVERY = Duration.ofSeconds(2);
  private static final long LOOK_EVERY_MILLIS = 100;

  /** How long, at the end, the database may take for a step, and a thread that was cut off. */
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  private final Steps steps;
  private final OutboxTable table;
  private final OutboxShards shards;
  private final Outbox.Relay relay;
  private final Duration lease;
  private final Thread thread;
  private final Semaphore wake = new Semaphore(0);
  private boolean prepared;
  private volatile boolean closing;
  private volatile Outbox.Status counted = new Outbox.Status(0, null, 0, List.of());
  private volatile @Nullable String problem;
  private volatile @Nullable String held;
  private @Nullable Instant troubledSince;
  private long nextStatus = System.nanoTime();

  /** The shards of which nothing could be sent, though something is due, since the last rest. */
  private final Set<Integer> fruitless = new HashSet<>();

  private @Nullable Long lastSuccess;
  private Duration wait = FIRST_WAIT;

  OutboxDispatcher(
      DataSource dataSource,
      OutboxTable table,
      OutboxShards shards,
      Outbox.Relay relay,
      Duration lease) {
    this.lease = lease;
    this.table = table;
    this.shards = shards;
    this.relay = relay;
    this.thread = new Thread(this, "waybill-outbox");
    thread.setDaemon(true);
    this.steps = new Steps(dataSource, thread);
  }

  void start() {
    thread.start();
  }

  /** Something was committed that is to be sent. */
  void wake() {
    if (wake.availablePermits() == 0) {
      wake.release();
    }
  }

  @Override
  public void run() {
    while (!closing) {
      try {
        prepare();
        countIfDue();
        if (!dispatch()) {
          pause(IDLE);
        }
      } catch (SQLException e) {
        trouble("the database of the outbox can't be used: " + e.getMessage(), e);
        backOff();
      } catch (Throwable e) { // whatever it is, it must not end the sending for ever
        trouble("the outbox fails: " + e, e);
        backOff();
      }
    }
  }

  /** Once, when the database can be used. */
  private void prepare() throws SQLException {
    if (prepared) {
      return;
    }
    List<String> others =
        steps.take(
            connection -> {
              shards.make(connection);
              return table.otherOwners(connection);
            });
    prepared = true;
    if (!others.isEmpty()) {
      LOG.warn(
          "The outbox has messages of {} too, which this bus, {}, does not send: their own buses do. If it has been renamed, give its JdbcStore the former name as owner(…)",
          others,
          table.owner());
    }
  }

  /** Sends a batch; returns whether there may be more to do at once. */
  private boolean dispatch() throws SQLException {
    Optional<Lease> leased = steps.take(connection -> shards.lease(connection, lease));
    if (leased.isEmpty()) {
      fruitless.clear();
      if (counted.backlog() == 0) {
        over();
      }
      return false;
    }
    if (dispatch(leased.get())) {
      fruitless.clear();
      return true;
    }
    boolean others = fruitless.add(leased.get().shard());
    if (!others) { // a rest for a whole round of nothing
      fruitless.clear();
    }
    return others;
  }

  private boolean dispatch(Lease shard) throws SQLException {
    OutboxBatch batch =
        new OutboxBatch(
            relay, () -> renew(shard), lease.dividedBy(RENEWALS_PER_LEASE), () -> closing);
    boolean settled = false;
    try {
      OutboxTable.Batch size = wait.equals(FIRST_WAIT) ? BATCH : PROBE;
      List<OutboxRow> rows = steps.take(connection -> table.due(connection, shard, size));
      batch.send(rows, PATIENCE);
      settle(shard, batch);
      settled = true;
    } finally {
      if (!settled) {
        releaseQuietly(shard);
      }
    }
    boolean some = !batch.sent().isEmpty();
    if (some) {
      wait = FIRST_WAIT;
    }
    if (some && batch.unsent().isEmpty()) {
      over();
    } else if (!some && batch.unsent().stream().anyMatch(Unsent::isTransient)) {
      backOff();
    }
    return some;
  }

  private void settle(Lease lease, OutboxBatch batch) throws SQLException {
    if (!batch.sent().isEmpty()) {
      lastSuccess = System.nanoTime();
    }
    steps.take(
        connection -> {
          table.delete(connection, batch.sent());
          for (Unsent unsent : batch.unsent()) {
            failed(connection, unsent);
          }
          shards.release(connection, lease);
          return lease;
        });
    for (Unsent unsent : batch.unsent()) {
      trouble("messages of the outbox can't be sent: " + unsent.failure().getMessage(), null);
      LOG.debug("{} could not be sent from the outbox", unsent.row(), unsent.failure());
    }
  }

  private void failed(Connection connection, Unsent unsent) throws SQLException {
    OutboxRow row = unsent.row();
    if (!counts(unsent)) {
      Duration wait = backoff(row.attempts());
      boolean cut = wait.compareTo(UNCOUNTED_BACKOFF) > 0;
      table.failed(connection, new Failure(row, row.attempts(), cut ? UNCOUNTED_BACKOFF : wait));
      return;
    }
    String reason = unsent.failure().getClass().getName() + ": " + unsent.failure().getMessage();
    if (row.attempts() + 1 >= ATTEMPTS) {
      table.setAside(connection, row.id(), reason);
      LOG.error("{} is set aside from the outbox after {} attempts: {}", row, ATTEMPTS, reason);
    } else {
      table.failed(connection, new Failure(row, row.attempts() + 1, backoff(row.attempts())));
    }
  }

  /**
   * A failure that may be the broker's counts if anything got through since the message's last one:
   * a broker that is away must not make poison of a whole backlog. The first always counts, so that
   * those of its key wait behind it.
   */
  private boolean counts(Unsent unsent) {
    int attempts = unsent.row().attempts();
    if (!unsent.isTransient() || attempts == 0) {
      return true;
    }
    Long success = lastSuccess;
    // the last failure was a backoff ago
    return success != null && System.nanoTime() - success <= backoff(attempts - 1).toNanos();
  }

  /** A second, two, four, and so on. */
  static Duration backoff(int attempts) {
    Duration wait = Duration.ofSeconds(1L << Math.min(attempts, 16));
    return wait.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : wait;
  }

  private boolean renew(Lease shard) {
    try {
      return steps.take(connection -> shards.renew(connection, shard, lease));
    } catch (SQLException e) {
      LOG.debug("The lease of shard {} could not be renewed", shard.shard(), e);
      return false;
    }
  }

  /** If it fails, the lease ends by itself. */
  private void releaseQuietly(Lease lease) {
    try {
      steps.take(
          connection -> {
            shards.release(connection, lease);
            return lease;
          });
    } catch (SQLException e) {
      LOG.debug("The lease of shard {} could not be given back", lease.shard(), e);
    }
  }

  private void countIfDue() throws SQLException {
    long now = System.nanoTime();
    if (now - nextStatus >= 0) {
      counted = steps.take(table::status);
      held = steps.take(connection -> shards.heldForTooLong(connection, lease)).orElse(null);
      long took = System.nanoTime() - now;
      // no more than a tenth of the time, however large the backlog
      nextStatus = now + Math.max(STATUS_EVERY.toNanos(), 10 * took);
    }
  }

  /** Whatever is committed meanwhile would fail as well. */
  private void backOff() {
    long end = System.nanoTime() + wait.toNanos();
    while (!closing && System.nanoTime() < end) {
      pause(Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime())));
    }
    Duration twice = wait.multipliedBy(2);
    wait = twice.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : twice;
  }

  private void pause(Duration time) {
    try {
      if (!closing && wake.tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS)) {
        wake.drainPermits();
      }
    } catch (InterruptedException e) {
      closing = true; // nobody else interrupts
    }
  }

  private void trouble(String what, @Nullable Throwable e) {
    Instant since = troubledSince;
    if (since == null) {
      since = Instant.now().truncatedTo(ChronoUnit.MILLIS);
      troubledSince = since;
      LOG.warn("From the outbox: {}", what, e);
    }
    problem = "Since " + since + " " + what;
  }

  private void over() {
    wait = FIRST_WAIT;
    troubledSince = null;
    problem = null;
  }

  @Override
  public Outbox.Status status() {
    Outbox.Status now = counted;
    List<String> problems = new ArrayList<>();
    for (String sentence : new String[] {problem, held}) {
      if (sentence != null) {
        problems.add(sentence);
      }
    }
    if (now.setAside() > 0) {
      problems.add(
          "%d messages of the outbox are set aside, with their reasons in waybill_outbox_set_aside."
              .formatted(now.setAside()));
    }
    return new Outbox.Status(now.backlog(), now.oldest(), now.setAside(), problems);
  }

  @Override
  public void close() {
    closing = true;
    wake.release();
    boolean interrupted = false;
    long begun = System.nanoTime();
    long cutOff = Long.MAX_VALUE;
    while (thread.isAlive()) {
      try {
        thread.join(LOOK_EVERY_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true; // sends and, from now on, the database have deadlines: it ends
      }
      if (!steps.cutOffIfOver(begun, CLOSE_PATIENCE)) {
        continue;
      }
      long now = System.nanoTime();
      cutOff = cutOff == Long.MAX_VALUE ? now : cutOff;
      if (now - cutOff > CLOSE_PATIENCE.toNanos()) {
        LOG.error("The outbox's thread is left behind: the data source does not answer");
        break;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
