package dev.waybill.transport.aws;

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
    int value = text != null ? utf8Length(text) : 0;
    return dataType.length() + value + (bytes != null ? bytes.length : 0);
  }

  /** How many bytes a text has in UTF-8; none of them is made. */
  static int utf8Length(String text) {
    int length = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        length += c < 0x800 || Character.isSurrogate(c) ? 1 : 2; // two surrogates have four bytes
      }
    }
    return length;
  }
}
