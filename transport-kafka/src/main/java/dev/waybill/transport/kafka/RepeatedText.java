package dev.waybill.transport.kafka;

import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The text of a header that says the same in nearly all records: it is read anew only when it
 * changes. Thread-safe.
 */
final class RepeatedText {
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

  String of(byte[] bytes, Function<byte[], String> reading) {
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
