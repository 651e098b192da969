package dev.waybill.transport.inmemory;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a receiver has taken and not settled, in the order in which it was taken: a list whose links
 * are in the deliveries themselves, for each comes here and leaves from anywhere. Guarded by the
 * queue's lock.
 */
final class OpenDeliveries {
  private @Nullable MemoryDelivery first;
  private @Nullable MemoryDelivery last;
  private int size;

  /** Adds one that is in no list. */
  void add(MemoryDelivery delivery) {
    delivery.earlier = last;
    if (last == null) {
      first = delivery;
    } else {
      last.later = delivery;
    }
    last = delivery;
    size++;
  }

  /** Removes one that is there. */
  void remove(MemoryDelivery delivery) {
    MemoryDelivery earlier = delivery.earlier;
    MemoryDelivery later = delivery.later;
    if (earlier == null) {
      first = later;
    } else {
      earlier.later = later;
    }
    if (later == null) {
      last = earlier;
    } else {
      later.earlier = earlier;
    }
    delivery.earlier = null;
    delivery.later = null;
    size--;
  }

  int size() {
    return size;
  }

  /** A copy. */
  List<MemoryDelivery> all() {
    List<MemoryDelivery> all = new ArrayList<>(size);
    for (MemoryDelivery delivery = first; delivery != null; delivery = delivery.later) {
      all.add(delivery);
    }
    return all;
  }
}
