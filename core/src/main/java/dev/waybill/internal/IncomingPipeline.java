package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.Interceptor;
import dev.waybill.Outcome;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.TransactionalMessageStore.Transaction;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.internal.BusPlan.Binding;
import dev.waybill.internal.BusPlan.ConsumerPlan;
import dev.waybill.routing.Route;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a message in, in this order: a replay for others?, read the metadata, the last
 * delivery that the broker allows?, expired?, know the type, decode the payload, accept if
 * at-most-once, seen before? (asked also before the last delivery or the expiry makes it a dead
 * letter), interceptors, handler, what the handler sent (if exactly-once, with the settlement); a
 * failure on the way goes to the failure policy, a message that can't be read or known is a dead
 * letter at once.
 */
final class IncomingPipeline implements Pipeline {
  private static final Logger LOG = LoggerFactory.getLogger(IncomingPipeline.class);

  /** Always the same, so that it needs no look into it to be known. */
  static final CompletionStage<Resolution> ACKNOWLEDGED =
      CompletableFuture.completedFuture(Resolution.ACKNOWLEDGED);

  private final BusPlan plan;
  private final ConsumerPlan consumer;
  private final OutgoingPipeline outgoing;
  private final Replies replies;
  private final Clock clock;
  private final Failures failures;
  private final PayloadReader reader;
  private final @Nullable IdempotentReceiver idempotent;
  private final Executor answers;
  private final AttemptReports reports;

  /**
   * A way in.
   *
   * @param answers goes on after a handler that has completed later, which may block
   */
  IncomingPipeline(
      BusPlan plan,
      ConsumerPlan consumer,
      OutgoingPipeline outgoing,
      Replies replies,
      @Nullable IdempotentReceiver idempotent,
      Executor answers) {
    this.plan = plan;
    this.consumer = consumer;
    this.outgoing = outgoing;
    this.replies = replies;
    this.clock = plan.clock();
    this.failures = new Failures(consumer, clock);
    this.idempotent = idempotent;
    this.answers = answers;
    this.reports = new AttemptReports(consumer, plan.interceptors());
    Capabilities capabilities = plan.transport().capabilities(consumer.source());
    this.reader =
        new PayloadReader(
            plan.codec(), capabilities.maxBodyBytes(), plan.transport().passesReferences());
  }

  @Override
  public CompletionStage<Resolution> handle(Work work) {
    try {
      MessagingException unread = work.delivery.readFailure();
      if (unread != null) {
        throw unread;
      }
      WireMessage message = work.delivery.message();
      if (Replays.isForOthers(message, consumer.source())) {
        return ACKNOWLEDGED;
      }
      Binding binding = bindingOf(message);
      if (binding != null && binding.invocation() == null && isOfKind(message, binding)) {
        return ACKNOWLEDGED;
      }
      Instant expiry = WireMapping.checkedExpiry(message);
      if (work.delivery.isLastAllowed()) {
        return unlessHandled(work, lastAllowed(work), false);
      }
      if (expiry != null && !clock.instant().isBefore(expiry)) {
        return unlessHandled(work, expired(expiry), true);
      }
      Binding known = known(message, binding);
      Envelope<?> envelope;
      try {
        envelope = envelopeOf(work, known.route());
      } catch (MessagingException e) {
        throw e;
      } catch (OutOfMemoryError e) { // perhaps another's doing
        return resolved(failures.failed(work, work.delivery.brokerId(), null, e));
      } catch (Throwable e) { // a codec fails in a way of its own: the body is to blame
        return resolved(new Resolution(Outcome.deadLetter("the message could not be read"), e));
      }
      return invoke(work, known, envelope);
    } catch (MessagingException e) {
      return resolved(new Resolution(Outcome.deadLetter(String.valueOf(e.getMessage())), e));
    }
  }

  @Override
  public void decided(Work work, Resolution resolution) {
    reports.decided(work, resolution);
  }

  private CompletionStage<Resolution> unlessHandled(
      Work work, Resolution otherwise, boolean mayWait) {
    return resolved(
        idempotent == null || work.delivery.message().id() == null
            ? otherwise
            : idempotent.unlessHandled(
                work, MessageIdentity.of(work.delivery), otherwise, mayWait));
  }

  /** To handle it might end the process, and the message with it. */
  private static Resolution lastAllowed(Work work) {
    return Resolution.of(
        Outcome.deadLetter(
            "not handled: delivery %d is among the last that the broker allows, and those before were not settled"
                .formatted(work.attempt())));
  }

  private Resolution expired(Instant expiry) {
    String reason = "expired at " + expiry;
    return new Resolution(
        consumer.discardExpired() ? Outcome.discard(reason) : Outcome.deadLetter(reason), null);
  }

  /** By what a message says that it is; null if that is nothing known here. */
  private @Nullable Binding bindingOf(WireMessage message) {
    String type = typeOf(message);
    return type == null ? null : consumer.bindings().get(type);
  }

  private @Nullable String typeOf(WireMessage message) {
    String named = WireMapping.type(message);
    return named == null ? consumer.foreignType() : named;
  }

  private static boolean isOfKind(WireMessage message, Binding binding) {
    String kind = WireMapping.kind(message);
    return kind == null || kind.equals(binding.route().kind().wireName());
  }

  private Binding known(WireMessage message, @Nullable Binding binding) {
    if (binding == null) {
      String type = typeOf(message);
      throw new MessagingException(
          ErrorCode.UNKNOWN_TYPE,
          type == null
              ? "the message names no type, and several travel on the %s"
                  .formatted(consumer.source())
              : "no route on the %s has the type name '%s'".formatted(consumer.source(), type));
    }
    if (!isOfKind(message, binding)) {
      throw new MessagingException(
          ErrorCode.WRONG_KIND,
          "'%s' is a %s by its route, but came as '%s'"
              .formatted(typeOf(message), binding.route().kind(), WireMapping.kind(message)));
    }
    return binding;
  }

  private Envelope<?> envelopeOf(Work work, Route<?> route) {
    Envelope<?> passed = reader.passed(work.delivery.message(), route.payloadType());
    if (passed != null) {
      return passed;
    }
    Object payload = reader.read(work.delivery.message(), route.payloadType());
    return WireMapping.envelope(
        route.kind(), payload, new ReceivedMetadata(work.delivery, route.typeName()));
  }

  private CompletionStage<Resolution> invoke(Work work, Binding binding, Envelope<?> envelope) {
    if (idempotent != null) {
      return resolved(
          idempotent.handle(
              work, MessageIdentity.of(work.delivery), new Once(work, binding, envelope)));
    }
    if (consumer.guarantee() != DeliveryGuarantee.AT_MOST_ONCE) {
      return attempt(work, binding, envelope);
    }
    work.accepted();
    try {
      Settlement.Result result =
          work.delivery.settle(Settlement.accept()).toCompletableFuture().join();
      if (result == Settlement.Result.SETTLED) {
        return attempt(work, binding, envelope);
      }
      LOG.info(
          "{} was no longer ours when it was accepted, and is left to its next delivery", envelope);
    } catch (CompletionException e) {
      LOG.warn(
          "{} could not be accepted, and is left to its next delivery", envelope, e.getCause());
    }
    work.lost();
    return resolved(Resolution.ACKNOWLEDGED);
  }

  /** One handling of a claimed message, on this thread. */
  private final class Once implements IdempotentReceiver.Handling {
    private final Work work;
    private final Binding binding;
    private final Envelope<?> envelope;

    Once(Work work, Binding binding, Envelope<?> envelope) {
      this.work = work;
      this.binding = binding;
      this.envelope = envelope;
    }

    @Override
    public Resolution handledBefore() {
      return replies.handledBefore(work);
    }

    @Override
    public Resolution handle() {
      BufferingContext context = contextOf(work, envelope, null);
      try {
        Outcome outcome = outcome(context);
        Resolution resolution =
            resolve(work, envelope, context, outcome).toCompletableFuture().join();
        heedNoInterruption();
        return resolution;
      } catch (Throwable e) { // also an Error must not acknowledge, nor kill the consumer
        context.drop();
        return failed(e);
      }
    }

    @Override
    public List<Addressed> handle(Transaction transaction) throws Exception {
      BufferingContext context = contextOf(work, envelope, transaction);
      try {
        Outcome outcome = outcome(context);
        if (!(outcome instanceof Outcome.Acknowledged)) {
          throw new IdempotentReceiver.NotAcknowledged(outcome);
        }
        return context.ready();
      } finally {
        context.drop();
      }
    }

    /** Runs the handler, and waits for one that completes later. */
    private Outcome outcome(BufferingContext context) throws Exception {
      work.begin();
      CompletableFuture<Outcome> handled =
          proceed(plan.interceptors(), 0, binding, envelope, context).toCompletableFuture();
      if (handled.isDone()) {
        heedNoInterruption();
      }
      return Objects.requireNonNull(
          handled.get(), "an interceptor's stage gave null instead of an Outcome");
    }

    /**
     * The handler has returned: that its thread is interrupted, by whomever, comes too late, and
     * must not keep what it led to from being done.
     */
    private static void heedNoInterruption() {
      var unused = Thread.interrupted();
    }

    @Override
    public Resolution failed(Throwable thrown) {
      if (thrown instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      return failures.failed(work, envelope, Failures.unwrapped(thrown));
    }
  }

  private BufferingContext contextOf(
      Work work, Envelope<?> envelope, @Nullable Transaction transaction) {
    return new BufferingContext(outgoing, replies, consumer.source(), work, envelope, transaction);
  }

  private CompletionStage<Resolution> attempt(Work work, Binding binding, Envelope<?> envelope) {
    BufferingContext context = contextOf(work, envelope, null);
    work.begin();
    CompletionStage<Outcome> handled;
    try {
      handled = proceed(plan.interceptors(), 0, binding, envelope, context);
    } catch (Throwable e) { // also an Error must not acknowledge, nor kill the consumer
      context.drop();
      return resolved(failures.failed(work, envelope, e));
    }
    if (handled == ConsumerConfiguration.ACKNOWLEDGED
        && !consumer.atomic() // of which nobody is told before it is settled
        && context.closeIfEmpty()) {
      return ACKNOWLEDGED; // what most do, without a chain of futures
    }
    CompletionStage<Resolution> resolved =
        handled.thenComposeAsync(
            outcome -> resolve(work, envelope, context, outcome), goingOn(handled));
    return resolved.exceptionallyAsync(
        failure -> {
          context.drop();
          return failures.failed(work, envelope, Failures.unwrapped(failure));
        },
        goingOn(resolved));
  }

  /**
   * Where it goes on after a stage: here if that is done. Who completes it later may be a broker's
   * client, whose thread must not be blocked by what is sent then.
   */
  private Executor goingOn(CompletionStage<?> stage) {
    return stage instanceof CompletableFuture<?> future && future.isDone()
        ? Runnable::run
        : answers;
  }

  private CompletionStage<Outcome> proceed(
      List<Interceptor> interceptors,
      int index,
      Binding binding,
      Envelope<?> envelope,
      BufferingContext context)
      throws Exception {
    if (index == interceptors.size()) {
      ConsumerConfiguration.Invocation handler = binding.invocation();
      if (handler == null) {
        throw new IllegalStateException("a type that is ignored has no handler");
      }
      return handler.invoke(envelope, context);
    }
    AtomicBoolean gone = new AtomicBoolean();
    CompletionStage<Outcome> outcome =
        interceptors
            .get(index)
            .incoming(
                envelope,
                context,
                () -> {
                  if (!gone.compareAndSet(false, true)) {
                    throw new IllegalStateException(
                        "an interceptor called next.proceed() twice; once is allowed");
                  }
                  return proceed(interceptors, index + 1, binding, envelope, context);
                });
    return Objects.requireNonNull(outcome, "an interceptor returned null instead of a stage");
  }

  /**
   * What the handler sent leaves if it succeeded, or with the settlement if exactly-once; a failed
   * send is a failure of the handling.
   */
  private CompletionStage<Resolution> resolve(
      Work work, Envelope<?> envelope, BufferingContext context, Outcome outcome) {
    Objects.requireNonNull(outcome, "an interceptor's stage gave null instead of an Outcome");
    if (!(outcome instanceof Outcome.Acknowledged)) {
      context.drop();
      if (outcome instanceof Outcome.Retried retried && !work.isAccepted()) {
        LOG.info(
            "{} from the {}: attempt {} decided that it is handled again after {}",
            envelope,
            consumer.source(),
            work.attempt(),
            retried.after());
      }
      return resolved(Resolution.of(outcome));
    }
    if (consumer.atomic()) {
      return resolved(
          Resolution.ACKNOWLEDGED.together(
              context.ready(),
              unstored -> failures.failed(work, envelope, Failures.unwrapped(unstored))));
    }
    return context.flush().thenApply(done -> Resolution.ACKNOWLEDGED);
  }

  private static CompletableFuture<Resolution> resolved(Resolution resolution) {
    return CompletableFuture.completedFuture(resolution);
  }
}
