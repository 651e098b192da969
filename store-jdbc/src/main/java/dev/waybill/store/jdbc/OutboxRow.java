package dev.waybill.store.jdbc;

import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.WireMessage;

/** A kept message. */
record OutboxRow(long id, Addressed message, int attempts) {
  /** Those of an equal lane are sent one after another; a message without a key has its own. */
  Object lane() {
    String key = message.message().key();
    return key == null || !message.channel().keyed() ? id : message.channel().name() + '\n' + key;
  }

  /** Which message and where it goes, for people. */
  @Override
  public String toString() {
    WireMessage wire = message.message();
    return wire.id() + " to " + message.channel();
  }
}
