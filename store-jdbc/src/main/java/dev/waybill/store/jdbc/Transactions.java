package dev.waybill.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of a transaction. */
final class Transactions {
  private static final Logger LOG = LoggerFactory.getLogger(Transactions.class);

  private Transactions() {}

  /** Refuses a connection on which each statement would be committed by itself. */
  static void requireOne(Connection connection) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new IllegalStateException(
          "the connection is in autocommit mode, so that there is no transaction to take part in: call setAutoCommit(false) first, and commit() at its end");
    }
  }

  /** Rolls back what is not committed. What fails here does so after something worse. */
  static void end(Connection connection, boolean committed, boolean autoCommit) {
    try {
      if (!committed) {
        connection.rollback();
      }
      connection.setAutoCommit(autoCommit);
    } catch (SQLException e) {
      LOG.debug("A connection could not be put back into order", e);
    }
  }
}
