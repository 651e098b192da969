package dev.waybill.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The messages that a consumer has open, in their order of arrival: a list whose links are in the
 * works themselves, for each message comes here and leaves from anywhere. Guarded by the schedule's
 * lock.
 */
final class OpenWorks {
  private @Nullable Work first;
  private @Nullable Work last;
  private int size;

  /** Adds one that is in no list. */
  void add(Work work) {
    work.earlier = last;
    if (last == null) {
      first = work;
    } else {
      last.later = work;
    }
    last = work;
    size++;
  }

  /** Removes one, if it is there. */
  void remove(Work work) {
    if (!contains(work)) {
      return;
    }
    Work earlier = work.earlier;
    Work later = work.later;
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
    work.earlier = null;
    work.later = null;
    size--;
  }

  boolean contains(Work work) {
    return work.earlier != null || work == first;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  List<Work> inOrder() {
    List<Work> all = new ArrayList<>(size);
    for (Work work = first; work != null; work = work.later) {
      all.add(work);
    }
    return all;
  }
}
