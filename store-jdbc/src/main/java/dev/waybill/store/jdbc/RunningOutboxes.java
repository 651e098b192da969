package dev.waybill.store.jdbc;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;

/**
 * The outboxes of this JVM whose owner nobody has chosen: two brokers' must not be taken for one's,
 * or each would get what is the other's.
 */
final class RunningOutboxes {
  private record Place(DataSource dataSource, String owner, String address) {}

  private final Map<JdbcOutbox, Place> places = new HashMap<>();

  /** Adds one, unless the same owner sends to another broker. */
  synchronized void add(JdbcOutbox outbox, DataSource dataSource, String owner, String address) {
    for (Place other : places.values()) {
      if (other.dataSource() == dataSource
          && other.owner().equals(owner)
          && !other.address().equals(address)) {
        throw new MessagingException(
            ErrorCode.CONFIGURATION,
            "the outbox of %s in this database sends to %s already, and would send what is for %s there too: give the buses different names by named(…), or their stores by owner(…)"
                .formatted(owner, other.address(), address));
      }
    }
    places.put(outbox, new Place(dataSource, owner, address));
  }

  synchronized void remove(JdbcOutbox outbox) {
    places.remove(outbox);
  }
}
