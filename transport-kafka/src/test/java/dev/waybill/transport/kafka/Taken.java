package dev.waybill.transport.kafka;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes records one by one. */
final class Taken {
  private Taken() {}

  /** The next one that can be delivered, or null. */
  static @Nullable Held next(PartitionWork work) {
    List<Held> one = work.next(1);
    return one.isEmpty() ? null : one.get(0);
  }
}
