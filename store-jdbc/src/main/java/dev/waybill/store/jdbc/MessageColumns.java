package dev.waybill.store.jdbc;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.WireMessage;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What makes up a message; the same columns in the outbox and aside. */
final class MessageColumns {
  /** In the order of their parameters. */
  static final String NAMES =
      "owner, shard, message_id, channel_kind, channel, keyed, message_key, content_type,"
          + " attributes, headers, body, delay_millis";

  static final String PARAMETERS = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

  private static final Duration LONGEST = Duration.ofMillis(Long.MAX_VALUE);

  private MessageColumns() {}

  static void set(PreparedStatement insert, String owner, Channel channel, WireMessage wire)
      throws SQLException {
    String id = String.valueOf(wire.id());
    String key = wire.key();
    String lane = key == null || !channel.keyed() ? id : channel.name() + '\n' + key;
    insert.setString(1, owner);
    insert.setInt(2, Math.floorMod(lane.hashCode(), OutboxShards.COUNT));
    insert.setString(3, id);
    insert.setString(4, kind(channel));
    insert.setString(5, channel.name());
    insert.setBoolean(6, channel.keyed());
    insert.setString(7, key);
    insert.setString(8, wire.contentType());
    insert.setString(9, TextMap.write(wire.attributes()));
    insert.setString(10, TextMap.write(wire.headers()));
    insert.setBytes(11, wire.body());
    Duration delay = wire.delay();
    if (delay == null) {
      insert.setNull(12, Types.BIGINT);
    } else {
      insert.setLong(12, millis(delay));
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

  /** From a row that has the columns, {@code id}, {@code attempts} and {@code now} too. */
  static OutboxRow read(ResultSet row) throws SQLException {
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
}
