package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.WireMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What tells a message from others when it comes again: its id, attributes, headers and body, and
 * nothing of what the broker writes at each delivery.
 */
final class Fingerprint {
  private final MessageDigest digest;

  private Fingerprint() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  static String of(RabbitDelivery delivery) {
    WireMessage message = delivery.message();
    Map<String, String> headers = new TreeMap<>(message.headers());
    headers.keySet().removeIf(HeaderNames::reserved);
    Fingerprint made = new Fingerprint();
    made.add(delivery.properties().getMessageId());
    made.add(message.contentType());
    made.add(new TreeMap<>(message.attributes()));
    made.add(headers);
    made.digest.update(message.body());
    return HexFormat.of().formatHex(made.digest.digest());
  }

  private void add(Map<String, String> sorted) {
    addLength(sorted.size());
    sorted.forEach(
        (name, value) -> {
          add(name);
          add(value);
        });
  }

  private void add(@Nullable String text) {
    if (text == null) {
      addLength(-1);
    } else {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      addLength(bytes.length);
      digest.update(bytes);
    }
  }

  private void addLength(int length) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(length).flip());
  }
}
