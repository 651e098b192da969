package dev.waybill.transport.support;

import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The text of a header that says the same in nearly all messages: it is read anew only when it
 * changes. Thread-safe.
 */
public final class RepeatedText {
  /** Longer ones are not kept. */
  private static final int LONGEST = 256;

  private static final class Last {
    private final byte[] bytes;
    private final String text;

    Last(byte[] bytes, String text) {
      this.bytes = bytes;
      this.text = text;
    }
  }

  private volatile @Nullable Last last;

  /** Knows no text yet. */
  public RepeatedText() {}

  /**
   * The text of {@code bytes}: the last one if they are the same, else what {@code reading} makes
   * of them. The bytes are kept, and must not be changed.
   */
  public String of(byte[] bytes, Function<byte[], String> reading) {
    Last before = last;
    if (before != null && Arrays.equals(before.bytes, bytes)) {
      return before.text;
    }
    String text = reading.apply(bytes);
    if (bytes.length <= LONGEST) {
      last = new Last(bytes, text);
    }
    return text;
  }
}
