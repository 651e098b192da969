package dev.waybill.transport.aws;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * A message attribute of SQS and SNS.
 *
 * @param dataType {@code String}, {@code Number} or {@code Binary}, perhaps with a {@code .label}
 * @param text the value of a string or number, else null
 * @param bytes the value of a binary attribute, else null
 */
@SuppressWarnings("ArrayRecordComponent") // carried from the SDK and back to it, never compared
record NativeAttribute(String dataType, @Nullable String text, byte @Nullable [] bytes) {
  static NativeAttribute string(String value) {
    return new NativeAttribute("String", value, null);
  }

  /** The text, or the bytes in Base64. */
  String asText() {
    if (text != null) {
      return text;
    }
    return bytes == null ? "" : Base64.getEncoder().encodeToString(bytes);
  }

  /** How much of the message size it takes, without its name. */
  int size() {
    int value = text != null ? text.getBytes(StandardCharsets.UTF_8).length : 0;
    return dataType.length() + value + (bytes != null ? bytes.length : 0);
  }
}
