package dev.waybill.store.jdbc;

import dev.waybill.Outbox;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.WireMessage;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code waybill_outbox} and what belongs to it. The messages are divided into shards, all of a key
 * into one; who leases a shard sends its messages, in the order of their ids.
 */
final class OutboxTable {
  private static final Logger LOG = LoggerFactory.getLogger(OutboxTable.class);

  /** What makes up a message; the same in the outbox and aside. */
  static final String MESSAGE =
      "shard, message_id, channel_kind, channel, keyed, message_key, content_type, attributes,"
          + " headers, body, delay_millis";

  /** As many rows has {@code waybill_outbox_shard}. */
  static final int SHARDS = 16;

  private static final Duration LONGEST = Duration.ofMillis(Long.MAX_VALUE);
  private static final int FETCHED_AT_A_TIME = 100;

  /** A shard, held by a token until its lease ends. */
  record Lease(int shard, String token) {}

  /** A message that could not be sent, how many attempts count, and when it is tried again. */
  record Failure(OutboxRow row, int attempts, Duration again) {}

  /** How many messages a dispatcher takes at a time. */
  record Batch(int messages, long bytes) {}

  private final Dialect dialect;

  OutboxTable(Dialect dialect) {
    this.dialect = dialect;
  }

  /** In the caller's transaction. */
  void insert(Connection connection, List<Addressed> messages) throws SQLException {
    try (PreparedStatement insert =
        prepare(
            connection,
            "INSERT INTO waybill_outbox ("
                + MESSAGE
                + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
      for (Addressed message : messages) {
        set(insert, message.channel(), message.message());
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  private static void set(PreparedStatement insert, Channel channel, WireMessage wire)
      throws SQLException {
    String id = String.valueOf(wire.id());
    String key = wire.key();
    String lane = key == null || !channel.keyed() ? id : channel.name() + '\n' + key;
    insert.setInt(1, Math.floorMod(lane.hashCode(), SHARDS));
    insert.setString(2, id);
    insert.setString(3, kind(channel));
    insert.setString(4, channel.name());
    insert.setBoolean(5, channel.keyed());
    insert.setString(6, key);
    insert.setString(7, wire.contentType());
    insert.setString(8, TextMap.write(wire.attributes()));
    insert.setString(9, TextMap.write(wire.headers()));
    insert.setBytes(10, wire.body());
    Duration delay = wire.delay();
    if (delay == null) {
      insert.setNull(11, Types.BIGINT);
    } else {
      insert.setLong(11, millis(delay));
    }
  }

  /** As long as can be counted, which is for ever. */
  private static long millis(Duration delay) {
    return delay.compareTo(LONGEST) > 0 ? Long.MAX_VALUE : delay.toMillis();
  }

  private static String kind(Channel channel) {
    if (channel instanceof ReplyQueue) {
      return "reply";
    }
    return channel instanceof Topic ? "topic" : "queue";
  }

  private static Channel channel(String kind, String name, boolean keyed) {
    return switch (kind) {
      case "reply" ->
          ReplyQueue.at(name)
              .orElseThrow(() -> new IllegalStateException("no reply queue is called " + name));
      case "topic" -> new Topic(name, keyed);
      case "queue" -> new Queue(name, keyed);
      default -> throw new IllegalStateException("no channel is a " + kind);
    };
  }

  /** Leases the shard that has waited for longest and has something to send; empty if none has. */
  Optional<Lease> lease(Connection connection, Duration length) throws SQLException {
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT s.shard FROM waybill_outbox_shard s WHERE s.ends_at <= NOW AND EXISTS"
                + " (SELECT 1 FROM waybill_outbox o WHERE o.shard = s.shard AND o.due_at <= NOW)"
                + " ORDER BY s.ends_at FETCH FIRST 1 ROWS ONLY FOR UPDATE SKIP LOCKED")) {
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        Lease lease = new Lease(row.getInt(1), UUID.randomUUID().toString());
        try (PreparedStatement update =
            prepare(
                connection,
                "UPDATE waybill_outbox_shard SET token = ?, ends_at = LATER WHERE shard = ?")) {
          update.setString(1, lease.token());
          update.setLong(2, length.toMillis());
          update.setInt(3, lease.shard());
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
            "UPDATE waybill_outbox_shard SET ends_at = LATER WHERE shard = ? AND token = ?")) {
      update.setLong(1, length.toMillis());
      update.setInt(2, lease.shard());
      update.setString(3, lease.token());
      return update.executeUpdate() == 1;
    }
  }

  /** Gives a shard back, if it is still held. */
  void release(Connection connection, Lease lease) throws SQLException {
    try (PreparedStatement update =
        prepare(
            connection,
            "UPDATE waybill_outbox_shard SET token = NULL, ends_at = NOW"
                + " WHERE shard = ? AND token = ?")) {
      update.setInt(1, lease.shard());
      update.setString(2, lease.token());
      update.executeUpdate();
    }
  }

  /**
   * The next messages of a shard that are due, and don't stand behind one of their key that is not;
   * in a transaction, so that they come piece by piece. What can't be read is put aside.
   */
  List<OutboxRow> due(Connection connection, Lease lease, Batch batch) throws SQLException {
    List<OutboxRow> rows = new ArrayList<>();
    Map<Long, String> unreadable = new LinkedHashMap<>();
    try (PreparedStatement select =
        prepare(
            connection,
            "SELECT id, attempts, stored_at, NOW AS now, "
                + MESSAGE
                + " FROM waybill_outbox o WHERE shard = ? AND due_at <= NOW AND"
                + " (NOT keyed OR NOT EXISTS (SELECT 1 FROM waybill_outbox e WHERE e.shard = ?"
                + " AND e.attempts > 0 AND e.due_at > NOW AND e.channel = o.channel"
                + " AND e.message_key = o.message_key AND e.id < o.id))"
                + " ORDER BY id FETCH FIRST "
                + batch.messages()
                + " ROWS ONLY")) {
      select.setFetchSize(FETCHED_AT_A_TIME);
      select.setInt(1, lease.shard());
      select.setInt(2, lease.shard());
      long bytes = 0;
      try (ResultSet row = select.executeQuery()) {
        while (bytes < batch.bytes() && row.next()) {
          try {
            OutboxRow next = read(row);
            bytes += next.message().message().body().length;
            rows.add(next);
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

  private static OutboxRow read(ResultSet row) throws SQLException {
    Map<String, String> attributes = TextMap.read(row.getString("attributes"));
    Map<String, String> headers = TextMap.read(row.getString("headers"));
    WireMessage message =
        WireMessage.owning(
            row.getBytes("body"),
            row.getString("content_type"),
            attributes,
            headers,
            row.getString("message_key"),
            delay(row));
    Channel channel =
        channel(row.getString("channel_kind"), row.getString("channel"), row.getBoolean("keyed"));
    return new OutboxRow(
        row.getLong("id"), new Addressed(channel, message), row.getInt("attempts"));
  }

  /** What is left of a delay that began when the message was stored. */
  private static @Nullable Duration delay(ResultSet row) throws SQLException {
    long millis = row.getLong("delay_millis");
    if (row.wasNull()) {
      return null;
    }
    Duration left =
        Duration.ofMillis(millis)
            .minus(
                Duration.between(
                    row.getObject("stored_at", OffsetDateTime.class),
                    row.getObject("now", OffsetDateTime.class)));
    return left.isNegative() || left.isZero() ? null : left;
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
                    + MESSAGE
                    + ", id, stored_at, attempts, reason) SELECT "
                    + MESSAGE
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
   * Puts everything back that was set aside, behind what waits; in a transaction. The rows are
   * locked first, so that what is moved is what is removed, whatever is set aside meanwhile.
   */
  int takeBack(Connection connection) throws SQLException {
    try (PreparedStatement lock =
            prepare(connection, "SELECT id FROM waybill_outbox_set_aside ORDER BY id FOR UPDATE");
        PreparedStatement insert =
            prepare(
                connection,
                "INSERT INTO waybill_outbox ("
                    + MESSAGE
                    + ", stored_at) SELECT "
                    + MESSAGE
                    + ", stored_at FROM waybill_outbox_set_aside WHERE id = ANY (?) ORDER BY id");
        PreparedStatement delete =
            prepare(connection, "DELETE FROM waybill_outbox_set_aside WHERE id = ANY (?)")) {
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
                    + " (SELECT COUNT(*) FROM waybill_outbox_set_aside) FROM waybill_outbox");
        ResultSet row = select.executeQuery()) {
      row.next();
      OffsetDateTime oldest = row.getObject(2, OffsetDateTime.class);
      return new Outbox.Status(
          row.getLong(1), oldest == null ? null : oldest.toInstant(), row.getLong(3), List.of());
    }
  }

  private PreparedStatement prepare(Connection connection, String sql) throws SQLException {
    return connection.prepareStatement(dialect.sql(sql));
  }
}
