package dev.waybill.internal;

import dev.waybill.transport.Delivery;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A delivery on its way through the library, with what is known of its attempts. Touched by one
 * thread at a time: the one that handles its lane; handed on by the schedule's lock, or with its
 * turn.
 */
final class Work {
  final Delivery delivery;

  /** Those beside it in {@link OpenWorks}, which alone touches them. */
  @Nullable Work earlier;

  @Nullable Work later;

  /** The next of its {@link Lane}, which alone touches it. */
  @Nullable Work behind;

  private boolean busy;
  private boolean handling;
  private long begun;
  private long opened;
  private Waits.@Nullable Due due;
  private int attempt;
  private @Nullable Failed failed;
  private boolean attempted;
  private boolean accepted;
  private boolean lost;
  private boolean postponed;
  private boolean repeated;
  private volatile boolean claimLost;

  /** Attempts that have failed; the last of them may not be known. */
  private record Failed(Instant first, @Nullable Instant last) {}

  Work(Delivery delivery) {
    this.delivery = delivery;
    this.attempt = Math.max(1, delivery.attempt());
  }

  /** For logs: the message's id, by which a person looks for it, and the broker's name for it. */
  String name() {
    String id = delivery.message().id();
    return id == null || delivery.brokerId().contains(id)
        ? delivery.brokerId()
        : id + " (" + delivery.brokerId() + ")";
  }

  /** Which attempt is being made or comes next, from 1. */
  int attempt() {
    return attempt;
  }

  /** How many attempts have been made, this one included once it has begun. */
  int attemptsMade() {
    return attempted ? attempt : attempt - 1;
  }

  /** The handler is about to be called. */
  void begin() {
    attempted = true;
  }

  /**
   * The handler was called, but was cut off by the bus's closing, so that the call does not count.
   */
  void undo() {
    attempted = false;
  }

  /** Notes a failure. */
  void failed(Instant now) {
    failed = new Failed(failed == null ? now : failed.first, now);
  }

  /**
   * Notes what is known of an earlier delivery of the message, which was given back.
   *
   * @param next the next attempt, if it is not the transport that counts
   * @param wait what the message was waiting for
   */
  void cameAgain(@Nullable Instant first, int next, Waits.@Nullable Due wait) {
    failed = first == null ? null : new Failed(first, null);
    attempt = next > 0 ? next : attempt;
    due = wait;
  }

  /** Was not handled, or may not say so: is tried again, and that is the same attempt. */
  void postpone() {
    attempted = false;
    postponed = true;
  }

  /** Whether its handling was begun here before, counted or not. */
  boolean isRepeated() {
    return repeated;
  }

  /** Goes on to the next attempt. */
  void next() {
    attempt += postponed ? 0 : 1;
    postponed = false;
    attempted = false;
    repeated = true;
  }

  /** When its delivery was opened, as a nano time. */
  long opened() {
    return opened;
  }

  void opened(long nanoTime) {
    opened = nanoTime;
  }

  /** What it waits for; null if it may be handled. */
  Waits.@Nullable Due due() {
    return due;
  }

  void due(Waits.@Nullable Due wait) {
    due = wait;
  }

  @Nullable Instant firstFailure() {
    return failed == null ? null : failed.first;
  }

  @Nullable Instant lastFailure() {
    return failed == null ? null : failed.last;
  }

  /**
   * Being handled or settled, rather than waiting for its turn or a retry; guarded by the
   * schedule's lock.
   */
  boolean isBusy() {
    return busy;
  }

  void busy(boolean busy) {
    this.busy = busy;
    this.handling &= busy;
  }

  /** Its handling begins, and goes on while it is busy; as {@link #isBusy}. */
  void handling() {
    busy = true;
    handling = true;
    begun = System.nanoTime();
  }

  /** Since when it is being handled, as a nano time; null if it is not. As {@link #isBusy}. */
  @Nullable Long handlingSince() {
    return handling ? begun : null;
  }

  /** Accepted before handling: at-most-once. */
  void accepted() {
    accepted = true;
  }

  boolean isAccepted() {
    return accepted;
  }

  /** Could not be accepted before handling, was not handled, and will come again. */
  void lost() {
    lost = true;
  }

  boolean isLost() {
    return lost;
  }

  /** It is ours to handle, whatever became of a claim before. */
  void claimed() {
    claimLost = false;
  }

  /** Somebody else may claim it while it is being handled here; told by another thread. */
  void claimLost() {
    claimLost = true;
  }

  boolean isClaimLost() {
    return claimLost;
  }
}
