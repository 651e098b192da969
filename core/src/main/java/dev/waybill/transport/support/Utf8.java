package dev.waybill.transport.support;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads UTF-8 exactly, without the objects of a decoder for each text. */
public final class Utf8 {
  /** What the JDK puts in the place of bytes that are not UTF-8. */
  private static final char REPLACEMENT = '\uFFFD';

  private Utf8() {}

  /** The text that {@code bytes} are, or null if they are not UTF-8. */
  public static @Nullable String decode(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    boolean suspect = text.indexOf(REPLACEMENT) >= 0;
    return suspect && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes) ? null : text;
  }
}
