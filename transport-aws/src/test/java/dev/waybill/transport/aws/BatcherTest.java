package dev.waybill.transport.aws;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.aws.AwsFailure.Fate;
import dev.waybill.transport.aws.Batcher.Again;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatcherTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LONG = Duration.ofDays(1);

  private record Entry(Object lane, Duration remaining, CompletableFuture<AwsFailure> failure)
      implements Batcher.Entry {
    Entry(Object lane, Duration remaining) {
      this(lane, remaining, new CompletableFuture<>());
    }

    @Override
    public long size() {
      return 1;
    }

    @Override
    public void fail(AwsFailure reason) {
      failure.complete(reason);
    }
  }

  private final BlockingQueue<List<Entry>> calls = new LinkedBlockingQueue<>();
  private final Timer timer = new Timer("test");

  @AfterEach
  void close() {
    timer.close();
  }

  /** One call at a time. */
  private Batcher<Entry> batcher(boolean hurry, Batcher.Call<Entry> call) {
    return new Batcher<>(new Batcher.Rules(1, 100, 10, LONG, underWay -> hurry), timer, call);
  }

  private List<Entry> nextCall() throws InterruptedException {
    return calls.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void anEntryWithLittleTimeDoesNotWaitForAsLongAsOthers() throws InterruptedException {
    Batcher<Entry> batcher =
        batcher(
            false,
            entries -> {
              calls.add(entries);
              return completedFuture(Again.nothing());
            });
    Entry patient = new Entry("patient", LONG.multipliedBy(2));
    Entry hasty = new Entry("hasty", Duration.ofMillis(20));

    batcher.add(patient);
    batcher.add(hasty);

    assertThat(nextCall()).containsExactly(patient, hasty);
  }

  @Test
  void whatComesAfterAFullCallWaitsForAsLongAsItMay() throws InterruptedException {
    Batcher<Entry> batcher =
        batcher(
            false,
            entries -> {
              calls.add(entries);
              return completedFuture(Again.nothing());
            });
    List<Entry> full = new ArrayList<>();
    for (int i = 0; i < Batcher.MAX_ENTRIES; i++) {
      full.add(new Entry(i, Duration.ofMillis(20)));
    }
    CountDownLatch added = new CountDownLatch(1);
    CountDownLatch later = new CountDownLatch(1);
    timer.after(Duration.ZERO, () -> awaitQuietly(added)); // nothing is over before all is there

    full.forEach(batcher::add);
    batcher.add(new Entry("patient", LONG));
    timer.after(Duration.ofMillis(20), later::countDown); // behind what the first was waited for
    added.countDown();

    assertThat(later.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(calls).containsExactly(full);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aHundredThousandEntriesWhoseCallsAreOverAtOnceAreAllDoneOnAFlatStack() {
    CompletableFuture<Again<Entry>> first = new CompletableFuture<>();
    AtomicInteger done = new AtomicInteger();
    AtomicLong deepest = new AtomicLong();
    Batcher<Entry> batcher =
        batcher(
            true,
            entries -> {
              int before = done.getAndAdd(entries.size());
              if (before < 10_000) { // to look each time would take long
                deepest.accumulateAndGet(stackDepth(), Math::max);
              }
              return before == 0 ? first : completedFuture(Again.nothing());
            });

    for (int i = 0; i < 100_000; i++) {
      batcher.add(new Entry(i, LONG));
    }
    long here = stackDepth();
    first.complete(Again.nothing());

    assertThat(done).hasValue(100_000);
    assertThat(deepest.get()).isLessThan(here + 100);
  }

  private static long stackDepth() {
    return StackWalker.getInstance().walk(Stream::count);
  }

  @Test
  void anEntryWhoseCallFailsByABugHasAnAnswerAndTheNextCallIsMade() throws InterruptedException {
    List<CompletableFuture<Again<Entry>>> answers = new ArrayList<>();
    answers.add(CompletableFuture.failedFuture(new IllegalStateException("on purpose")));
    Batcher<Entry> batcher =
        batcher(
            true,
            entries -> {
              calls.add(entries);
              if (calls.size() == 2) {
                throw new IllegalArgumentException("as well");
              }
              return answers.isEmpty() ? completedFuture(Again.nothing()) : answers.remove(0);
            });
    Entry failed = new Entry("a", LONG);
    Entry thrown = new Entry("b", LONG);
    Entry next = new Entry("c", LONG);

    batcher.add(failed);
    batcher.add(thrown);
    batcher.add(next);

    assertThat(failed.failure())
        .succeedsWithin(PATIENCE)
        .satisfies(
            failure -> {
              assertThat(failure.fate()).isEqualTo(Fate.UNKNOWN);
              assertThat(failure).hasMessageContaining("on purpose");
            });
    assertThat(thrown.failure())
        .succeedsWithin(PATIENCE)
        .satisfies(failure -> assertThat(failure).hasMessageContaining("as well"));
    assertThat(calls).containsExactly(List.of(failed), List.of(thrown), List.of(next));
    assertThat(next.failure()).isNotDone();
  }

  @Test
  void whatIsToBeDoneAgainHoldsBackItsOwnLaneAndNoOthers() throws InterruptedException {
    Entry failing = new Entry("a", LONG);
    Entry behind = new Entry("a", LONG);
    Entry other = new Entry("b", LONG);
    Batcher<Entry> batcher =
        batcher(
            true,
            entries -> {
              calls.add(entries);
              return completedFuture(
                  entries.contains(failing)
                      ? new Again<>(List.of(failing), LONG, false)
                      : Again.nothing());
            });

    batcher.add(failing);
    batcher.add(behind);
    batcher.add(other);

    assertThat(calls).containsExactly(List.of(failing), List.of(other));
  }

  @Test
  void aCallThatFailedAsAWholeHoldsItsPlaceDuringThePause() throws InterruptedException {
    Entry failing = new Entry("a", LONG);
    Entry other = new Entry("b", LONG);
    AtomicInteger made = new AtomicInteger();
    AtomicReference<Batcher<Entry>> itself = new AtomicReference<>();
    Batcher<Entry> batcher =
        batcher(
            true,
            entries -> {
              calls.add(entries);
              if (made.incrementAndGet() > 1) {
                return completedFuture(Again.nothing());
              }
              itself.get().add(other); // before the pause begins, whatever holds up this thread
              return completedFuture(new Again<>(List.of(failing), Duration.ofMillis(100), true));
            });
    itself.set(batcher);

    batcher.add(failing);

    assertThat(nextCall()).containsExactly(failing);
    assertThat(nextCall()).containsExactlyInAnyOrder(failing, other);
  }
}
