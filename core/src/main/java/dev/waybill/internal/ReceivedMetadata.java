package dev.waybill.internal;

import dev.waybill.Metadata;
import dev.waybill.transport.Delivery;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The metadata of a message that is handled, read when somebody asks for it: few handlers do. */
final class ReceivedMetadata implements Supplier<Metadata> {
  private final String type;

  /** Until it is read, and no longer: it holds the body. */
  private @Nullable Delivery unread;

  private @Nullable Metadata read;

  /**
   * Of a message of which {@link WireMapping#checkedExpiry} has said that it can be read.
   *
   * @param type the name of the route, if the message names none
   */
  ReceivedMetadata(Delivery delivery, String type) {
    this.unread = delivery;
    this.type = type;
  }

  @Override
  public synchronized Metadata get() {
    Delivery delivery = unread;
    if (delivery != null) {
      Metadata metadata = WireMapping.decode(delivery.message(), delivery::brokerId);
      read = metadata.type() == null ? metadata.withType(type) : metadata;
      unread = null;
    }
    return Objects.requireNonNull(read);
  }
}
