package dev.waybill.internal;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/** A delivery that keeps the order of what it is told, and answers as a test wants. */
final class FakeDelivery implements Delivery {
  private final String brokerId;
  private final WireMessage message;
  private final int attempt;
  private volatile boolean owned = true;
  private volatile boolean lastAllowed;
  private volatile MessagingException readFailure;
  private volatile Function<Settlement, CompletionStage<Settlement.Result>> answer =
      settlement -> CompletableFuture.completedFuture(Settlement.Result.SETTLED);
  private volatile Runnable onRenewal = () -> {};

  private final CompletableFuture<Settlement> first = new CompletableFuture<>();

  /** What was to be stored with settlements. */
  final List<List<Sender.Addressed>> together = new CopyOnWriteArrayList<>();

  final List<Settlement> settlements = new CopyOnWriteArrayList<>();
  final AtomicInteger renewals = new AtomicInteger();

  FakeDelivery(String brokerId, WireMessage message, int attempt) {
    this.brokerId = brokerId;
    this.message = message;
    this.attempt = attempt;
  }

  /** A delivery of no consequence but its name and key. */
  static FakeDelivery of(String brokerId, String key) {
    return new FakeDelivery(brokerId, wire("{}", Map.of(), Map.of(), key), 1);
  }

  static WireMessage wire(
      String body, Map<String, String> attributes, Map<String, String> headers, String key) {
    return new WireMessage(
        body.getBytes(StandardCharsets.UTF_8), "application/json", attributes, headers, key, null);
  }

  /** The broker will give up on it. */
  FakeDelivery lastAllowed() {
    lastAllowed = true;
    return this;
  }

  /** The transport could not read it. */
  FakeDelivery unread(MessagingException failure) {
    readFailure = failure;
    return this;
  }

  FakeDelivery answering(Function<Settlement, CompletionStage<Settlement.Result>> answer) {
    this.answer = answer;
    return this;
  }

  FakeDelivery answering(Supplier<CompletionStage<Settlement.Result>> answer) {
    return answering(settlement -> answer.get());
  }

  FakeDelivery renewing(Runnable onRenewal) {
    this.onRenewal = onRenewal;
    return this;
  }

  /** Waits for the first settlement. */
  Settlement settlement() {
    return first.orTimeout(20, TimeUnit.SECONDS).join();
  }

  void lose() {
    owned = false;
  }

  @Override
  public WireMessage message() {
    return message;
  }

  @Override
  public String brokerId() {
    return brokerId;
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public boolean isLastAllowed() {
    return lastAllowed;
  }

  @Override
  public MessagingException readFailure() {
    return readFailure;
  }

  @Override
  public boolean isOwned() {
    return owned;
  }

  @Override
  public CompletionStage<Settlement.Result> settle(Settlement settlement) {
    settlements.add(settlement);
    try {
      return owned
          ? answer.apply(settlement)
          : CompletableFuture.completedFuture(Settlement.Result.NOT_OWNED);
    } finally {
      first.complete(settlement);
    }
  }

  @Override
  public CompletionStage<Settlement.Result> settleTogether(
      Settlement settlement, List<Sender.Addressed> messages) {
    together.add(messages);
    return settle(settlement);
  }

  @Override
  public void renewLease() {
    renewals.incrementAndGet();
    onRenewal.run();
  }

  @Override
  public String toString() {
    return brokerId;
  }
}
