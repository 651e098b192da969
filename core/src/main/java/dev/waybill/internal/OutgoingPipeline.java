package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.Interceptor;
import dev.waybill.Metadata;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.MessageKind;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Route;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * The way of a message out, in this order: route and verb, interceptors, stamp metadata, encode,
 * check limits, send within the deadline.
 */
final class OutgoingPipeline {
  /** An envelope with the route that it is to take. */
  record Outgoing(Route<?> route, Envelope<?> envelope) {}

  private final BusPlan plan;
  private final OutgoingLimits limits;
  private final SendReports reports;
  private final ConfirmedSender sender;
  private final Executor answers;

  /**
   * A way out.
   *
   * @param answers goes on after an answer, and may be blocked by that
   * @param late tells of what has no answer in time
   */
  OutgoingPipeline(
      BusPlan plan,
      Sender sender,
      ScheduledExecutorService timer,
      Executor answers,
      Executor late) {
    this.plan = plan;
    this.limits = new OutgoingLimits(plan.transport());
    this.reports = SendReports.to(plan.interceptors());
    this.sender =
        reports.isEmpty()
            ? new ConfirmedSender(plan, sender, timer, late)
            : new ReportingSender(plan, sender, timer, late, reports);
    this.answers = answers;
  }

  /** Sends at once; mistakes of the caller's fail the future. */
  CompletableFuture<SendReceipt> send(MessageKind verb, Envelope<?> envelope) {
    try {
      return send(routeFor(verb, envelope.payload().getClass()), envelope);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(rejected(e));
    }
  }

  /** The same with fresh metadata, which are stamped at once if nobody is to see them before. */
  CompletableFuture<SendReceipt> send(MessageKind verb, Record payload) {
    if (!plan.interceptors().isEmpty()) {
      return send(verb, WireMapping.envelope(verb, payload, Metadata.create()));
    }
    try {
      Route<?> route = routeFor(verb, payload.getClass());
      Envelope<?> envelope = stamped(verb, payload, Metadata.create(), route);
      return sender.send(made(route, envelope, true), plan.sendTimeout());
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(rejected(e));
    }
  }

  /**
   * The route of a payload's class.
   *
   * @throws MessagingException if there is none, or the verb does not fit it
   */
  Route<?> routeFor(MessageKind verb, Class<?> type) {
    Route<?> route =
        plan.routes()
            .of(type)
            .orElseThrow(
                () ->
                    new MessagingException(
                        ErrorCode.NO_ROUTE,
                        "%s has no route: add r.%s(%s.class).named(\"…\").%s to the routes."
                            .formatted(
                                type.getSimpleName(),
                                verb,
                                type.getSimpleName(),
                                verb == MessageKind.EVENT ? "toTopic(\"…\")" : "toQueue(\"…\")")));
    if (route.kind() != verb) {
      throw new MessagingException(
          ErrorCode.WRONG_KIND,
          "%s is %s %s on %s: %s it."
              .formatted(
                  type.getSimpleName(),
                  route.kind() == MessageKind.EVENT ? "an" : "a",
                  route.kind(),
                  route.channel(),
                  route.kind().verb()));
    }
    return route;
  }

  /** Sends along a route whose verb is known to fit. */
  CompletableFuture<SendReceipt> send(Route<?> route, Envelope<?> envelope) {
    return send(route, envelope, plan.sendTimeout());
  }

  /** The same within a deadline of its own. */
  CompletableFuture<SendReceipt> send(Route<?> route, Envelope<?> envelope, Duration timeout) {
    try {
      return sender.send(prepare(route, envelope), timeout);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(rejected(e));
    }
  }

  /**
   * Sends several along their routes, or none if one of them can't be made ready: together where
   * the transport can, so that all are stored or none; else those of a key one after another, so
   * that none is stored before one that failed. A reply may find its requester gone.
   */
  CompletableFuture<?> send(List<Outgoing> messages) {
    List<Prepared> replies = new ArrayList<>();
    List<Prepared> others = new ArrayList<>();
    try {
      for (Outgoing message : messages) {
        Prepared ready = prepare(message.route(), message.envelope());
        (ready.channel() instanceof ReplyQueue ? replies : others).add(ready);
      }
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(rejected(e));
    }
    List<CompletableFuture<?>> sends = new ArrayList<>();
    sends.add(
        others.size() > 1 && areSentTogether(others)
            ? sender.sendTogether(others)
            : inOrder(others));
    for (Prepared reply : replies) {
      sends.add(Replies.unlessGone(reply.channel(), sender.send(reply, plan.sendTimeout())));
    }
    return CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new));
  }

  private CompletableFuture<?> inOrder(List<Prepared> messages) {
    record Lane(Channel channel, String key) {}
    Map<Lane, CompletableFuture<?>> last = new HashMap<>();
    List<CompletableFuture<?>> sends = new ArrayList<>();
    for (Prepared message : messages) {
      String key = message.channel().keyed() ? message.message().key() : null;
      CompletableFuture<?> before = key == null ? null : last.get(new Lane(message.channel(), key));
      CompletableFuture<?> send =
          before == null
              ? sender.send(message, plan.sendTimeout())
              : before.thenComposeAsync(
                  confirmed -> sender.send(message, plan.sendTimeout()), answers);
      if (key != null) {
        last.put(new Lane(message.channel(), key), send);
      }
      sends.add(send);
    }
    return CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new));
  }

  /**
   * A message made ready to be stored by whoever it is given to: written, in any case.
   *
   * @throws MessagingException if the transport would not take it
   */
  Addressed ready(Outgoing message) {
    Prepared prepared = prepare(message.route(), message.envelope(), false);
    return new Addressed(prepared.channel(), prepared.message());
  }

  /** Sends what {@link #ready} has made, perhaps long ago. */
  CompletableFuture<SendReceipt> sendReady(Addressed message) {
    try {
      return sender.send(
          new Prepared(
              message.channel(), String.valueOf(message.message().id()), message.message()),
          plan.sendTimeout());
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private boolean areSentTogether(List<Prepared> messages) {
    return messages.stream()
        .allMatch(one -> support(one.channel(), Feature.ATOMIC_SEND).level() == Level.NATIVE);
  }

  /** Takes back a message that was sent with a delay; fails where the transport can't. */
  CompletableFuture<Boolean> cancel(SendReceipt receipt) {
    Support support = support(receipt.channel(), Feature.CANCEL);
    if (support.level() == Level.NATIVE) {
      return sender.cancel(receipt);
    }
    return CompletableFuture.failedFuture(
        new MessagingException(
            ErrorCode.UNSUPPORTED,
            "%s can't be taken back from %s: %s refuses to cancel (%s)."
                .formatted(
                    receipt.messageId(),
                    receipt.channel(),
                    plan.transport().name(),
                    support.note())));
  }

  private Support support(Channel channel, Feature feature) {
    return plan.transport().capabilities(channel.keyed()).support(feature);
  }

  /** What is wrong with sending, in a sentence. */
  Optional<String> problem() {
    return sender.problem();
  }

  /** Who is told what became of a send. */
  SendReports reports() {
    return reports;
  }

  private Prepared prepare(Route<?> route, Envelope<?> given) {
    return prepare(route, given, true);
  }

  /** Makes it ready to be sent at once, by reference perhaps, or to be stored. */
  private Prepared prepare(Route<?> route, Envelope<?> given, boolean passes) {
    try {
      return made(route, stamped(given, route), passes);
    } catch (RuntimeException e) {
      reports.notReady(given.metadata(), route.channel(), rejected(e));
      throw e;
    }
  }

  private Envelope<?> stamped(Envelope<?> given, Route<?> route) {
    Envelope<?> envelope = given;
    for (Interceptor interceptor : plan.interceptors()) {
      envelope = intercepted(interceptor, envelope, route);
    }
    return stamped(envelope.kind(), envelope.payload(), envelope.metadata(), route);
  }

  private Prepared made(Route<?> route, Envelope<?> stamped, boolean passes) {
    WireMessage message =
        passes && plan.transport().passesReferences() ? passed(stamped) : written(stamped);
    limits.check(route.payloadType().getSimpleName(), route.channel(), message);
    return new Prepared(route.channel(), stamped.metadata().id(), message);
  }

  private WireMessage written(Envelope<?> envelope) {
    return WireMapping.encode(
        envelope.kind(),
        envelope.metadata(),
        Passed.encoded(envelope, plan.codec()),
        plan.codec().contentType());
  }

  /** Its metadata are held against the same rules as if they were written. */
  private WireMessage passed(Envelope<?> envelope) {
    Metadata metadata = envelope.metadata();
    WireMapping.check(metadata);
    Envelope<?> received =
        metadata.delay() == null ? envelope : envelope.with(m -> m.withDelay(null));
    return WireMessage.referring(
        new Passed(received, plan.codec()), metadata.key(), metadata.delay());
  }

  private Envelope<?> intercepted(Interceptor interceptor, Envelope<?> envelope, Route<?> route) {
    Envelope<?> next;
    try {
      next = interceptor.outgoing(envelope, route.channel());
    } catch (MessagingException e) {
      throw e;
    } catch (RuntimeException e) {
      throw Passed.notReady(envelope, interceptor, e);
    }
    if (next == null
        || next.kind() != route.kind()
        || next.payload().getClass() != route.payloadType()) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the interceptor %s made %s of %s: it has to keep the payload's class and the kind"
              .formatted(interceptor.getClass().getName(), next, envelope));
    }
    checkRequest(interceptor, envelope.metadata(), next.metadata());
    return next;
  }

  /** The reply to a request comes back by its id and reply address, and by no others. */
  private void checkRequest(Interceptor interceptor, Metadata given, Metadata made) {
    ReplyQueue replies = plan.topology().replies();
    if (replies == null || !replies.name().equals(given.replyTo())) {
      return;
    }
    if (!given.id().equals(made.id()) || !replies.name().equals(made.replyTo())) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          ("the interceptor %s gave the request %s the id %s and the reply address %s instead of %s:"
                  + " its reply would not be found; it has to keep both")
              .formatted(
                  interceptor.getClass().getName(),
                  given.id(),
                  made.id(),
                  made.replyTo(),
                  replies.name()));
    }
  }

  private Envelope<?> stamped(MessageKind kind, Object payload, Metadata given, Route<?> route) {
    Instant now = Instant.ofEpochMilli(plan.clock().millis());
    Instant expiresAt = given.expiresAt();
    if (expiresAt == null && route.expiresAfter() != null) {
      expiresAt = now.plus(route.expiresAfter());
    }
    Duration delay = given.delay();
    Metadata stamped =
        new Metadata(
            given.id(),
            route.typeName(),
            given.source() == null ? plan.name() : given.source(),
            given.time() == null ? now : given.time(),
            given.key() == null ? keyOf(given.id(), payload, route) : given.key(),
            given.correlationId() == null ? given.id() : given.correlationId(),
            given.causationId(),
            given.replyTo(),
            expiresAt,
            delay == null || delay.isZero() || delay.isNegative() ? null : delay,
            given.headers());
    return WireMapping.envelope(kind, payload, stamped);
  }

  private static @Nullable String keyOf(String id, Object payload, Route<?> route) {
    try {
      return route.keyOf(payload);
    } catch (RuntimeException e) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the key of %s can't be taken: its route's keyedBy(…) threw %s"
              .formatted(
                  WireMapping.envelope(route.kind(), payload, Metadata.withId(id)),
                  e.getClass().getName()),
          e);
    }
  }

  private static SendException rejected(RuntimeException e) {
    if (e instanceof SendException known) {
      return known;
    }
    return e instanceof MessagingException known
        ? SendException.rejected(known.code(), String.valueOf(known.getMessage()), known)
        : SendException.rejected(
            ErrorCode.INVALID_MESSAGE,
            "the message could not be made ready to be sent: " + e.getClass().getName(),
            e);
  }
}
