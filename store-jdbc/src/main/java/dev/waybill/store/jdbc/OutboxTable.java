package dev.waybill.store.jdbc;

import dev.waybill.Outbox;
import dev.waybill.store.jdbc.OutboxShards.Lease;
import dev.waybill.transport.Sender.Addressed;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code waybill_outbox} and what is set aside of it: the messages of one owner, which alone sends
 * them. They are divided into shards, all of a key into one; who leases a shard sends its messages,
 * in the order of their ids.
 */
final class OutboxTable {
  private static final Logger LOG = LoggerFactory.getLogger(OutboxTable.class);

  /**
   * Whether a row {@code o} may be sent. The first attempt waits for nothing: a clock that has gone
   * back must not let those behind it go first.
   */
  static final String DUE = "(o.attempts = 0 OR o.due_at <= NOW)";

  /** A message that could not be sent, how many attempts count, and when it is tried again. */
  record Failure(OutboxRow row, int attempts, Duration again) {}

  /** How much a dispatcher takes at a time: so many messages, and bytes of them, at most. */
  record Batch(int messages, long bytes) {}

  private final Dialect dialect;
  private final String owner;

  OutboxTable(Dialect dialect, String owner) {
    this.dialect = dialect;
    this.owner = owner;
  }

  /** In the caller's transaction. */
  void insert(Connection connection, List<Addressed> messages) throws SQLException {
    try (PreparedStatement insert =
        prepare(
            connection,
            "INSERT INTO waybill_outbox ("
                + MessageColumns.NAMES
                + ") VALUES ("
                + MessageColumns.PARAMETERS
                + ")")) {
      for (Addressed message : messages) {
        MessageColumns.set(insert, owner, message.channel(), message.message());
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  /**
   * The next messages of a shard that are due, and don't stand behind one of their key that is not:
   * as many as the batch may have, one at least. What can't be read is put aside; in a transaction.
   */
  List<OutboxRow> due(Connection connection, Lease lease, Batch batch) throws SQLException {
    List<OutboxRow> rows = new ArrayList<>();
    Map<Long, String> unreadable = new LinkedHashMap<>();
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT id, attempts, stored_at, NOW AS now, "
                + MessageColumns.NAMES
                + " FROM waybill_outbox WHERE id = ANY (?) ORDER BY id")) {
      select.setArray(
          1, connection.createArrayOf("BIGINT", idsDue(connection, lease, batch).toArray()));
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          try {
            rows.add(MessageColumns.read(row));
          } catch (RuntimeException e) { // whatever is wrong with it, those behind it must go on
            unreadable.put(row.getLong("id"), "can't be read: " + e);
          }
        }
      }
    }
    for (Map.Entry<Long, String> each : unreadable.entrySet()) {
      setAside(connection, each.getKey(), each.getValue());
      LOG.error("Row {} is set aside from the outbox: {}", each.getKey(), each.getValue());
    }
    return rows;
  }

  /** By their sizes first, since a driver may hold all of a result in memory. */
  private List<Long> idsDue(Connection connection, Lease lease, Batch batch) throws SQLException {
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT id, OCTET_LENGTH(body) + OCTET_LENGTH(attributes) + OCTET_LENGTH(headers)"
                + " FROM waybill_outbox o WHERE owner = ? AND shard = ? AND "
                + DUE
                + " AND (NOT keyed OR NOT EXISTS (SELECT 1 FROM waybill_outbox e"
                + " WHERE e.owner = ? AND e.shard = ?"
                + " AND e.attempts > 0 AND e.due_at > NOW AND e.channel = o.channel"
                + " AND e.message_key = o.message_key AND e.id < o.id))"
                + " ORDER BY id FETCH FIRST "
                + batch.messages()
                + " ROWS ONLY")) {
      select.setString(1, owner);
      select.setInt(2, lease.shard());
      select.setString(3, owner);
      select.setInt(4, lease.shard());
      List<Long> ids = new ArrayList<>();
      try (ResultSet row = select.executeQuery()) {
        long left = batch.bytes();
        while (row.next() && (ids.isEmpty() || row.getLong(2) <= left)) {
          ids.add(row.getLong(1));
          left -= row.getLong(2);
        }
      }
      return ids;
    }
  }

  /** Removes what the broker has. */
  void delete(Connection connection, List<OutboxRow> rows) throws SQLException {
    if (rows.isEmpty()) {
      return;
    }
    Object[] ids = rows.stream().map(OutboxRow::id).toArray();
    try (PreparedStatement delete =
        prepare(connection, "DELETE FROM waybill_outbox WHERE id = ANY (?)")) {
      delete.setArray(1, connection.createArrayOf("BIGINT", ids));
      delete.executeUpdate();
    }
  }

  /** Lets a message wait for its next attempt. */
  void failed(Connection connection, Failure failure) throws SQLException {
    try (PreparedStatement update =
        prepare(
            connection, "UPDATE waybill_outbox SET attempts = ?, due_at = LATER WHERE id = ?")) {
      update.setInt(1, failure.attempts());
      update.setLong(2, failure.again().toMillis());
      update.setLong(3, failure.row().id());
      update.executeUpdate();
    }
  }

  /** Puts a message aside, with its reason, unless somebody else has; in a transaction. */
  void setAside(Connection connection, long id, String reason) throws SQLException {
    try (PreparedStatement lock =
            prepare(connection, "SELECT id FROM waybill_outbox WHERE id = ? FOR UPDATE");
        PreparedStatement insert =
            prepare(
                connection,
                "INSERT INTO waybill_outbox_set_aside ("
                    + MessageColumns.NAMES
                    + ", id, stored_at, attempts, reason) SELECT "
                    + MessageColumns.NAMES
                    + ", id, stored_at, attempts + 1, ? FROM waybill_outbox WHERE id = ?");
        PreparedStatement delete = prepare(connection, "DELETE FROM waybill_outbox WHERE id = ?")) {
      lock.setLong(1, id);
      if (ids(lock).isEmpty()) {
        return;
      }
      insert.setString(1, reason.replace('\0', ' '));
      insert.setLong(2, id);
      insert.executeUpdate();
      delete.setLong(1, id);
      delete.executeUpdate();
    }
  }

  /**
   * Puts everything of the owner's back that was set aside, behind what waits; in a transaction.
   * The rows are locked first, so that what is moved is what is removed, whatever is set aside
   * meanwhile.
   */
  int takeBack(Connection connection) throws SQLException {
    try (PreparedStatement lock =
            prepare(
                connection,
                "SELECT id FROM waybill_outbox_set_aside WHERE owner = ? ORDER BY id FOR UPDATE");
        PreparedStatement insert =
            prepare(
                connection,
                "INSERT INTO waybill_outbox ("
                    + MessageColumns.NAMES
                    + ", stored_at) SELECT "
                    + MessageColumns.NAMES
                    + ", stored_at FROM waybill_outbox_set_aside WHERE id = ANY (?) ORDER BY id");
        PreparedStatement delete =
            prepare(connection, "DELETE FROM waybill_outbox_set_aside WHERE id = ANY (?)")) {
      lock.setString(1, owner);
      Array ids = connection.createArrayOf("BIGINT", ids(lock).toArray());
      insert.setArray(1, ids);
      int count = insert.executeUpdate();
      delete.setArray(1, ids);
      delete.executeUpdate();
      return count;
    }
  }

  private static List<Long> ids(PreparedStatement select) throws SQLException {
    List<Long> ids = new ArrayList<>();
    try (ResultSet row = select.executeQuery()) {
      while (row.next()) {
        ids.add(row.getLong(1));
      }
    }
    return ids;
  }

  /** How it stands, without problems. */
  Outbox.Status status(Connection connection) throws SQLException {
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT COUNT(*), MIN(stored_at),"
                + " (SELECT COUNT(*) FROM waybill_outbox_set_aside WHERE owner = ?)"
                + " FROM waybill_outbox WHERE owner = ?")) {
      select.setString(1, owner);
      select.setString(2, owner);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        OffsetDateTime oldest = row.getObject(2, OffsetDateTime.class);
        return new Outbox.Status(
            row.getLong(1), oldest == null ? null : oldest.toInstant(), row.getLong(3), List.of());
      }
    }
  }

  /** Who else has messages there, which only they send. */
  List<String> otherOwners(Connection connection) throws SQLException {
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT DISTINCT owner FROM waybill_outbox WHERE owner <> ? ORDER BY owner")) {
      select.setString(1, owner);
      List<String> owners = new ArrayList<>();
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          owners.add(row.getString(1));
        }
      }
      return owners;
    }
  }

  /** Whose messages these are. */
  String owner() {
    return owner;
  }

  private PreparedStatement prepare(Connection connection, String sql) throws SQLException {
    return connection.prepareStatement(dialect.sql(sql));
  }
}
