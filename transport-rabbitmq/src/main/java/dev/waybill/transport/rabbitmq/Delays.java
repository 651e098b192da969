package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Topology.Mode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that what waits finds its queues and comes out where it should. Under {@code CREATE}
 * the first message that is to wait makes the levels, and the first to each channel binds it; in
 * the other modes somebody has to say that both are there, for what comes due for a channel that is
 * not bound has been confirmed long ago. Thread-safe.
 */
final class Delays implements RabbitLink.Listener {
  /** Does an administrative work, and repeats it after errors that pass. Blocks. */
  interface Administration {
    void perform(Consumer<DelayTopology> work);
  }

  /** How long a binding counts as there. Whoever declares a queue anew does not bring it back. */
  private static final Duration KNOWN = Duration.ofMinutes(1);

  private final DelaySettings settings;
  private final Administration administration;
  private final Executor executor;
  private final LongSupplier clock;
  private final Map<String, Bound> bound = new ConcurrentHashMap<>();
  private volatile Mode mode = Mode.ASSUME;
  private @Nullable CompletableFuture<Void> made;

  /** A channel that is being bound, or has been. */
  private record Bound(CompletableFuture<Void> done, long since) {}

  Delays(DelaySettings settings, Administration administration, Executor executor) {
    this(settings, administration, executor, System::nanoTime);
  }

  /** With another {@link System#nanoTime}. */
  Delays(
      DelaySettings settings,
      Administration administration,
      Executor executor,
      LongSupplier clock) {
    this.settings = settings;
    this.administration = administration;
    this.executor = executor;
    this.clock = clock;
  }

  DelaySettings settings() {
    return settings;
  }

  DelayLevels levels() {
    return settings.levels();
  }

  /** What may be done about what is missing. */
  void mode(Mode mode) {
    this.mode = mode;
  }

  /**
   * Whether what waits will surely find its way: {@link Mode#CREATE} binds what it needs, and with
   * {@code delays(true)} somebody else has.
   */
  boolean areSure() {
    return mode == Mode.CREATE || settings.fromStart();
  }

  /**
   * Completes when a message for {@code target} may wait; fails with a {@link
   * dev.waybill.error.MessagingException}, and is then tried again by the next call. Never blocks.
   */
  CompletableFuture<Void> ready(PendingSend.Target target) {
    boolean reply = ReplyQueue.at(target.routingKey()).isPresent();
    if (mode != Mode.CREATE) {
      return reply
          ? CompletableFuture.failedFuture(replyUnbound())
          : areSure()
              ? CompletableFuture.completedFuture(null)
              : CompletableFuture.failedFuture(unsure(target));
    }
    String destination = DelayLevels.destination(target);
    CompletableFuture<Void> begun = new CompletableFuture<>();
    Bound its = new Bound(begun, clock.getAsLong());
    Bound kept = bound.merge(destination, its, (known, other) -> isKnown(known) ? known : other);
    if (kept.done() != begun) {
      return kept.done();
    }
    var unused =
        made()
            .thenCompose(levels -> perform(topology -> topology.bind(target)))
            .whenComplete(
                (done, failure) -> {
                  // requesters come and go, and take their queues and bindings with them
                  if (failure != null || reply) {
                    bound.remove(destination, its);
                  }
                  if (failure == null) {
                    begun.complete(null);
                  } else {
                    begun.completeExceptionally(failure);
                  }
                });
    return begun;
  }

  /** Why nothing may wait for a channel: what is due would be kept where nobody looks. */
  MessagingException unsure(PendingSend.Target target) {
    return new MessagingException(
        ErrorCode.UNSUPPORTED,
        "nobody has said that the queues of delayed messages are there and bound to %s: use the topology mode CREATE, or delays(true) when they are."
            .formatted(target));
  }

  @Override
  public void connected(Connection connection) {
    forget();
  }

  /** What is sent before there is another connection would be written without a look. */
  @Override
  public void lost(MessagingException problem) {
    forget();
  }

  private boolean isKnown(Bound binding) {
    return !binding.done().isDone() || clock.getAsLong() - binding.since() < KNOWN.toNanos();
  }

  /** Something was missing after all: it is looked at again before the next message waits. */
  synchronized void forget() {
    made = null;
    bound.values().removeIf(binding -> binding.done().isDone());
  }

  /** A channel was missing: what bound it has gone with it. */
  void forget(PendingSend.Target target) {
    if (!bound.isEmpty()) {
      bound.remove(DelayLevels.destination(target));
    }
  }

  private synchronized CompletableFuture<Void> made() {
    CompletableFuture<Void> begun = made;
    if (begun == null || begun.isCompletedExceptionally()) {
      begun = perform(topology -> topology.levels(Mode.CREATE));
      made = begun;
    }
    return begun;
  }

  private MessagingException replyUnbound() {
    return new MessagingException(
        ErrorCode.UNSUPPORTED,
        "a requester's queue has to be bound to '%s' first, which the topology mode %s does not do; use CREATE, or reply when it is due."
            .formatted(levels().dueExchange(), mode));
  }

  private CompletableFuture<Void> perform(Consumer<DelayTopology> work) {
    try {
      return CompletableFuture.runAsync(() -> administration.perform(work), executor);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedFuture(RabbitErrors.closed());
    }
  }
}
