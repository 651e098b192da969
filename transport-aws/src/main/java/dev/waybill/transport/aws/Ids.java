package dev.waybill.transport.aws;

import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Message group and deduplication ids of FIFO queues and topics: 1 to 128 letters, digits and
 * punctuation marks of ASCII. What does not fit is hashed.
 */
final class Ids {
  private static final int MAX_LENGTH = 128;

  private Ids() {}

  /** The key's group; a message without a key is a group of its own and waits for none. */
  static String group(WireMessage message) {
    String key = message.key();
    return fit(key != null ? key : messageId(message));
  }

  /**
   * Of the message's source and id, which are unique together, so that SQS drops a second copy that
   * is sent within five minutes, and no message of another source. A message that the library sends
   * once more on purpose (a replay of a dead letter) says so in headers {@code waybill-…}; these
   * count as well, or SQS would drop it, too.
   */
  static String deduplication(WireMessage message) {
    Map<String, String> marks = new TreeMap<>();
    message
        .headers()
        .forEach(
            (name, value) -> {
              if (name.startsWith("waybill-")) {
                marks.put(name, value);
              }
            });
    String id = messageId(message);
    String source = message.attributes().get("source");
    String identity = source == null ? id : source.length() + "#" + source + "#" + id;
    return marks.isEmpty() ? fit(identity) : hashed(identity + marks);
  }

  static String sha256(String text) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static String messageId(WireMessage message) {
    String id = message.id();
    return id != null ? id : UUID.randomUUID().toString();
  }

  private static String fit(String text) {
    boolean fits = !text.isEmpty() && text.length() <= MAX_LENGTH;
    return fits && text.chars().allMatch(c -> c > ' ' && c < 0x7F) ? text : hashed(text);
  }

  private static String hashed(String text) {
    return "sha256-" + sha256(text);
  }
}
