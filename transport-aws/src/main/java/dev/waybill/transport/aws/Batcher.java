package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts entries together into calls of up to ten. A call is made when it is full, when there is no
 * use in waiting ({@link Rules#hurry}), or when the first of its entries has waited for the linger
 * time.
 *
 * <p>Entries of one lane are in one call at a time, in the order in which they came; those that
 * have to be done again come first. Thread-safe; never blocks.
 */
final class Batcher<T extends Batcher.Entry> {
  private static final Logger log = LoggerFactory.getLogger(Batcher.class);

  /** The most entries that one call to SQS or SNS takes. */
  static final int MAX_ENTRIES = 10;

  /** What a call is made of. */
  interface Entry {
    /** Those of equal lanes keep their order. */
    Object lane();

    /** How many bytes it adds to a call. */
    long size();

    /** How long it may take until its call is over. */
    Duration remaining();

    /** Gives it that answer, if it has none: its call failed in a way that none should. */
    void fail(AwsFailure failure);
  }

  /** Makes a call. */
  interface Call<T> {
    /**
     * Takes one to ten entries, and gives each of them its answer. Does not block.
     *
     * @return completes when the call is over
     */
    CompletableFuture<Again<T>> make(List<T> entries);
  }

  /**
   * What of a call is to be done again after a pause. Nothing else of its lanes is done before.
   *
   * @param entries in their order
   * @param holdsPlace whether the call counts as under way until then: others would fail like it
   */
  record Again<T>(List<T> entries, Duration pause, boolean holdsPlace) {
    static <T> Again<T> nothing() {
      return new Again<>(List.of(), Duration.ZERO, false);
    }
  }

  /**
   * How entries are put together.
   *
   * @param maxCalls how many calls may be under way at once
   * @param maxBytes of the entries of one call
   * @param maxOfLane how many entries of one lane may be in one call
   * @param linger how long an entry waits for others at most, but for a place; and no longer than
   *     for half of the time that it has
   * @param hurry whether no more entries will come soon; asked with how many calls are under way
   */
  record Rules(int maxCalls, long maxBytes, int maxOfLane, Duration linger, IntPredicate hurry) {}

  private final Rules rules;
  private final Timer timer;
  private final Call<T> call;
  private final Map<Object, Deque<T>> ready = new LinkedHashMap<>(); // lanes without a call
  private final Map<Object, Deque<T>> busy = new HashMap<>(); // lanes with a call, what waits
  private int readyEntries;
  private long readyBytes;
  private int calls;
  private @Nullable Deadline lingering; // when the timer that runs has run out
  private boolean due; // it has run out

  Batcher(Rules rules, Timer timer, Call<T> call) {
    this.rules = rules;
    this.timer = timer;
    this.call = call;
  }

  void add(T entry) {
    synchronized (this) {
      Deque<T> behind = busy.get(entry.lane());
      if (behind != null) {
        behind.add(entry);
      } else {
        ready.computeIfAbsent(entry.lane(), lane -> new ArrayDeque<>(2)).add(entry);
        count(entry, 1);
      }
    }
    makeCalls();
  }

  /** Waits no longer for others. */
  void flush() {
    synchronized (this) {
      due = true;
    }
    makeCalls();
  }

  private void makeCalls() {
    for (List<T> batch = next(); !batch.isEmpty(); batch = next()) {
      List<T> entries = batch;
      CompletableFuture<Void> over =
          made(entries).handle((again, bug) -> over(entries, again, bug));
      if (!over.isDone()) { // else this loop goes on, instead of one within it
        var unused = over.thenRun(this::makeCalls);
      }
    }
  }

  private CompletableFuture<Again<T>> made(List<T> entries) {
    try {
      return call.make(entries);
    } catch (Throwable bug) { // an Error, too, must leave nobody without an answer
      return CompletableFuture.failedFuture(bug);
    }
  }

  private synchronized List<T> next() {
    if (calls >= rules.maxCalls() || readyEntries == 0) {
      return List.of();
    }
    boolean full = readyEntries >= MAX_ENTRIES || readyBytes >= rules.maxBytes();
    if (!full && !due && !rules.hurry().test(calls)) {
      linger();
      return List.of();
    }
    due = false;
    List<T> batch = take();
    if (readyEntries == 0) {
      lingering = null; // what comes now has its own time to wait
    }
    calls++;
    return batch;
  }

  private List<T> take() {
    List<T> batch = new ArrayList<>(MAX_ENTRIES);
    long bytes = 0;
    Iterator<Map.Entry<Object, Deque<T>>> lanes = ready.entrySet().iterator();
    while (lanes.hasNext() && batch.size() < MAX_ENTRIES) {
      Map.Entry<Object, Deque<T>> lane = lanes.next();
      Deque<T> entries = lane.getValue();
      int ofLane = 0;
      while (!entries.isEmpty()
          && ofLane < rules.maxOfLane()
          && batch.size() < MAX_ENTRIES
          && (batch.isEmpty() || bytes + entries.element().size() <= rules.maxBytes())) {
        T entry = entries.remove();
        bytes += entry.size();
        batch.add(entry);
        count(entry, -1);
        ofLane++;
      }
      if (ofLane == 0) {
        break; // the call has no room for it: it is the first of the next one
      }
      entries.forEach(entry -> count(entry, -1));
      lanes.remove();
      busy.put(lane.getKey(), entries);
    }
    return batch;
  }

  private @Nullable Void over(List<T> entries, @Nullable Again<T> answer, @Nullable Throwable bug) {
    Again<T> again = answer == null ? Again.nothing() : answer;
    if (bug != null) {
      log.error("A call to AWS failed in a way that none should", bug);
      entries.forEach(entry -> entry.fail(AwsFailure.of(bug)));
    }
    Set<Object> waiting = new HashSet<>();
    again.entries().forEach(entry -> waiting.add(entry.lane()));
    synchronized (this) {
      calls -= again.holdsPlace() ? 0 : 1;
      entries.stream().filter(entry -> !waiting.contains(entry.lane())).forEach(this::free);
    }
    if (!waiting.isEmpty()) {
      timer.after(again.pause(), () -> repeat(again));
    }
    return null;
  }

  private void repeat(Again<T> again) {
    List<T> entries = again.entries();
    synchronized (this) {
      calls -= again.holdsPlace() ? 1 : 0;
      for (int i = entries.size() - 1; i >= 0; i--) {
        T entry = entries.get(i);
        busy.computeIfAbsent(entry.lane(), lane -> new ArrayDeque<>(2)).addFirst(entry);
      }
      entries.forEach(this::free);
    }
    makeCalls();
  }

  /** The entry's lane may be in a call again. */
  private void free(T entry) {
    Deque<T> waiting = busy.remove(entry.lane());
    if (waiting != null && !waiting.isEmpty()) {
      ready.put(entry.lane(), waiting);
      waiting.forEach(one -> count(one, 1));
    }
  }

  private void count(T entry, int sign) {
    readyEntries += sign;
    readyBytes += sign * entry.size();
  }

  private void linger() {
    long nanos = rules.linger().toNanos(); // a Duration divides by way of a BigDecimal
    for (Deque<T> entries : ready.values()) {
      for (T entry : entries) {
        nanos = Math.min(nanos, entry.remaining().toNanos() / 2);
      }
    }
    Duration time = Duration.ofNanos(nanos);
    if (lingering == null || lingering.remaining().compareTo(time) > 0) {
      Deadline end = Deadline.in(time);
      lingering = end;
      timer.after(time, () -> lingered(end));
    }
  }

  private void lingered(Deadline end) {
    synchronized (this) {
      if (lingering != end) {
        return; // another entry could not wait as long
      }
      lingering = null;
      due = readyEntries > 0;
    }
    makeCalls();
  }
}
