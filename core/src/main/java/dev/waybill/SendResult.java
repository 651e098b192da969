package dev.waybill;

import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What became of a send, as {@link Interceptor#sent} is told.
 *
 * @param metadata the message's, as it was sent; as it was given if it could not be made ready
 * @param channel where it went, or was to go
 * @param took from the transport's being called, back-pressure included, to the answer; zero if it
 *     was not called
 * @param receipt the broker's confirmation; null if there is none: the send has failed, or it was
 *     stored together with the settlement of what was handled
 * @param failure why it has failed, and what is known of the message; null if it was sent
 */
public record SendResult(
    Metadata metadata,
    Channel channel,
    Duration took,
    @Nullable SendReceipt receipt,
    @Nullable SendException failure) {
  /** Whether the broker has stored it. */
  public boolean isSent() {
    return failure == null;
  }
}
