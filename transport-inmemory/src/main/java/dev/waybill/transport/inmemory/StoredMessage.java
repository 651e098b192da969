package dev.waybill.transport.inmemory;

import dev.waybill.transport.WireMessage;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** A message in one queue, from its storing to its acceptance. Guarded by the queue's lock. */
final class StoredMessage {
  /** Stands for a {@link #position} not yet given. */
  static final long NOT_ARRIVED = 0;

  /** By position, and those that have none last. */
  static final Comparator<StoredMessage> ORDER =
      Comparator.<StoredMessage, Boolean>comparing(m -> m.position == NOT_ARRIVED)
          .thenComparingLong(m -> m.position)
          .thenComparingLong(m -> m.id);

  /** As it is delivered: without its delay. */
  final WireMessage message;

  /** Null if it was sent without a delay, and so could never be taken back. */
  final @Nullable Sending sending;

  /** The how-manieth message stored in the queue, from 1. */
  final long id;

  /** Its place in the queue's order; given when it can first be delivered, and kept for ever. */
  long position = NOT_ARRIVED;

  /** Which attempt the next delivery is. */
  int attempt = 1;

  /** Whether its next delivery has been held back on purpose. */
  boolean heldBack;

  /** The one of the same key that comes after it, in a queue that keeps the order per key. */
  @Nullable StoredMessage next;

  StoredMessage(WireMessage message, long id, @Nullable Sending sending) {
    this.message = message.withoutDelay();
    this.id = id;
    this.sending = sending;
  }
}
