package dev.waybill.internal;

import dev.waybill.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** A pipeline whose messages are handled to the end when a test says so. */
final class ScriptedPipeline implements Pipeline {
  /** One call, open until it is answered. */
  static final class Call {
    private final String name;
    private final int attempt;
    private final CompletableFuture<Resolution> answer = new CompletableFuture<>();

    private Call(Work work) {
      this.name = work.delivery.brokerId();
      this.attempt = work.attempt();
    }

    void succeed() {
      answer.complete(Resolution.ACKNOWLEDGED);
    }

    void retry(Duration after) {
      answer.complete(new Resolution(Outcome.retryAfter(after), new IllegalStateException("x")));
    }

    void deadLetter(String reason) {
      answer.complete(
          new Resolution(Outcome.deadLetter(reason), new IllegalStateException("broken")));
    }

    void discard(String reason) {
      answer.complete(new Resolution(Outcome.discard(reason), null));
    }

    void breakDown(Throwable bug) {
      answer.completeExceptionally(bug);
    }

    @Override
    public String toString() {
      return attempt == 1 ? name : name + "#" + attempt;
    }
  }

  private final List<Call> calls = new ArrayList<>();

  @Override
  public synchronized CompletionStage<Resolution> handle(Work work) {
    work.begin();
    Call call = new Call(work);
    calls.add(call);
    return call.answer;
  }

  /** The latest call of a message; it has begun. */
  synchronized Call call(String name) {
    for (int i = calls.size() - 1; i >= 0; i--) {
      if (calls.get(i).name.equals(name)) {
        return calls.get(i);
      }
    }
    throw new AssertionError(name + " has not begun; begun have " + calls);
  }

  /** All calls in their order, as names; {@code a#2} is the second attempt of {@code a}. */
  synchronized List<String> begun() {
    return calls.stream().map(Call::toString).collect(Collectors.toList());
  }

  /** The calls that are open, as names. */
  synchronized List<String> running() {
    return calls.stream()
        .filter(call -> !call.answer.isDone())
        .map(Call::toString)
        .collect(Collectors.toList());
  }
}
