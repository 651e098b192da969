package dev.waybill.internal;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one key, of which the first is being dealt with; guarded by the dispatcher's
 * lock.
 */
final class Lane {
  final @Nullable String key;
  final ArrayDeque<Work> queue = new ArrayDeque<>(2);

  /** While those behind a head that comes again go back, nothing of the key is begun. */
  boolean leaving;

  Lane(@Nullable String key) {
    this.key = key;
  }
}
