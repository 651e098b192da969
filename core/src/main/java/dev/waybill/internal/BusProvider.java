package dev.waybill.internal;

import dev.waybill.MessageBus;
import dev.waybill.transport.Transport;

/** The service through which the API finds its implementation. */
public final class BusProvider implements MessageBus.Provider {
  @Override
  public MessageBus.Builder over(Transport transport) {
    return new BusBuilder(transport);
  }
}
