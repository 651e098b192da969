package dev.waybill.transport.inmemory;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.transport.Settlement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes an {@link InMemoryBroker} fail on purpose, as networks and brokers do, for tests of what an
 * application does then. It applies to all connections to the broker. Thread-safe.
 */
public final class Faults {
  /** How a send fails. */
  public enum SendFailure {
    /** The sender is told that the message is not stored, and it is not. */
    REJECTED,
    /** The sender can't know whether the message is stored; it is. */
    UNKNOWN_STORED,
    /** The sender can't know whether the message is stored; it is not. */
    UNKNOWN_LOST
  }

  /** What can be planned for the next of its kind. */
  private enum Next {
    SEND,
    SETTLEMENT,
    ACCEPTANCE,
    DELIVERY
  }

  private final InMemoryBroker broker;
  private final List<Unanswered> unanswered = new ArrayList<>();

  /** How many of the next are concerned; guarded by this, as the following are. */
  private final Map<Next, Integer> planned = new EnumMap<>(Next.class);

  private SendFailure sendFailure = SendFailure.REJECTED;
  private Duration delay = Duration.ZERO;
  private boolean stopped;
  private boolean requestsHeld;
  private boolean answersHeld;

  /** Whether all is well, which costs no lock to know. */
  private volatile boolean none = true;

  Faults(InMemoryBroker broker) {
    this.broker = broker;
  }

  /**
   * Lets the next sends fail. Messages that are sent together, or with a settlement, fail together,
   * as one send.
   *
   * @param count how many; here and below it replaces what is left of an earlier call
   */
  public synchronized void failNextSends(int count, SendFailure failure) {
    sendFailure = failure;
    plan(Next.SEND, count);
  }

  /**
   * Loses the next deliveries that are settled, as if the process had died just before: they are
   * not settled, and their messages are delivered again.
   */
  public synchronized void crashBeforeSettle(int count) {
    plan(Next.SETTLEMENT, count);
  }

  /** Delivers the next messages that are accepted once more, each as the same attempt. */
  public synchronized void duplicateNext(int count) {
    plan(Next.ACCEPTANCE, count);
  }

  /** Holds the next deliveries back for a while, and with them the later messages of their keys. */
  public synchronized void delayNext(int count, Duration by) {
    delay = by;
    plan(Next.DELIVERY, count);
  }

  /**
   * Breaks all connections; they are made again at once. Open deliveries are lost and their
   * messages come again; receivers report the failure, and that they have recovered. What {@link
   * #hold} or {@link #holdAnswers} keeps from its sender fails as unknown.
   */
  public void dropConnections() {
    broker.disconnect();
    takeUnanswered().forEach(unanswered -> unanswered.lose().run());
  }

  /**
   * Stops the broker, which keeps its messages: connections are lost as by {@link
   * #dropConnections}, sends are rejected and connecting fails, with {@link
   * ErrorCode#CONNECTION_FAILED}, until {@link #start}. Delays go on.
   */
  public void stop() {
    synchronized (this) {
      stopped = true;
      changed();
    }
    dropConnections();
  }

  /** Starts the broker after {@link #stop}; receivers recover. */
  public void start() {
    synchronized (this) {
      stopped = false;
      changed();
    }
    broker.reconnect();
  }

  /**
   * Lets nothing through, either way, while connections stay: sends and settlements get no answer,
   * and are not done before {@link #heal}; nothing is delivered, and connecting fails.
   */
  public synchronized void hold() {
    requestsHeld = true;
    changed();
  }

  /**
   * Lets nothing of the broker's through, while connections stay: sends and settlements are done,
   * and get no answer before {@link #heal}; nothing is delivered, and connecting fails.
   */
  public synchronized void holdAnswers() {
    answersHeld = true;
    changed();
  }

  /**
   * Lets go on what is held, and forgets what was planned for the next sends, settlements and
   * deliveries. A broker that is stopped stays so.
   */
  public void heal() {
    do { // in order: what comes meanwhile is held behind what was
      takeUnanswered().forEach(unanswered -> unanswered.goOn().run());
    } while (!isHealed());
    broker.reconnect();
  }

  /** Lets all go on, if nothing is held any more. */
  private synchronized boolean isHealed() {
    if (!unanswered.isEmpty()) {
      return false;
    }
    requestsHeld = false;
    answersHeld = false;
    planned.clear();
    changed();
    return true;
  }

  /** Whether the broker is not stopped. */
  boolean isRunning() {
    if (none) {
      return true;
    }
    synchronized (this) {
      return !stopped;
    }
  }

  /** Whether what the broker says arrives. */
  boolean delivers() {
    if (none) {
      return true;
    }
    synchronized (this) {
      return !stopped && !requestsHeld && !answersHeld;
    }
  }

  /**
   * For what waits for the broker's answer.
   *
   * @throws MessagingException if there will be none
   */
  void requireAnswer() {
    if (!delivers()) {
      throw lost();
    }
  }

  /** Why a receiver is disturbed. */
  MessagingException lost() {
    return new MessagingException(ErrorCode.CONNECTION_FAILED, noConnection());
  }

  /** Sends to {@code where}, or doesn't; and answers, or doesn't. */
  <T> CompletionStage<T> send(Object where, Supplier<CompletionStage<T>> store) {
    if (none) {
      return store.get();
    }
    if (!isRunning() || !take(Next.SEND)) {
      return ask(where, store);
    }
    SendFailure failure = sendFailure();
    if (failure == SendFailure.REJECTED) {
      return CompletableFuture.failedFuture(rejected(where));
    }
    CompletionStage<T> unknown = CompletableFuture.failedFuture(unknown(where));
    return failure == SendFailure.UNKNOWN_LOST
        ? unknown
        : store.get().thenCompose(unused -> unknown);
  }

  /** Does something for a sender to {@code where}, or doesn't; and answers, or doesn't. */
  <T> CompletionStage<T> ask(Object where, Supplier<CompletionStage<T>> action) {
    if (!isRunning()) {
      return CompletableFuture.failedFuture(
          SendException.rejected(
              ErrorCode.CONNECTION_FAILED, "%s: %s".formatted(where, noConnection()), null));
    }
    return answer(action, () -> unknown(where));
  }

  /** Settles, or doesn't; and answers, or doesn't. */
  CompletionStage<Settlement.Result> settle(
      MemoryDelivery delivery, Supplier<CompletionStage<Settlement.Result>> action) {
    if (!none && delivery.isOpen() && take(Next.SETTLEMENT)) {
      delivery.queue.giveUp(delivery);
    }
    return answer(action, null);
  }

  /**
   * Settles together with messages, or doesn't; and answers, or doesn't. A planned failure of a
   * send that leaves its sender in doubt loses the delivery.
   */
  CompletionStage<Settlement.Result> settleTogether(
      MemoryDelivery delivery, Supplier<CompletionStage<Settlement.Result>> action) {
    if (none || !delivery.isOpen() || !take(Next.SEND)) {
      return settle(delivery, action);
    }
    return switch (sendFailure()) {
      case REJECTED -> CompletableFuture.failedFuture(rejected(delivery.brokerId()));
      case UNKNOWN_LOST -> {
        delivery.queue.giveUp(delivery);
        yield action.get();
      }
      case UNKNOWN_STORED -> action.get().thenApply(unused -> Settlement.Result.NOT_OWNED);
    };
  }

  /** Whether the message that is accepted now is delivered once more. */
  boolean duplicates() {
    return !none && take(Next.ACCEPTANCE);
  }

  /** How long the next delivery is held back, or null. */
  @Nullable Duration delayOfNext() {
    if (none || !take(Next.DELIVERY)) {
      return null;
    }
    synchronized (this) {
      return delay;
    }
  }

  private <T> CompletionStage<T> answer(
      Supplier<CompletionStage<T>> action, @Nullable Supplier<SendException> ifLost) {
    if (none) {
      return action.get();
    }
    synchronized (this) {
      if (requestsHeld) {
        return keep(action, ifLost);
      }
    }
    CompletionStage<T> done = action.get();
    synchronized (this) {
      return answersHeld ? keep(() -> done, ifLost) : done;
    }
  }

  private <T> CompletionStage<T> keep(
      Supplier<CompletionStage<T>> action, @Nullable Supplier<SendException> ifLost) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Runnable goOn =
        () -> action.get().whenComplete((value, failure) -> end(answer, value, failure));
    Runnable lose = ifLost == null ? goOn : () -> answer.completeExceptionally(ifLost.get());
    unanswered.add(new Unanswered(goOn, lose));
    return answer;
  }

  private static <T> void end(CompletableFuture<T> answer, T value, @Nullable Throwable failure) {
    if (failure == null) {
      answer.complete(value);
    } else {
      answer.completeExceptionally(failure);
    }
  }

  private synchronized List<Unanswered> takeUnanswered() {
    List<Unanswered> all = List.copyOf(unanswered);
    unanswered.clear();
    return all;
  }

  private void plan(Next next, int count) {
    if (count < 0) {
      throw new IllegalArgumentException("a count must not be negative: " + count);
    }
    planned.put(next, count);
    changed();
  }

  private synchronized boolean take(Next next) {
    int left = planned.getOrDefault(next, 0);
    if (left > 0) {
      planned.put(next, left - 1);
      changed();
    }
    return left > 0;
  }

  private void changed() {
    planned.values().removeIf(left -> left == 0);
    none = planned.isEmpty() && !stopped && !requestsHeld && !answersHeld;
  }

  private synchronized SendFailure sendFailure() {
    return sendFailure;
  }

  private String noConnection() {
    return isRunning()
        ? "The connection to the in-memory broker is disturbed on purpose; it will be made again."
        : "The in-memory broker is stopped on purpose; it can be used again once it is started.";
  }

  private static SendException rejected(Object where) {
    return SendException.rejected(
        ErrorCode.BROKER_UNAVAILABLE,
        "The in-memory broker rejects this send to %s on purpose; the next may succeed."
            .formatted(where),
        null);
  }

  private static SendException unknown(Object where) {
    return SendException.unknown(
        ErrorCode.CONNECTION_FAILED,
        "%s: the connection to the in-memory broker failed on purpose before it answered."
            .formatted(where),
        null);
  }

  /** Something done, or to be done, whose answer is held. */
  private record Unanswered(Runnable goOn, Runnable lose) {}
}
