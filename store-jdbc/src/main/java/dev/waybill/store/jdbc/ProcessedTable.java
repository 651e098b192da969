package dev.waybill.store.jdbc;

import dev.waybill.delivery.ProcessedMessageStore.Answer;
import dev.waybill.delivery.ProcessedMessageStore.Claim;
import dev.waybill.delivery.ProcessedMessageStore.Held;
import dev.waybill.delivery.ProcessedMessageStore.Processed;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.UUID;

/**
 * {@code waybill_processed}: a row with a token is a claim, one without is a mark. Who holds a
 * claim is told by the token alone, so that one that has expired and was taken changes nothing.
 */
final class ProcessedTable {
  private static final int CLEANED_AT_A_TIME = 1_000;
  private static final String FORGOTTEN = "ends_at <= NOW AND (token IS NULL OR ends_at <= LATER)";

  private final Dialect dialect;
  private final long leaseMillis;
  private final long retentionMillis;

  ProcessedTable(Dialect dialect, Duration lease, Duration retention) {
    this.dialect = dialect;
    this.leaseMillis = lease.toMillis();
    this.retentionMillis = retention.toMillis();
  }

  /** Each statement in a transaction of its own. */
  Answer claim(Connection connection, String source, String messageId) throws SQLException {
    while (true) {
      Claim claim = new Claim(source, messageId, UUID.randomUUID().toString());
      if (insert(connection, claim) || takeExpired(connection, claim)) {
        return claim;
      }
      try (PreparedStatement select =
          prepare(
              connection,
              "SELECT token, ends_at, NOW AS now FROM waybill_processed"
                  + " WHERE source = ? AND message_id = ?")) {
        select.setString(1, source);
        select.setString(2, messageId);
        try (ResultSet row = select.executeQuery()) {
          if (row.next()) {
            return row.getString(1) == null ? new Processed() : held(row);
          }
        }
      }
      // released meanwhile
    }
  }

  private static Held held(ResultSet row) throws SQLException {
    Duration left =
        Duration.between(
            row.getObject(3, OffsetDateTime.class), row.getObject(2, OffsetDateTime.class));
    return new Held(left.isNegative() ? Duration.ZERO : left);
  }

  private boolean insert(Connection connection, Claim claim) throws SQLException {
    try (PreparedStatement insert =
        prepare(
            connection,
            "INSERT INTO waybill_processed (source, message_id, token, ends_at)"
                + " VALUES (?, ?, ?, LATER)UNLESS_THERE")) {
      insert.setString(1, claim.source());
      insert.setString(2, claim.messageId());
      insert.setString(3, claim.token());
      insert.setLong(4, leaseMillis);
      return insert.executeUpdate() == 1;
    } catch (SQLException e) {
      if (Dialect.DUPLICATE.equals(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }

  private boolean takeExpired(Connection connection, Claim claim) throws SQLException {
    try (PreparedStatement update =
        prepare(
            connection,
            "UPDATE waybill_processed SET token = ?, ends_at = LATER"
                + " WHERE source = ? AND message_id = ? AND ends_at <= NOW")) {
      update.setString(1, claim.token());
      update.setLong(2, leaseMillis);
      update.setString(3, claim.source());
      update.setString(4, claim.messageId());
      return update.executeUpdate() == 1;
    }
  }

  boolean renew(Connection connection, Claim claim) throws SQLException {
    return update(connection, claim, "ends_at = LATER", leaseMillis);
  }

  /** Makes the claim a mark, if it is still held; in the caller's transaction. */
  boolean complete(Connection connection, Claim claim) throws SQLException {
    return update(connection, claim, "token = NULL, ends_at = LATER", retentionMillis);
  }

  /** Whether a message has been handled. */
  boolean isMarked(Connection connection, Claim claim) throws SQLException {
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT 1 FROM waybill_processed"
                + " WHERE source = ? AND message_id = ? AND token IS NULL")) {
      select.setString(1, claim.source());
      select.setString(2, claim.messageId());
      try (ResultSet row = select.executeQuery()) {
        return row.next();
      }
    }
  }

  private boolean update(Connection connection, Claim claim, String set, long millis)
      throws SQLException {
    try (PreparedStatement update =
        prepare(
            connection,
            "UPDATE waybill_processed SET "
                + set
                + " WHERE source = ? AND message_id = ? AND token = ?")) {
      update.setLong(1, millis);
      update.setString(2, claim.source());
      update.setString(3, claim.messageId());
      update.setString(4, claim.token());
      return update.executeUpdate() == 1;
    }
  }

  void release(Connection connection, Claim claim) throws SQLException {
    try (PreparedStatement delete =
        prepare(
            connection,
            "DELETE FROM waybill_processed WHERE source = ? AND message_id = ? AND token = ?")) {
      delete.setString(1, claim.source());
      delete.setString(2, claim.messageId());
      delete.setString(3, claim.token());
      delete.executeUpdate();
    }
  }

  /**
   * Removes some of what is to be forgotten: marks whose retention is over, and claims that have
   * been expired for as long as a mark would be kept, of messages that never came again.
   *
   * @return whether there may be more
   */
  boolean clean(Connection connection) throws SQLException {
    try (PreparedStatement delete =
        prepare(
            connection,
            "DELETE FROM waybill_processed WHERE (source, message_id) IN"
                + " (SELECT source, message_id FROM waybill_processed WHERE "
                + FORGOTTEN
                + " ORDER BY ends_at FETCH FIRST "
                + CLEANED_AT_A_TIME
                + " ROWS ONLY) AND "
                + FORGOTTEN)) { // once more: it may have been claimed while it was locked
      delete.setLong(1, -retentionMillis);
      delete.setLong(2, -retentionMillis);
      return delete.executeUpdate() == CLEANED_AT_A_TIME;
    }
  }

  private PreparedStatement prepare(Connection connection, String sql) throws SQLException {
    return connection.prepareStatement(dialect.sql(sql));
  }
}
