package dev.waybill.transport.kafka;

import java.nio.ByteBuffer;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The records in memory that have one key, or one record without a key. Guarded by its {@link
 * PartitionWork}; changed by its {@link WaitingRecords} alone.
 */
final class KeyLane {
  /** One in work and the next, so that its handler need not wait for the polling thread. */
  private static final int ENOUGH = 2;

  /** Why the first record that was kept back is kept back. */
  enum Wait {
    /** It is not: there is none. */
    NONE,
    /** For its time. */
    TIME,
    /** For nothing but its delivery. */
    TURN,
    /** For less of its key to be open, or for credit that nobody else needs. */
    KEY
  }

  final @Nullable ByteBuffer key;

  /** Those that have to be looked for, by offset: all others are in the order of the log. */
  final TreeMap<Long, Held> kept = new TreeMap<>();

  /** How many are in memory, the open ones among them. */
  int records;

  /** How many are delivered and not settled. */
  int open;

  Wait wait = Wait.NONE;

  /** The first of those kept, when {@link #wait} was noted. */
  @Nullable Held first;

  KeyLane(@Nullable ByteBuffer key) {
    this.key = key;
  }

  /** Whether more of it would only wait for its own. */
  boolean isBusy() {
    return key != null && open >= ENOUGH;
  }
}
