package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.SendReceipt;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.inmemory.VirtualClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * What the cases share: names of their own, time that passes, a report, and nothing left behind.
 *
 * <p>A case waits with {@link #await} and {@link #until} alone, which let a virtual clock go on
 * while they wait, and takes times from {@link #now} alone.
 */
@ExtendWith({ConformanceReport.class, CaseThreads.class})
@ResourceLock(providers = CaseLocks.class)
abstract class ContractSupport {
  /** How far a virtual clock goes on before a case looks again. */
  private static final Duration STEP = Duration.ofMillis(20);

  /** How long a case gives other threads before it looks again. */
  private static final Duration GLANCE = Duration.ofMillis(2);

  /** How often a case looks while virtual time has passed. */
  private static final int GLANCES = 20;

  final ContractCase here = new ContractCase(this::harness);
  private @Nullable ThreadGroup threads;
  private @Nullable String notProvable;

  /** The transport under test. */
  protected abstract TransportHarness harness();

  /**
   * The name of the report, and of its file: the transport's unless it is overridden; empty for no
   * report.
   */
  protected String reportName() {
    return harness().transport().name();
  }

  /** Starts the broker, whose threads are not the case's. */
  @BeforeEach
  final void beginCase() {
    harness().transport();
  }

  /** Whose threads are the case's. */
  final void runsIn(ThreadGroup group) {
    this.threads = group;
  }

  /** Runs something beside the case. */
  static CompletableFuture<Void> beside(Runnable task) {
    return CompletableFuture.runAsync(task, work -> new Thread(work, "beside").start());
  }

  /** No thread is left. */
  @AfterEach
  final void nothingIsLeft() throws InterruptedException {
    long deadline = System.nanoTime() + patience().toNanos();
    for (Thread thread : threads == null ? List.<Thread>of() : CaseThreads.of(threads)) {
      if (thread.getName().startsWith("waybill-")) {
        thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        assertThat(thread.isAlive()).as("thread %s is left", thread.getName()).isFalse();
      }
    }
  }

  final Duration patience() {
    return harness().patience();
  }

  /** How the transport supports a feature on channels without keys. */
  final Support support(Feature feature) {
    return harness().transport().capabilities(false).support(feature);
  }

  /** How the transport supports a feature on channels with keys. */
  final Support keyedSupport(Feature feature) {
    return harness().transport().capabilities(true).support(feature);
  }

  static boolean refused(Support support) {
    return support.level() == Level.REFUSED;
  }

  /** Says that this case can't be proved with this harness; for the report. */
  final void notProvable(String reason) {
    this.notProvable = reason;
  }

  final @Nullable String notProvable() {
    return notProvable;
  }

  /** The time that the broker lives in. */
  final Instant now() {
    VirtualClock clock = harness().clock();
    return clock == null ? Instant.now() : clock.instant();
  }

  /** Waits for at least {@code count} of a recorder. */
  final <T> List<T> await(Recorder<T> recorder, int count) {
    return await(recorder, all -> all.size() >= count, count + " of them");
  }

  /** Waits until {@code enough} is true of what a recorder has seen. */
  final <T> List<T> await(Recorder<T> recorder, Predicate<List<T>> enough, String what) {
    try {
      until(what, () -> enough.test(recorder.all()));
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + ", but saw " + recorder.all(), e);
    }
    return recorder.all();
  }

  /** Waits until a condition holds, and lets a virtual clock go on meanwhile. */
  final void until(String what, BooleanSupplier condition) {
    until(what, condition, STEP);
  }

  /** Waits until a condition holds, and lets a virtual clock stand still meanwhile. */
  final void untilNow(String what, BooleanSupplier condition) {
    until(what, condition, Duration.ZERO);
  }

  private void until(String what, BooleanSupplier condition, Duration step) {
    long deadline = System.nanoTime() + patience().toNanos();
    VirtualClock clock = harness().clock();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited %s for %s".formatted(patience(), what));
      }
      glance();
      if (clock != null && !step.isZero() && !condition.getAsBoolean()) {
        clock.advance(step);
      }
    }
  }

  /**
   * Lets a time pass in which nothing is expected to happen, as the broker counts it; for "no more
   * than", never for "by then".
   */
  final void pass(Duration time) {
    VirtualClock clock = harness().clock();
    if (clock != null) {
      clock.advance(time);
      for (int i = 0; i < GLANCES; i++) { // handlers live in real time
        glance();
      }
      return;
    }
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      glance();
    }
  }

  private static void glance() {
    try {
      TimeUnit.NANOSECONDS.sleep(GLANCE.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting", e);
    }
  }

  static void confirmed(List<CompletableFuture<SendReceipt>> sends) {
    CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new)).join();
  }

  static byte[] json(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static WireMessage wire(byte[] body, Map<String, String> attributes) {
    return new WireMessage(body, null, attributes, Map.of(), null, null);
  }
}
