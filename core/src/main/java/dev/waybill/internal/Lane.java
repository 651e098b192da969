package dev.waybill.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one key, of which the first is being dealt with: a list whose links are in the
 * works themselves, for most lanes have one message and end with it. Guarded by the schedule's
 * lock.
 */
final class Lane {
  final @Nullable String key;

  /**
   * While those behind a head that comes again go back, nothing of the key is begun: the head and
   * those, in the order in which they come again. Else empty.
   */
  List<Work> leaving = List.of();

  private @Nullable Work first;
  private @Nullable Work last;
  private int size;

  Lane(@Nullable String key) {
    this.key = key;
  }

  void add(Work work) {
    if (last == null) {
      first = work;
    } else {
      last.behind = work;
    }
    last = work;
    size++;
  }

  /** The first; there is one. */
  Work head() {
    return Objects.requireNonNull(first);
  }

  /** Takes the first out. */
  Work remove() {
    Work head = head();
    first = head.behind;
    last = first == null ? null : last;
    head.behind = null;
    size--;
    return head;
  }

  /** Takes all out. */
  List<Work> clear() {
    List<Work> all = new ArrayList<>(size);
    while (size > 0) {
      all.add(remove());
    }
    return all;
  }

  boolean isLeaving() {
    return !leaving.isEmpty();
  }

  List<Work> all() {
    List<Work> all = new ArrayList<>(size);
    for (Work work = first; work != null; work = work.behind) {
      all.add(work);
    }
    return all;
  }

  int size() {
    return size;
  }
}
