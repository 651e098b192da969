package dev.waybill.store.jdbc;

import dev.waybill.Outbox.Relay;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.ReplyQueue;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sending of a batch: different keys at once, the messages of a key one after another, and none
 * behind one that has failed. Used by one thread.
 */
final class OutboxBatch {
  /** A message that was not confirmed, and why. */
  record Unsent(OutboxRow row, Throwable failure) {
    /** Whether the broker may be to blame rather than the message. */
    boolean isTransient() {
      if (failure instanceof SendException e && e.certainty() == SendException.Certainty.UNKNOWN) {
        return true;
      }
      return failure instanceof MessagingException e
          && (e.code().isTransient() || e.code() == ErrorCode.CLOSED);
    }
  }

  private record Answer(Queue<OutboxRow> lane, OutboxRow row, @Nullable Throwable failure) {}

  /** Keeps the lease of what is being sent. */
  @FunctionalInterface
  interface Keeper {
    /** Renews it; returns whether it is still held. */
    boolean renew();
  }

  private final Relay relay;
  private final Keeper keeper;
  private final BooleanSupplier closing;
  private final long renewEvery;
  private long nextRenewal;
  private long deadline;
  private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private final List<OutboxRow> sent = new ArrayList<>();
  private final List<Unsent> unsent = new ArrayList<>();

  /**
   * A batch.
   *
   * @param renewEvery how often the lease is renewed while answers are waited for
   * @param closing when it is true, nothing more is begun
   */
  OutboxBatch(Relay relay, Keeper keeper, Duration renewEvery, BooleanSupplier closing) {
    this.closing = closing;
    this.relay = relay;
    this.keeper = keeper;
    this.renewEvery = renewEvery.toNanos();
  }

  /**
   * Sends. Blocks until each message that was begun has its answer, which comes within the bus's
   * send timeout.
   *
   * @param patience when it is over, or the lease is lost, nothing more is begun
   */
  void send(List<OutboxRow> rows, Duration patience) {
    deadline = System.nanoTime() + patience.toNanos();
    nextRenewal = System.nanoTime() + renewEvery;
    Map<Object, Queue<OutboxRow>> lanes = new LinkedHashMap<>();
    rows.forEach(row -> lanes.computeIfAbsent(row.lane(), any -> new ArrayDeque<>()).add(row));
    int waiting = 0;
    boolean interrupted = false;
    for (Queue<OutboxRow> lane : lanes.values()) {
      waiting += begin(lane);
    }
    while (waiting > 0) {
      try {
        Answer answer = answers.poll(nextRenewal - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (answer != null) {
          waiting--;
          if (take(answer)) {
            waiting += begin(answer.lane());
          }
        }
        renewIfDue();
      } catch (InterruptedException e) {
        interrupted = true; // what is under way must have its answer, or it would be sent twice
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private int begin(Queue<OutboxRow> lane) {
    renewIfDue();
    boolean over = closing.getAsBoolean() || System.nanoTime() - deadline >= 0;
    OutboxRow row = over ? null : lane.poll();
    if (row == null) {
      return 0;
    }
    CompletableFuture<?> answer;
    try {
      answer = relay.send(row.message());
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    var unused =
        answer.whenComplete((receipt, failure) -> answers.add(new Answer(lane, row, failure)));
    return 1;
  }

  private void renewIfDue() {
    long now = System.nanoTime();
    if (now - nextRenewal >= 0) {
      nextRenewal = now + renewEvery;
      if (!keeper.renew()) {
        deadline = now;
      }
    }
  }

  /** Whether the lane may go on. */
  private boolean take(Answer answer) {
    Throwable failure = cause(answer.failure());
    if (failure == null || isReplyToNobody(answer.row(), failure)) {
      sent.add(answer.row());
      return true;
    }
    unsent.add(new Unsent(answer.row(), failure));
    return false;
  }

  private static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  /** Its requester is gone, and its request has timed out. */
  private static boolean isReplyToNobody(OutboxRow row, Throwable failure) {
    return row.message().channel() instanceof ReplyQueue
        && failure instanceof MessagingException e
        && (e.code() == ErrorCode.NOT_FOUND || e.code() == ErrorCode.UNROUTABLE);
  }

  /** What the broker has confirmed. */
  List<OutboxRow> sent() {
    return sent;
  }

  /** What it has not. */
  List<Unsent> unsent() {
    return unsent;
  }
}
