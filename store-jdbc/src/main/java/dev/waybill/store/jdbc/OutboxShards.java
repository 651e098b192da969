package dev.waybill.store.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * {@code waybill_outbox_shard}: the parts of an owner's outbox, and who sends the messages of each
 * now. A lease is held by its token; its end only says when one of an instance that died may be
 * taken, so that a shard without a token is free whatever the database's clock has done.
 */
final class OutboxShards {
  /** As many parts has each owner's outbox; all messages of a key are in one. */
  static final int COUNT = 16;

  private static final String HAS_SOMETHING_DUE =
      " EXISTS (SELECT 1 FROM waybill_outbox o WHERE o.owner = s.owner AND o.shard = s.shard AND "
          + OutboxTable.DUE
          + ")";

  /** A shard, held by a token until its lease ends. */
  record Lease(int shard, String token) {}

  private final Dialect dialect;
  private final String owner;

  OutboxShards(Dialect dialect, String owner) {
    this.dialect = dialect;
    this.owner = owner;
  }

  /** Makes those of the owner that are missing; in a transaction. */
  void make(Connection connection) throws SQLException {
    Set<Integer> known = known(connection);
    try (PreparedStatement insert =
        prepare(
            connection,
            "INSERT INTO waybill_outbox_shard (owner, shard, ends_at) VALUES (?, ?, NOW)UNLESS_THERE")) {
      for (int shard = 0; shard < COUNT; shard++) {
        if (!known.contains(shard)) {
          insert.setString(1, owner);
          insert.setInt(2, shard);
          insertUnlessThere(insert);
        }
      }
    }
  }

  private Set<Integer> known(Connection connection) throws SQLException {
    try (PreparedStatement select =
        prepare(connection, "SELECT shard FROM waybill_outbox_shard WHERE owner = ?")) {
      select.setString(1, owner);
      try (ResultSet row = select.executeQuery()) {
        Set<Integer> shards = new HashSet<>();
        while (row.next()) {
          shards.add(row.getInt(1));
        }
        return shards;
      }
    }
  }

  private static void insertUnlessThere(PreparedStatement insert) throws SQLException {
    try {
      insert.executeUpdate();
    } catch (SQLException e) {
      if (!Dialect.DUPLICATE.equals(e.getSQLState())) {
        throw e;
      }
    }
  }

  /**
   * Leases the shard that has waited for longest and has something to send; empty if none has.
   * Those that were given back in the future, as the clock has gone back since, come first.
   */
  Optional<Lease> lease(Connection connection, Duration length) throws SQLException {
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT s.shard FROM waybill_outbox_shard s WHERE s.owner = ?"
                + " AND (s.token IS NULL OR s.ends_at <= NOW) AND"
                + HAS_SOMETHING_DUE
                + " ORDER BY CASE WHEN s.ends_at > NOW THEN 0 ELSE 1 END, s.ends_at"
                + " FETCH FIRST 1 ROWS ONLY FOR UPDATE SKIP LOCKED")) {
      select.setString(1, owner);
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        Lease lease = new Lease(row.getInt(1), UUID.randomUUID().toString());
        try (PreparedStatement update =
            prepare(
                connection,
                "UPDATE waybill_outbox_shard SET token = ?, ends_at = LATER"
                    + " WHERE owner = ? AND shard = ?")) {
          update.setString(1, lease.token());
          update.setLong(2, length.toMillis());
          update.setString(3, owner);
          update.setInt(4, lease.shard());
          update.executeUpdate();
        }
        return Optional.of(lease);
      }
    }
  }

  /** Holds a shard for longer; returns whether it was still held. */
  boolean renew(Connection connection, Lease lease, Duration length) throws SQLException {
    try (PreparedStatement update =
        prepare(
            connection,
            "UPDATE waybill_outbox_shard SET ends_at = LATER"
                + " WHERE owner = ? AND shard = ? AND token = ?")) {
      update.setLong(1, length.toMillis());
      set(update, 2, lease);
      return update.executeUpdate() == 1;
    }
  }

  /** Gives a shard back, if it is still held. */
  void release(Connection connection, Lease lease) throws SQLException {
    try (PreparedStatement update =
        prepare(
            connection,
            "UPDATE waybill_outbox_shard SET token = NULL, ends_at = NOW"
                + " WHERE owner = ? AND shard = ? AND token = ?")) {
      set(update, 1, lease);
      update.executeUpdate();
    }
  }

  private void set(PreparedStatement update, int first, Lease lease) throws SQLException {
    update.setString(first, owner);
    update.setInt(first + 1, lease.shard());
    update.setString(first + 2, lease.token());
  }

  /**
   * That something is due in shards that are held for longer than a lease lasts, in a sentence. A
   * live holder's next renewal ends it.
   */
  Optional<String> heldForTooLong(Connection connection, Duration length) throws SQLException {
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT COUNT(*), MAX(s.ends_at) FROM waybill_outbox_shard s WHERE s.owner = ?"
                + " AND s.token IS NOT NULL AND s.ends_at > LATER AND"
                + HAS_SOMETHING_DUE)) {
      select.setString(1, owner);
      select.setLong(2, length.toMillis());
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return row.getInt(1) == 0
            ? Optional.empty()
            : Optional.of(
                "%d shards of the outbox of %s are leased until %s, longer than a lease of %s lasts: the database's clock has gone back, or an instance has another lease. What is in them waits until then: set token = NULL in waybill_outbox_shard if nobody sends it."
                    .formatted(
                        row.getInt(1),
                        owner,
                        row.getObject(2, OffsetDateTime.class).toInstant(),
                        length));
      }
    }
  }

  private PreparedStatement prepare(Connection connection, String sql) throws SQLException {
    return connection.prepareStatement(dialect.sql(sql));
  }
}
