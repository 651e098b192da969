package dev.waybill.internal;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Transport;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;

/** Holds a message against what its transport takes. */
final class OutgoingLimits {
  /** No char has more bytes than this in UTF-8. */
  private static final int MAX_BYTES_PER_CHAR = 3;

  private final Transport transport;
  private final Capabilities keyed;
  private final Capabilities plain;

  OutgoingLimits(Transport transport) {
    this.transport = transport;
    this.keyed = transport.capabilities(true);
    this.plain = transport.capabilities(false);
  }

  /**
   * Checks sizes, which a message that is passed by reference has none of, and delay.
   *
   * @param name the payload's class, for errors
   * @throws MessagingException if the transport does not take it
   */
  void check(String name, Channel channel, WireMessage message) {
    Capabilities capabilities = channel.keyed() ? keyed : plain;
    if (message.reference() == null) {
      checkSizes(name, channel, capabilities, message);
    }
    Duration delay = message.delay();
    if (delay != null) {
      Support support = capabilities.support(Feature.DELAY);
      if (!support.serves(delay)) {
        throw new MessagingException(
            ErrorCode.UNSUPPORTED,
            "%s can't be delayed by %s on %s: %s %s."
                .formatted(
                    name,
                    delay,
                    channel,
                    transport.name(),
                    support.limit() == null
                        ? "refuses delays (" + support.note() + ")"
                        : "delays at most " + support.limit() + " (" + support.note() + ")"));
      }
    }
  }

  private void checkSizes(
      String name, Channel channel, Capabilities capabilities, WireMessage message) {
    if (message.body().length > capabilities.maxBodyBytes()) {
      throw tooLarge(
          name,
          channel,
          "has a body of %,d bytes, over the limit of %,d",
          message.body().length,
          capabilities.maxBodyBytes());
    }
    int headers = message.attributes().size() + message.headers().size();
    if (headers > capabilities.maxHeaders()) {
      throw tooLarge(
          name,
          channel,
          "has %,d attributes and headers, over the limit of %,d",
          headers,
          capabilities.maxHeaders());
    }
    long longest = longest(message.attributes()) + longest(message.headers());
    if (longest > capabilities.maxHeaderBytes()) {
      long bytes = bytes(message.attributes()) + bytes(message.headers());
      if (bytes > capabilities.maxHeaderBytes()) {
        throw tooLarge(
            name,
            channel,
            "has %,d bytes of attributes and headers, over the limit of %,d",
            bytes,
            capabilities.maxHeaderBytes());
      }
    }
  }

  private MessagingException tooLarge(
      String name, Channel channel, String what, long is, long limit) {
    return new MessagingException(
        ErrorCode.TOO_LARGE,
        "%s to %s %s of %s: send less, or a reference to it."
            .formatted(
                name, channel, String.format(Locale.ROOT, what, is, limit), transport.name()));
  }

  /** How many bytes the texts have at most; found without encoding them. */
  private static long longest(Map<String, String> texts) {
    if (texts.isEmpty()) {
      return 0;
    }
    Sum sum = new Sum();
    texts.forEach(sum);
    return sum.bytes;
  }

  /** Without the iterator and entries that a loop over the map would make. */
  private static final class Sum implements BiConsumer<String, String> {
    private long bytes;

    @Override
    public void accept(String name, String value) {
      bytes += name.length() + (long) MAX_BYTES_PER_CHAR * value.length();
    }
  }

  private static long bytes(Map<String, String> texts) {
    long bytes = 0;
    for (Map.Entry<String, String> text : texts.entrySet()) {
      bytes += text.getKey().length() + text.getValue().getBytes(StandardCharsets.UTF_8).length;
    }
    return bytes;
  }
}
