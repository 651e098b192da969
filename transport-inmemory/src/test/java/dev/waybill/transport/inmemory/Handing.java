package dev.waybill.transport.inmemory;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Receiver;

/** A listener that only takes deliveries. */
@FunctionalInterface
interface Handing extends Receiver.Listener {
  @Override
  default void failed(MessagingException problem) {}

  @Override
  default void recovered() {}
}
