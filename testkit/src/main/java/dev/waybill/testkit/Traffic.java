package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.testkit.ContractCase.Charge;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/**
 * Numbered commands of a few keys, sent by one thread at a time, and what became of each. Handlers
 * can be held.
 */
final class Traffic {
  static final List<String> KEYS = List.of("a", "b", "c", "d");

  /** How many messages each consumer has open at the most. */
  static final int MOST_OPEN = 16;

  private final Recorder<Charge> handled = new Recorder<>();
  private final Map<Charge, CompletableFuture<SendReceipt>> sends = new LinkedHashMap<>();
  private int last;
  private int count;
  private int running;
  private boolean held;

  /** Makes a consumer take its part. */
  void consume(ConsumerSpec consumer) {
    consumer.concurrency(8).maxUnsettled(MOST_OPEN).onCommand(Charge.class, this::handle);
  }

  private void handle(Command<Charge> command, HandlerContext context) throws InterruptedException {
    synchronized (this) {
      running++;
      try {
        while (held) {
          wait();
        }
      } finally {
        running--;
      }
    }
    handled.add(command.payload());
    synchronized (this) {
      count++;
      notifyAll();
    }
  }

  /** Waits until few commands are on their way, or it is {@code enough}. */
  synchronized void awaitRoom(BooleanSupplier enough) {
    try {
      while (last - count >= 2 * MOST_OPEN && !enough.getAsBoolean()) {
        wait(20);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting for handlers", e);
    }
  }

  /** How often a command has been handled. */
  synchronized int count() {
    return count;
  }

  /** Handlers wait from now on. */
  synchronized void hold() {
    held = true;
  }

  /** They go on. */
  synchronized void letGo() {
    held = false;
    notifyAll();
  }

  /** How many handlers wait. */
  synchronized int running() {
    return running;
  }

  /** Sends one command of each key. */
  List<CompletableFuture<SendReceipt>> send(MessageBus bus) {
    List<CompletableFuture<SendReceipt>> answers = new ArrayList<>();
    for (String key : KEYS) {
      Charge charge;
      synchronized (this) {
        charge = new Charge(key, ++last);
      }
      CompletableFuture<SendReceipt> answer = bus.send(charge);
      synchronized (this) {
        sends.put(charge, answer);
      }
      answers.add(answer);
    }
    return answers;
  }

  /** The number of the last command so far. */
  synchronized int last() {
    return last;
  }

  /** Whether each send has an answer. */
  synchronized boolean isAnswered() {
    return sends.values().stream().allMatch(CompletableFuture::isDone);
  }

  /** Whether all that was confirmed has been handled. */
  boolean isHandled() {
    return new HashSet<>(handled.all()).containsAll(confirmed());
  }

  private synchronized Set<Charge> confirmed() {
    Set<Charge> confirmed = new LinkedHashSet<>();
    sends.forEach(
        (charge, answer) -> {
          if (answer.isDone() && !answer.isCompletedExceptionally()) {
            confirmed.add(charge);
          }
        });
    return confirmed;
  }

  private synchronized Set<Charge> rejected() {
    Set<Charge> rejected = new HashSet<>();
    sends.forEach(
        (charge, answer) -> {
          Throwable failure =
              answer.isDone() ? answer.handle((done, thrown) -> thrown).join() : null;
          if (failure instanceof SendException send && send.certainty() == Certainty.REJECTED) {
            rejected.add(charge);
          }
        });
    return rejected;
  }

  /** Those that were handled more than once, each as often as it was handled again. */
  List<Charge> again() {
    Set<Charge> seen = new HashSet<>();
    return handled.all().stream().filter(charge -> !seen.add(charge)).toList();
  }

  /**
   * Each send has an answer that is true: what was confirmed was handled, what was rejected was
   * not; and each key's confirmed commands were handled in the order of sending, as each came for
   * the first time.
   */
  void assertKept() {
    assertThat(isAnswered()).as("each send has an answer").isTrue();
    Set<Charge> first = new LinkedHashSet<>(handled.all());
    Set<Charge> confirmed = confirmed();
    assertThat(first).as("what was confirmed").containsAll(confirmed);
    assertThat(rejected()).as("what was rejected, but handled").noneMatch(first::contains);
    for (String key : KEYS) {
      assertThat(
              first.stream()
                  .filter(charge -> charge.account().equals(key) && confirmed.contains(charge))
                  .map(Charge::number))
          .as("the order of key %s in %s", key, handled.all())
          .isSorted();
    }
  }
}
