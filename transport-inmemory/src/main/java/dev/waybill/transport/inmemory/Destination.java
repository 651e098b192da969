package dev.waybill.transport.inmemory;

import dev.waybill.transport.WireMessage;

/** What a sender's messages go to. */
interface Destination {
  /** Stores a message, to be delivered after its delay; returns the broker's name for it. */
  String store(WireMessage message);

  /**
   * Takes back a message whose delay is not over, with all its copies.
   *
   * @param brokerId as {@link #store} gave it
   * @return whether there was one
   */
  boolean cancel(String brokerId);
}
