package dev.waybill.internal;

import dev.waybill.Command;
import dev.waybill.Metadata;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.MessageKind;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Route;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The requests of a bus, and those that wait for their replies by the id of the request. */
final class Requests {
  private static final Duration LONGEST_TIMEOUT = Duration.ofDays(365);

  private final BusPlan plan;
  private final ReplyQueue replies;
  private final OutgoingPipeline outgoing;
  private final ScheduledExecutorService timer;
  private final Executor answers;
  private final Executor late;
  private final Map<String, Pending<?>> waiting = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** A request that waits; the first that completes it counts. */
  final class Pending<R> {
    private final String id;
    private final Route<?> route;
    private final Class<R> replyType;
    private final CompletableFuture<R> reply = new CompletableFuture<>();

    private Pending(String id, Route<?> route, Class<R> replyType) {
      this.id = id;
      this.route = route;
      this.replyType = replyType;
    }

    /** Takes a reply, if it is one that was asked for. */
    void complete(Object payload, String typeName) {
      if (replyType.isInstance(payload)) {
        forget();
        reply.complete(replyType.cast(payload));
      } else {
        fail(
            new MessagingException(
                ErrorCode.UNKNOWN_TYPE,
                "the reply is %s '%s', and not of %s: request what the handler replies with"
                    .formatted(
                        payload.getClass().getSimpleName(), typeName, replyType.getSimpleName())));
      }
    }

    void fail(Throwable failure) {
      forget();
      reply.completeExceptionally(failure);
    }

    /** Which request it is and where it went, for errors. */
    @Override
    public String toString() {
      return "the request %s (%s) to the %s".formatted(id, route.typeName(), route.channel());
    }

    /** Before it is done: whoever waited for it may make the same request again. */
    private void forget() {
      waiting.remove(id, this);
    }
  }

  /**
   * What failed completes its request on {@code answers}, what came not in time on {@code late}.
   */
  Requests(
      BusPlan plan,
      ReplyQueue replies,
      OutgoingPipeline outgoing,
      ScheduledExecutorService timer,
      Executor answers,
      Executor late) {
    this.plan = plan;
    this.replies = replies;
    this.outgoing = outgoing;
    this.timer = timer;
    this.answers = answers;
    this.late = late;
  }

  /** Sends a request; mistakes of the caller's fail the future, except a wrong timeout. */
  <R> CompletableFuture<R> send(Command<?> command, Class<R> replyType, Duration timeout) {
    if (timeout.isZero() || timeout.isNegative() || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
      throw new IllegalArgumentException(
          "a request with a timeout of %s: give a positive one of at most %d days"
              .formatted(timeout, LONGEST_TIMEOUT.toDays()));
    }
    try {
      Route<?> route = outgoing.routeFor(MessageKind.COMMAND, command.payload().getClass());
      if (!plan.routes().hasReply(replyType)) {
        throw new MessagingException(
            ErrorCode.NO_ROUTE,
            "no reply is %s: add r.reply(…) for it, or for a class that implements it, to the routes."
                .formatted(replyType.getSimpleName()));
      }
      Command<?> request = command.with(m -> stamped(m, route, timeout));
      Pending<R> pending = new Pending<>(request.metadata().id(), route, replyType);
      await(pending, timeout);
      if (!pending.reply.isDone()) {
        send(request, timeout, pending);
      }
      return pending.reply;
    } catch (MessagingException e) {
      return CompletableFuture.failedFuture(
          SendException.rejected(e.code(), String.valueOf(e.getMessage()), e));
    }
  }

  private void await(Pending<?> pending, Duration timeout) {
    String id = pending.id;
    if (waiting.putIfAbsent(id, pending) != null) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the request %s waits for its reply already: give each request an id of its own"
              .formatted(id));
    }
    try {
      ScheduledFuture<?> deadline =
          timer.schedule(
              () -> late.execute(() -> pending.fail(timedOut(pending, timeout))),
              timeout.toNanos(),
              TimeUnit.NANOSECONDS);
      forgetWhenDone(pending, deadline);
    } catch (RejectedExecutionException e) { // the bus was closed meanwhile
      pending.fail(closed(id));
    }
    if (closed) {
      pending.fail(closed(id));
    }
  }

  /** Also if its caller has completed or cancelled it. */
  private static void forgetWhenDone(Pending<?> pending, ScheduledFuture<?> deadline) {
    var unused =
        pending.reply.whenComplete(
            (reply, failure) -> {
              pending.forget();
              deadline.cancel(false);
            });
  }

  private Metadata stamped(Metadata given, Route<?> route, Duration timeout) {
    Instant now = plan.clock().instant().truncatedTo(ChronoUnit.MILLIS);
    Duration lifetime = route.expiresAfter();
    Instant expiresAt =
        now.plus(lifetime != null && lifetime.compareTo(timeout) < 0 ? lifetime : timeout);
    Instant own = given.expiresAt();
    return given
        .withReplyTo(replies.name())
        .withExpiresAt(own != null && own.isBefore(expiresAt) ? own : expiresAt);
  }

  private void send(Command<?> command, Duration timeout, Pending<?> pending) {
    Duration deadline = timeout.compareTo(plan.sendTimeout()) < 0 ? timeout : plan.sendTimeout();
    var unused =
        outgoing
            .send(pending.route, command, deadline)
            .whenComplete(
                (receipt, failure) -> {
                  if (failure != null && !(deadline.equals(timeout) && isLate(failure))) {
                    answers.execute(() -> pending.fail(failure));
                  }
                });
  }

  /** Then the request's own timeout comes at the same moment, and says more. */
  private static boolean isLate(Throwable failure) {
    return failure instanceof SendException e
        && e.code() == ErrorCode.TIMEOUT
        && e.certainty() == SendException.Certainty.UNKNOWN;
  }

  /** The request of an id, which has its answer now; null if none of this id waits. */
  @Nullable Pending<?> take(String id) {
    return waiting.remove(id);
  }

  /** Fails what waits; from now on nothing does. */
  void close() {
    closed = true;
    Map.copyOf(waiting).forEach((id, pending) -> pending.fail(closed(id)));
  }

  private static MessagingException timedOut(Pending<?> pending, Duration timeout) {
    return new MessagingException(
        ErrorCode.TIMEOUT,
        "%s had no reply within %s; it may or may not have been handled"
            .formatted(pending, timeout));
  }

  private MessagingException closed(String id) {
    return new MessagingException(
        ErrorCode.CLOSED,
        "the bus %s was closed while the request %s waited for its reply; it may or may not have been handled"
            .formatted(plan.name(), id));
  }
}
