package dev.waybill.transport.kafka;

import dev.waybill.transport.Settlement;
import java.time.Duration;
import java.util.Iterator;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member of a share group on a thread of its own: fetches a batch, hands it over within the
 * credit, acknowledges what is settled, and fetches the next batch when nothing of this one is
 * left. Never runs a handler. A consumer that fails is replaced by a new one; what it had comes
 * again.
 */
final class ShareMember implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(ShareMember.class);
  private static final Duration POLL = Duration.ofMillis(100);

  /** After this time a batch whose rest is not settled holds up the receiver. */
  private static final Duration HELD_UP = Duration.ofSeconds(1);

  /** A member that was needed may soon be needed again. */
  private static final Duration IDLE = Duration.ofSeconds(30);

  /**
   * A record that is to be delivered.
   *
   * @param due when, or null if at once
   */
  private record Waiting(Acquired acquired, int attempt, @Nullable Deadline due) {
    boolean isDue() {
      return due == null || due.passed();
    }
  }

  private final ShareReceiver receiver;
  private final Supplier<ShareSession> sessions;
  private final ShareSettler settler;
  private final Bell bell = new Bell();
  private final LoopEnd end = new LoopEnd();
  private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
  private volatile @Nullable ShareSession session;
  private volatile @Nullable Deadline heldUp;
  private volatile Deadline idle = Deadline.in(IDLE);
  private volatile boolean renewal;
  private volatile boolean fetching;

  /**
   * A member.
   *
   * @param first its first session
   * @param sessions makes further ones
   */
  ShareMember(ShareReceiver receiver, ShareSession first, Supplier<ShareSession> sessions) {
    this.receiver = receiver;
    this.session = first;
    this.sessions = sessions;
    this.settler = new ShareSettler(receiver, this);
  }

  /** Makes it look for something to do; from any thread. */
  void ring() {
    bell.ring();
  }

  /** Makes the locks be renewed soon; from any thread. */
  void renew() {
    renewal = true;
    ring();
  }

  /** Whether it can't fetch, because the rest of its batch takes long; from any thread. */
  boolean isHeldUp() {
    Deadline since = heldUp;
    return since != null && since.passed();
  }

  /** Whether the broker may give it something, which it does not know of yet; from any thread. */
  boolean isFetching() {
    return fetching;
  }

  /** Whether it has fetched nothing for long; from any thread. */
  boolean isIdle() {
    return idle.passed();
  }

  /** How many records it has locked and not delivered; from any thread. */
  int waiting() {
    return waiting.size();
  }

  /** How many of those are not due yet, whatever their keys; from any thread. */
  int waitingForTime() {
    return (int) waiting.stream().filter(each -> !each.isDue()).count();
  }

  /** Makes it end soon; from any thread. */
  void end() {
    end.now();
    ring();
  }

  /** Makes a call to the broker that is under way fail; from any thread. */
  void interrupt() {
    ShareSession current = session;
    if (current != null) {
      current.wakeup();
    }
  }

  /** Settles a delivery of {@code acquired}; from any thread. */
  void settle(Acquired acquired, Settlement how, CompletableFuture<Settlement.Result> result) {
    settler.settle(acquired, how, result);
  }

  /** Delivers a record again, from memory; from any thread. */
  void again(Acquired acquired, Settlement.Release how) {
    Deadline due = how.after().isZero() ? null : Deadline.in(how.after());
    waiting.add(new Waiting(acquired, how.attemptsMade() + 1, due));
    ring();
  }

  @Override
  public void run() {
    try {
      while (!end.hasCome()) {
        try {
          ShareSession current = session;
          if (current != null) {
            serve(current);
          }
          if (receiver.isStopped() || receiver.dismisses(this)) {
            return;
          }
          if (receiver.isPaused()) {
            bell.await(POLL);
          } else if (session == null) {
            session = sessions.get();
          }
        } catch (RuntimeException | Error e) { // an Error must not end the receiving for good
          replace(e);
        }
      }
    } finally {
      close();
    }
  }

  /**
   * Until the end has come, or the receiver has no use for it any more; or none for now: a member
   * that is paused leaves the group, for else the broker would lock records for it.
   */
  private void serve(ShareSession current) {
    ConnectionWatch watch = current.watch();
    while (!end.hasCome()) {
      giveBackWhatIsNotWanted();
      deliver();
      settler.acknowledge(current);
      keepLocks(current);
      if (!current.isEmpty()) {
        receiver.relieve();
        bell.await(POLL);
      } else {
        fetching = true; // before the look: others give back after the stop if nobody is fetching
        if (receiver.isStopped() || receiver.dismisses(this)) {
          return;
        }
        if (receiver.isPaused()) {
          loseSession();
          return;
        }
        fetch(current);
      }
      report(watch.look());
    }
  }

  private void fetch(ShareSession current) {
    heldUp = null;
    waiting.clear(); // what was given back by whoever did not know that it was lost
    for (Acquired acquired : current.poll(POLL)) {
      fetching = false;
      heldUp = Deadline.in(HELD_UP);
      idle = Deadline.in(IDLE);
      waiting.add(new Waiting(acquired, acquired.deliveryCount(), null));
    }
  }

  private void deliver() {
    boolean some = true;
    while (some) {
      some = receiver.deliver(this::deliverNext);
    }
  }

  private boolean deliverNext() {
    if (end.hasCome()) {
      return false;
    }
    for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
      Waiting next = all.next();
      if (next.isDue() && next.acquired().isOwned()) {
        if (!receiver.credit().take()) {
          return false;
        }
        all.remove();
        next.acquired().delivered();
        receiver.delivered(next.acquired(), next.attempt(), this);
        return true;
      }
    }
    return false;
  }

  /**
   * While paused all but what waits for its retry, whose time the group does not know. What the
   * broker could not be told of before it is wanted again is kept.
   */
  private void giveBackWhatIsNotWanted() {
    if (!receiver.isStopped() && !receiver.isPaused()) {
      for (Acquired kept : settler.keep()) {
        waiting.add(new Waiting(kept, kept.deliveryCount(), null));
      }
    } else {
      boolean all = receiver.isStopped();
      waiting.removeIf(
          next -> {
            boolean isRetry = next.attempt() > next.acquired().deliveryCount();
            if (all || !isRetry) {
              settler.giveBack(next.acquired());
            }
            return all || !isRetry;
          });
    }
  }

  private void keepLocks(ShareSession current) {
    current.dropLost(this::lose);
    if (!current.isEmpty() && (renewal || (!waiting.isEmpty() && current.isHalfway()))) {
      renewal = false;
      current.renew().forEach(this::lose);
    }
  }

  private void lose(Acquired acquired) {
    waiting.removeIf(next -> next.acquired() == acquired);
    settler.lose(acquired);
  }

  private void report(ConnectionWatch.Health health) {
    switch (health) {
      case LOST -> receiver.disconnected(this);
      case GOOD -> {
        end.succeeded();
        receiver.recovered(this);
      }
      case UNKNOWN -> {}
    }
  }

  private void replace(Throwable error) {
    loseSession();
    if (!end.hasCome()) {
      log.debug("The consumer of {} is replaced", receiver.source(), error);
      receiver.failed(this, error);
      end.backOff();
    }
  }

  private void close() {
    ShareSession current = session;
    if (current != null) {
      try {
        settler.acknowledge(current);
      } catch (RuntimeException e) { // the session is to be closed all the same
        log.warn("The last acknowledgements failed: settled messages may come again", e);
      }
    }
    loseSession();
    settler.end();
    receiver.gone(this);
  }

  private void loseSession() {
    ShareSession current = session;
    session = null;
    heldUp = null;
    if (current != null) {
      current.open().forEach(this::lose);
      current.close();
    }
    fetching = false;
  }
}
