package dev.waybill.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Steps of one thread, each in a transaction on a connection of its own. Another thread can cut
 * them off: a database that is not heard of any more may keep a statement for ever.
 */
final class Steps {
  private static final Logger LOG = LoggerFactory.getLogger(Steps.class);

  interface Step<T> {
    T on(Connection connection) throws SQLException;
  }

  private final DataSource dataSource;
  private final Thread thread;
  private boolean under;
  private long begun;
  private @Nullable Connection current;
  private boolean cutOff;

  /** Steps that {@code thread} takes. */
  Steps(DataSource dataSource, Thread thread) {
    this.dataSource = dataSource;
    this.thread = thread;
  }

  /** Takes a step, and commits it. */
  <T> T take(Step<T> step) throws SQLException {
    begin();
    try (Connection connection = dataSource.getConnection()) {
      use(connection);
      boolean before = connection.getAutoCommit();
      connection.setAutoCommit(false);
      boolean committed = false;
      try {
        T result = step.on(connection);
        connection.commit();
        committed = true;
        return result;
      } finally {
        Transactions.end(connection, committed, before);
      }
    } finally {
      end();
    }
  }

  private synchronized void begin() throws SQLException {
    refuseIfCutOff();
    under = true;
    begun = System.nanoTime();
  }

  private synchronized void use(Connection connection) throws SQLException {
    refuseIfCutOff();
    current = connection;
  }

  private synchronized void end() {
    under = false;
    current = null;
  }

  private void refuseIfCutOff() throws SQLException {
    if (cutOff) {
      throw new SQLException("the outbox is closed, and its work with the database was cut off");
    }
  }

  /**
   * Cuts off a step that has taken longer than a time since it began, or since {@code at}, and
   * refuses all that follow.
   *
   * @return whether a step that was cut off, now or before, is still under way
   */
  boolean cutOffIfOver(long at, Duration limit) {
    Connection stuck;
    synchronized (this) {
      long since = begun - at > 0 ? begun : at;
      if (cutOff || !under || System.nanoTime() - since < limit.toNanos()) {
        return cutOff && under;
      }
      cutOff = true;
      stuck = current;
    }
    if (stuck == null) {
      thread.interrupt(); // waits for a connection
      return true;
    }
    try {
      stuck.abort(Runnable::run);
    } catch (SQLException e) {
      LOG.warn("A connection of the outbox could not be cut off", e);
      thread.interrupt();
    }
    return true;
  }
}
