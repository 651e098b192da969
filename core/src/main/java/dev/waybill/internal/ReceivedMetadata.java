package dev.waybill.internal;

import dev.waybill.Metadata;
import dev.waybill.transport.Delivery;
import java.util.function.Supplier;

/**
 * The metadata of a message that is handled, read when somebody asks for it: few handlers do.
 *
 * @param delivery of a message of which {@link WireMapping#checkedExpiry} has said that it can be
 *     read
 * @param type the name of the route, if the message names none
 */
record ReceivedMetadata(Delivery delivery, String type) implements Supplier<Metadata> {
  @Override
  public Metadata get() {
    Metadata metadata = WireMapping.decode(delivery.message(), delivery::brokerId);
    return metadata.type() == null ? metadata.withType(type) : metadata;
  }
}
