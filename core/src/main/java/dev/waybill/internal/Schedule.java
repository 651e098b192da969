package dev.waybill.internal;

import dev.waybill.transport.Settlement.Result;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which message is handled when: the lanes of a consumer, and how many workers are at them. All of
 * it is behind one lock, under which nothing is called but the workers' {@code execute}, the
 * timer's {@code schedule} and deliveries' {@code isOwned}. Thread-safe.
 */
final class Schedule {
  /** What a schedule sets going. */
  interface Actions {
    /** A worker: takes its {@link #first} turn, and the {@link #next} ones until there is none. */
    void work();

    /** Has the head of a lane come again after so long; returns whether it will. */
    boolean wake(Turn turn, Duration after);

    /** Gives messages back to the transport, in their order; completes when they are. */
    CompletableFuture<Void> giveBack(List<Work> works);

    /** The schedule is stopped, and nothing is open or running any more. */
    void drained();
  }

  private final Object lock = new Object();
  private final Lanes lanes;
  private final Crew crew;
  private final Lingering lingering = new Lingering(Runtime.getRuntime().availableProcessors());
  private final Waits waits;
  private final Actions actions;
  private volatile boolean stopping;

  Schedule(boolean keyed, int concurrency, Executor workers, Waits waits, Actions actions) {
    this.lanes = new Lanes(keyed);
    this.crew = new Crew(concurrency, workers, actions::work);
    this.waits = waits;
    this.actions = actions;
  }

  /** A message has arrived; returns false, and does not take it, if it is stopped. */
  boolean add(Work work) {
    synchronized (lock) {
      if (!stopping) {
        lanes.add(work);
        pump(0);
      }
      return !stopping;
    }
  }

  /** Messages have arrived; returns false, and takes none, if it is stopped. */
  boolean add(List<Work> works) {
    synchronized (lock) {
      if (!stopping) {
        works.forEach(lanes::add);
        pump(0);
      }
      return !stopping;
    }
  }

  /** Changes how many handlers may run at a time; those that run go on. */
  void concurrency(int handlers) {
    synchronized (lock) {
      crew.concurrency(handlers);
      pump(0);
    }
  }

  /** The first turn of a worker that was called; null if there is nothing to do any more. */
  @Nullable Turn first() {
    synchronized (lock) {
      crew.arrived();
      return begin(Thread.currentThread());
    }
  }

  /**
   * A worker's next turn, null if there is none. What it has settled within the one before is done
   * with here, so that a message takes the lock once.
   */
  @Nullable Turn next(Turn before) {
    before.leave();
    var unused = Thread.interrupted(); // what interrupted a handler is not to reach the next
    boolean leavesOthers;
    synchronized (lock) {
      if (before.isOver()) {
        crew.ends();
      }
      leavesOthers = stopping && before.isSettled();
      if (!leavesOthers) {
        if (before.isSettled()) {
          lanes.done(before.lane);
        }
        checkDrained();
        Turn next = begin(Thread.currentThread());
        if (next != null || stopping || !lingering.begin()) {
          return next;
        }
      }
    }
    if (leavesOthers) {
      comesAgain(before, () -> lanes.lost(before.lane), behind -> {});
      return null;
    }
    return afterLingering();
  }

  private @Nullable Turn afterLingering() {
    Turn given = lingering.await();
    if (given != null) {
      return given;
    }
    synchronized (lock) {
      given = lingering.end();
      return given == null ? begin(Thread.currentThread()) : given;
    }
  }

  /** The handling of a message has ended after its worker's turn. */
  void freed() {
    synchronized (lock) {
      crew.ends();
      pump(0);
      checkDrained();
    }
  }

  /** The head of a lane is settled, or lost. */
  void finished(Turn turn, Result result) {
    if (result == Result.SETTLED && turn.settle()) {
      return; // done as its worker goes on to the next
    }
    synchronized (lock) {
      if (!stopping && result == Result.SETTLED) {
        lanes.done(turn.lane);
        pump(turn.sure());
        return;
      }
    }
    comesAgain(turn, () -> lanes.lost(turn.lane), behind -> {});
  }

  /**
   * The head of a lane, given back, will come again when its wait is over, or is lost.
   *
   * @param following is told of what goes back after it, before it does
   */
  void givenBack(Turn turn, Result result, Consumer<List<Work>> following) {
    comesAgain(
        turn,
        () -> result == Result.SETTLED ? lanes.givenBack(turn.lane) : lanes.lost(turn.lane),
        following);
  }

  /**
   * The head of a lane will come again, or the bus stops: those behind it go back after it.
   *
   * @param leaving takes the head and those behind it out of the lane
   */
  private void comesAgain(Turn turn, Supplier<List<Work>> leaving, Consumer<List<Work>> following) {
    List<Work> behind;
    synchronized (lock) {
      behind = stopping ? lanes.end(turn.lane) : leaving.get();
    }
    goBack(turn, behind, following);
  }

  private void goBack(Turn turn, List<Work> behind, Consumer<List<Work>> following) {
    following.accept(behind);
    CompletableFuture<Void> back = actions.giveBack(behind);
    if (stopping) {
      var unused = closed(turn, behind); // nothing comes any more that could overtake them
      return;
    }
    var unused =
        back.whenComplete(
            (done, failure) -> {
              List<Work> next = closed(turn, behind);
              if (!next.isEmpty()) {
                goBack(turn, next, following);
              }
            });
  }

  /** What left a lane is back; returns what has to follow it. */
  private List<Work> closed(Turn turn, List<Work> left) {
    synchronized (lock) {
      left.forEach(lanes::closed);
      List<Work> next = stopping ? List.of() : lanes.cameMeanwhile(turn.lane);
      if (next.isEmpty()) {
        lanes.closed(turn.work);
        pump(turn.sure());
        checkDrained();
      }
      return next;
    }
  }

  /** The head of a lane waits here for its retry; returns false, and it does not, if it can't. */
  boolean await(Turn turn, Duration after) {
    synchronized (lock) {
      boolean waits = !stopping && actions.wake(turn, after);
      turn.work.busy(!waits);
      if (waits) {
        lanes.await(turn.lane);
      }
      return waits;
    }
  }

  /**
   * The head of a lane that waited is to go back before its wait is over; returns false if the stop
   * gives it back.
   */
  boolean goesBack(Turn turn) {
    synchronized (lock) {
      if (!stopping) {
        turn.work.busy(true);
        lanes.goesBack(turn.lane);
      }
      return !stopping;
    }
  }

  /**
   * The head of a lane may be handled again; returns false if the stop came before that, and has
   * left it to the caller to give it back.
   */
  boolean again(Turn turn) {
    synchronized (lock) {
      if (stopping) {
        return !lanes.isOpen(turn.work);
      }
      turn.work.due(null);
      turn.work.busy(false);
      lanes.again(turn.lane);
      pump(turn.sure());
      return true;
    }
  }

  boolean isStopping() {
    return stopping;
  }

  /**
   * Begins nothing more.
   *
   * @return what has not begun and stands behind nothing that has, no longer open
   */
  List<Work> stop() {
    synchronized (lock) {
      if (stopping) {
        return List.of();
      }
      stopping = true;
      List<Work> back = lanes.stop();
      checkDrained();
      return back;
    }
  }

  int inFlight() {
    synchronized (lock) {
      return lanes.inFlight();
    }
  }

  /** How long the oldest of the turns whose messages are not settled has lasted, or null. */
  @Nullable Duration longestHandling() {
    synchronized (lock) {
      return lanes.longestHandling();
    }
  }

  int waitingLanes() {
    synchronized (lock) {
      return lanes.waiting();
    }
  }

  List<Work> open() {
    synchronized (lock) {
      return lanes.open();
    }
  }

  /**
   * Gives the one that lingers a turn, or calls a worker, if there is something to begin; under the
   * lock.
   *
   * @param sure how many are at work and about to look for their next
   */
  private void pump(int sure) {
    if (stopping || !crew.isWanted(lanes.ready(), sure)) {
      return;
    }
    Thread lingers = lingering.take();
    if (lingers == null) {
      crew.call();
    } else {
      lingering.give(begin(lingers), lingers);
    }
  }

  /** Under the lock. */
  private @Nullable Turn begin(Thread worker) {
    while (!stopping && crew.hasRoom()) {
      Lane lane = lanes.next();
      if (lane == null) {
        return null;
      }
      Turn turn = new Turn(lane, lane.head(), worker);
      if (!stillWaits(turn)) {
        turn.work.handling();
        crew.begins();
        pump(0);
        return turn;
      }
    }
    return null;
  }

  /** The head of a lane may have come again before its time; under the lock. */
  private boolean stillWaits(Turn turn) {
    Duration rest = waits.rest(turn.work);
    if (rest == null || !actions.wake(turn, rest)) {
      turn.work.due(null);
      return false;
    }
    turn.leave();
    lanes.await(turn.lane);
    return true;
  }

  /** Under the lock. */
  private void checkDrained() {
    if (stopping && crew.isEmpty() && lanes.isEmpty()) {
      actions.drained();
    }
  }
}
