package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.WireMessage;
import java.time.Duration;

/**
 * How the broker behaves towards a transport, on keyed channels or on the others: as the
 * capabilities say, so that what is declared is what is done.
 *
 * @param capabilities what the transport declares
 * @param counting how attempts are counted
 */
record Conduct(Capabilities capabilities, Counting counting) {
  /** Whether messages come in the order in which they were stored; if not, none is relied upon. */
  boolean ordered() {
    return capabilities.support(Feature.ORDER_PER_KEY).level() != Level.REFUSED;
  }

  /**
   * Holds a message against the limits.
   *
   * @throws SendException if it is over one of them
   */
  void check(Channel channel, WireMessage message) {
    if (message.reference() == null && message.body().length > capabilities.maxBodyBytes()) {
      throw SendException.rejected(
          ErrorCode.TOO_LARGE,
          "The body has %d bytes, %s takes %d at most: send less, or raise the transport's maxBodyBytes."
              .formatted(message.body().length, channel, capabilities.maxBodyBytes()),
          null);
    }
    if (message.delay() != null) {
      checkDelay(channel, message.delay());
    }
  }

  private void checkDelay(Channel channel, Duration delay) {
    Support support = capabilities.support(Feature.DELAY);
    if (!support.serves(delay)) {
      throw SendException.rejected(
          ErrorCode.UNSUPPORTED,
          "A message to %s can't be delayed by %s: %s".formatted(channel, delay, support.note()),
          null);
    }
  }
}
