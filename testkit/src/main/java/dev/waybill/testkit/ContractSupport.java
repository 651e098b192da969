package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.SendReceipt;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What the cases share: names of their own, and nothing left behind. */
abstract class ContractSupport {
  final ContractCase here = new ContractCase(() -> harness().transport());
  private Set<Thread> threadsBefore = Set.of();

  /** The transport under test. */
  protected abstract TransportHarness harness();

  /** Starts the broker, whose threads are not the case's. */
  @BeforeEach
  final void beginCase() {
    harness().transport();
    threadsBefore = Thread.getAllStackTraces().keySet();
  }

  /** No thread is left. */
  @AfterEach
  final void nothingIsLeft() throws InterruptedException {
    long deadline = System.nanoTime() + patience().toNanos();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (!threadsBefore.contains(thread) && thread.getName().startsWith("waybill-")) {
        thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        assertThat(thread.isAlive()).as("thread %s is left", thread.getName()).isFalse();
      }
    }
  }

  final Duration patience() {
    return harness().patience();
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
