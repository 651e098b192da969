package dev.waybill.store.jdbc;

import java.sql.Connection;
import javax.sql.DataSource;

/**
 * How a handler is put into a transaction: one of its own by default, or one of the application's
 * transaction manager, so that whatever the handler calls takes part in it. For Spring:
 *
 * <pre>{@code
 * work -> template.execute(status -> {
 *   work.run(DataSourceUtils.getConnection(dataSource));
 *   return null;
 * })
 * }</pre>
 *
 * (with {@code work}'s checked exceptions wrapped as that template needs it).
 */
@FunctionalInterface
public interface TransactionRunner {
  /**
   * Begins a transaction, runs {@code work} once in it on this thread, and commits it; rolls it
   * back if the work throws, and throws too. Returning means that it is committed.
   */
  void run(Work work) throws Exception;

  /** What is done in a transaction. */
  @FunctionalInterface
  interface Work {
    /** Does it; the connection is the transaction's. */
    void run(Connection connection) throws Exception;
  }

  /** Transactions on connections of a data source, closed after each. */
  static TransactionRunner over(DataSource dataSource) {
    return work -> {
      try (Connection connection = dataSource.getConnection()) {
        boolean before = connection.getAutoCommit();
        connection.setAutoCommit(false);
        boolean committed = false;
        try {
          work.run(connection);
          connection.commit();
          committed = true;
        } finally {
          Transactions.end(connection, committed, before);
        }
      }
    };
  }
}
