package dev.waybill.internal;

import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Sender.Addressed;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The last step out: every answer comes within the deadline, and is one of the three. */
class ConfirmedSender {
  /**
   * How much sooner the transport's deadline ends than the caller's: at it, a transport still knows
   * what has never left. Ours may end 10 ms sooner ({@link Deadlines}), a transport that looks for
   * what is late from time to time may be as late; the rest is for a machine that is busy, or
   * stands still for a moment.
   */
  private static final Duration LONGEST_LEAD = Duration.ofSeconds(1);

  /** The part of a shorter deadline that is the lead. */
  private static final int LEADS = 10;

  private static final String ADVICE =
      "If it is sent again, then as the same envelope, so that it keeps its id.";

  /**
   * What the broker is asked; its text is for errors.
   *
   * @param <A> what the transport answers
   * @param <R> what the caller gets of that
   */
  interface Asked<A, R> {
    CompletableFuture<A> ask(Sender sender, Duration deadline);

    R result(A answer);

    /** The channels that it is sent to; none if something is taken back. */
    List<Channel> channels();
  }

  /** Messages that are stored together; all their names would leave no room for what is wrong. */
  private record Together(List<Prepared> messages) implements Asked<List<String>, List<String>> {
    @Override
    public CompletableFuture<List<String>> ask(Sender sender, Duration deadline) {
      return sender.sendTogether(
          messages.stream().map(one -> new Addressed(one.channel(), one.message())).toList(),
          deadline);
    }

    @Override
    public List<String> result(List<String> brokerIds) {
      return brokerIds;
    }

    @Override
    public List<Channel> channels() {
      return messages.stream().map(Prepared::channel).toList();
    }

    @Override
    public String toString() {
      return "%d messages, the first of them %s".formatted(messages.size(), messages.get(0));
    }
  }

  private record TakingBack(SendReceipt receipt) implements Asked<Boolean, Boolean> {
    @Override
    public CompletableFuture<Boolean> ask(Sender sender, Duration deadline) {
      return sender.cancel(receipt.channel(), receipt.brokerId(), deadline);
    }

    @Override
    public Boolean result(Boolean takenBack) {
      return takenBack;
    }

    @Override
    public List<Channel> channels() {
      return List.of();
    }

    @Override
    public String toString() {
      return receipt.messageId() + " on " + receipt.channel();
    }
  }

  private final Sender sender;
  private final String transport;
  private final Duration timeout;
  private final Duration timeoutOfTransport;
  private final ScheduledExecutorService timer;
  private final Executor late;
  private final Deadlines deadlines;
  private final SendTrouble trouble;

  /**
   * A sender.
   *
   * @param late tells of what has no answer in time
   */
  ConfirmedSender(BusPlan plan, Sender sender, ScheduledExecutorService timer, Executor late) {
    this.sender = sender;
    this.transport = plan.transport().name();
    this.timeout = plan.sendTimeout();
    this.timeoutOfTransport = lessLead(timeout);
    this.timer = timer;
    this.late = late;
    this.deadlines = new Deadlines(timer, timeout, late);
    this.trouble = new SendTrouble(plan.clock());
  }

  private static Duration lessLead(Duration deadline) {
    Duration part = deadline.dividedBy(LEADS);
    return deadline.minus(part.compareTo(LONGEST_LEAD) < 0 ? part : LONGEST_LEAD);
  }

  private Duration ofTransport(Duration deadline) {
    return deadline.equals(timeout) ? timeoutOfTransport : lessLead(deadline);
  }

  /** What is wrong with sending, in a sentence. */
  Optional<String> problem() {
    return trouble.sentence();
  }

  CompletableFuture<SendReceipt> send(Prepared message, Duration deadline) {
    return ask(message, deadline);
  }

  /** Stores all of them or none. */
  CompletableFuture<List<String>> sendTogether(List<Prepared> messages) {
    return ask(new Together(messages), timeout);
  }

  CompletableFuture<Boolean> cancel(SendReceipt receipt) {
    return ask(new TakingBack(receipt), timeout);
  }

  /**
   * Asks the broker.
   *
   * @param what is written out only if that fails
   */
  private <A, R> CompletableFuture<R> ask(Asked<A, R> what, Duration within) {
    long begun = System.nanoTime();
    CompletableFuture<A> called;
    try {
      called = what.ask(sender, ofTransport(within));
    } catch (RuntimeException e) {
      Call<A, R> failed = new Call<>(what, within);
      failed.fail(
          failed.unanswered(ErrorCode.BROKER_ERROR, "the transport failed while sending", e));
      return failed.answer;
    }
    if (called.isDone() && !called.isCompletedExceptionally()) { // there is no deadline to keep
      answered(what);
      return CompletableFuture.completedFuture(what.result(called.join()));
    }
    return new Call<>(what, within).await(called, begun);
  }

  /** Also if the deadline was faster: the broker answers again. */
  private void answered(Asked<?, ?> what) {
    if (trouble.isAny()) {
      trouble.confirmed(what.channels());
    }
  }

  /** Something asked of the broker, whose answer is due by the deadline. */
  private final class Call<A, R> extends Deadlines.Deadline {
    private final Asked<A, R> what;
    private final Duration timeout;
    private final CompletableFuture<R> answer = new CompletableFuture<>();

    Call(Asked<A, R> what, Duration timeout) {
      this.what = what;
      this.timeout = timeout;
    }

    /**
     * Gives the answer when it has come, or it is late.
     *
     * @param begun when it was asked, as a nano time
     */
    CompletableFuture<R> await(CompletableFuture<A> called, long begun) {
      var unused =
          called.whenComplete(
              (given, thrown) -> {
                if (thrown == null) {
                  succeed(what.result(given));
                } else {
                  fail(known(thrown));
                }
              });
      if (!answer.isDone()) {
        keepDeadline(called, System.nanoTime() - begun);
      }
      return answer;
    }

    /**
     * Time passes by the timer, which may be a test's; what the transport has held up the caller is
     * over whatever the timer says.
     */
    private void keepDeadline(CompletableFuture<?> called, long elapsed) {
      try {
        if (timeout.equals(deadlines.length()) && deadlines.isNow(elapsed)) {
          deadlines.begin(this);
        } else {
          long left = Math.max(0, timeout.toNanos() - elapsed);
          ScheduledFuture<?> own =
              timer.schedule(() -> late.execute(this::late), left, TimeUnit.NANOSECONDS);
          // not when the answer is there, which a caller may have given by itself
          var unused = called.whenComplete((done, failure) -> own.cancel(false));
        }
      } catch (RejectedExecutionException e) { // the bus was closed while the transport sent
        fail(
            unanswered(
                ErrorCode.CLOSED,
                "the bus was closed before %s confirmed it".formatted(transport),
                null));
      }
    }

    @Override
    void late() {
      fail(
          unanswered(
              ErrorCode.TIMEOUT,
              "%s has not confirmed it within %s".formatted(transport, timeout),
              null));
    }

    private boolean sends() {
      return !(what instanceof TakingBack);
    }

    private MessagingException known(Throwable thrown) {
      Throwable cause =
          thrown instanceof CompletionException && thrown.getCause() != null
              ? thrown.getCause()
              : thrown;
      if (cause instanceof SendException known) {
        return sends() && known.certainty() == Certainty.UNKNOWN
            ? unknown(known.code(), String.valueOf(known.getMessage()), known.getCause())
            : known;
      }
      return !sends() && cause instanceof MessagingException known
          ? known
          : unanswered(ErrorCode.BROKER_ERROR, "the transport failed", cause);
    }

    private MessagingException unanswered(ErrorCode code, String why, @Nullable Throwable cause) {
      return sends()
          ? unknown(code, why + ", it may or may not have been stored", cause)
          : new MessagingException(
              code, what + ": " + why + ", it may or may not have been taken back", cause);
    }

    /** Which message it is, and what to do about it, is said here for all transports. */
    private SendException unknown(ErrorCode code, String why, @Nullable Throwable cause) {
      return SendException.unknown(
          code, what + ": " + why + (why.endsWith(".") ? " " : ". ") + ADVICE, cause);
    }

    private void succeed(R result) {
      answered(what);
      var unused = deadlines.meet(this);
      answer.complete(result);
    }

    private void fail(MessagingException failure) {
      // by the deadline and not by the answer, which a caller may have given up by itself
      boolean first = deadlines.meet(this);
      if (first) { // before the caller knows, who may send again at once
        trouble.failed(what.channels(), failure);
      }
      answer.completeExceptionally(failure);
    }
  }
}
