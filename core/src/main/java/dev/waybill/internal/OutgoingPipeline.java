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
import dev.waybill.routing.Route;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way of a message out, in this order: route and verb, interceptors, stamp metadata, encode,
 * check limits, send within the deadline.
 */
final class OutgoingPipeline {
  private final BusPlan plan;
  private final Sender sender;
  private final ScheduledExecutorService timer;

  OutgoingPipeline(BusPlan plan, Sender sender, ScheduledExecutorService timer) {
    this.plan = plan;
    this.sender = sender;
    this.timer = timer;
  }

  /** Sends at once; mistakes of the caller's fail the future. */
  CompletableFuture<SendReceipt> send(MessageKind verb, Envelope<?> envelope) {
    try {
      return send(routeFor(verb, envelope.payload().getClass()), envelope);
    } catch (MessagingException e) {
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
  CompletableFuture<SendReceipt> send(Route<?> route, Envelope<?> given) {
    return send(route, given, plan.sendTimeout());
  }

  /** The same within a deadline of its own. */
  CompletableFuture<SendReceipt> send(Route<?> route, Envelope<?> given, Duration timeout) {
    Envelope<?> envelope = given;
    WireMessage message;
    String id;
    try {
      for (Interceptor interceptor : plan.interceptors()) {
        envelope = intercepted(interceptor, envelope, route);
      }
      Metadata metadata = stamp(envelope, route);
      id = metadata.id();
      byte[] body = plan.codec().encode(envelope.payload());
      message = WireMapping.encode(route.kind(), metadata, body, plan.codec().contentType());
      checkLimits(route, message);
    } catch (MessagingException e) {
      return CompletableFuture.failedFuture(rejected(e));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
    return confirmed(route.channel(), id, message, timeout);
  }

  private static Envelope<?> intercepted(
      Interceptor interceptor, Envelope<?> envelope, Route<?> route) {
    Envelope<?> next = interceptor.outgoing(envelope, route.channel());
    if (next == null
        || next.kind() != route.kind()
        || next.payload().getClass() != route.payloadType()) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the interceptor %s made %s of %s: it has to keep the payload's class and the kind"
              .formatted(interceptor.getClass().getName(), next, envelope));
    }
    return next;
  }

  private Metadata stamp(Envelope<?> envelope, Route<?> route) {
    Metadata given = envelope.metadata();
    Instant now = plan.clock().instant().truncatedTo(ChronoUnit.MILLIS);
    Instant expiresAt = given.expiresAt();
    if (expiresAt == null && route.expiresAfter() != null) {
      expiresAt = now.plus(route.expiresAfter());
    }
    Duration delay = given.delay();
    return new Metadata(
        given.id(),
        route.typeName(),
        given.source() == null ? plan.name() : given.source(),
        given.time() == null ? now : given.time(),
        given.key() == null ? keyOf(envelope, route) : given.key(),
        given.correlationId() == null ? given.id() : given.correlationId(),
        given.causationId(),
        given.replyTo(),
        expiresAt,
        delay == null || delay.isZero() || delay.isNegative() ? null : delay,
        given.headers());
  }

  private static @Nullable String keyOf(Envelope<?> envelope, Route<?> route) {
    try {
      return route.keyOf(envelope.payload());
    } catch (RuntimeException e) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "the key of %s can't be taken: its route's keyedBy(…) threw %s"
              .formatted(envelope, e.getClass().getName()),
          e);
    }
  }

  private void checkLimits(Route<?> route, WireMessage message) {
    String transport = plan.transport().name();
    Capabilities capabilities = plan.transport().capabilities(route.channel().keyed());
    if (message.body().length > capabilities.maxBodyBytes()) {
      throw tooLarge(
          route,
          "has a body of %,d bytes, over the limit of %,d",
          message.body().length,
          capabilities.maxBodyBytes());
    }
    int headers = message.attributes().size() + message.headers().size();
    if (headers > capabilities.maxHeaders()) {
      throw tooLarge(
          route,
          "has %,d attributes and headers, over the limit of %,d",
          headers,
          capabilities.maxHeaders());
    }
    if (capabilities.maxHeaderBytes() != Long.MAX_VALUE) {
      long bytes = bytes(message.attributes()) + bytes(message.headers());
      if (bytes > capabilities.maxHeaderBytes()) {
        throw tooLarge(
            route,
            "has %,d bytes of attributes and headers, over the limit of %,d",
            bytes,
            capabilities.maxHeaderBytes());
      }
    }
    Duration delay = message.delay();
    if (delay != null) {
      Capabilities.Support support = capabilities.support(Feature.DELAY);
      if (!support.serves(delay)) {
        throw new MessagingException(
            ErrorCode.UNSUPPORTED,
            "%s can't be delayed by %s on %s: %s %s."
                .formatted(
                    route.payloadType().getSimpleName(),
                    delay,
                    route.channel(),
                    transport,
                    support.limit() == null
                        ? "refuses delays (" + support.note() + ")"
                        : "delays at most " + support.limit() + " (" + support.note() + ")"));
      }
    }
  }

  private MessagingException tooLarge(Route<?> route, String what, long is, long limit) {
    return new MessagingException(
        ErrorCode.TOO_LARGE,
        "%s to %s %s of %s: send less, or a reference to it."
            .formatted(
                route.payloadType().getSimpleName(),
                route.channel(),
                String.format(java.util.Locale.ROOT, what, is, limit),
                plan.transport().name()));
  }

  private static long bytes(Map<String, String> texts) {
    long bytes = 0;
    for (Map.Entry<String, String> text : texts.entrySet()) {
      bytes += text.getKey().length() + text.getValue().getBytes(StandardCharsets.UTF_8).length;
    }
    return bytes;
  }

  private CompletableFuture<SendReceipt> confirmed(
      Channel channel, String id, WireMessage message, Duration timeout) {
    CompletableFuture<SendReceipt> receipt = new CompletableFuture<>();
    CompletableFuture<String> sent;
    long begun = System.nanoTime();
    try {
      sent = sender.send(channel, message, timeout);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(
          SendException.unknown(
              ErrorCode.BROKER_ERROR,
              "%s to %s: the transport failed while sending, it may or may not have been stored"
                  .formatted(id, channel),
              e));
    }
    var unused =
        sent.whenComplete(
            (brokerId, failure) -> {
              if (failure == null) {
                receipt.complete(new SendReceipt(id, channel, brokerId));
              } else {
                receipt.completeExceptionally(sendException(channel, id, failure));
              }
            });
    if (!receipt.isDone()) {
      keepDeadline(receipt, begun, timeout, channel, id);
    }
    return receipt;
  }

  private void keepDeadline(
      CompletableFuture<SendReceipt> receipt,
      long begun,
      Duration timeout,
      Channel channel,
      String id) {
    long left = timeout.toNanos() - (System.nanoTime() - begun);
    try {
      cancelWhenDone(
          timer.schedule(
              () -> receipt.completeExceptionally(timedOut(channel, id, timeout)),
              left,
              TimeUnit.NANOSECONDS),
          receipt);
    } catch (RejectedExecutionException e) { // the bus was closed while the transport sent
      receipt.completeExceptionally(
          SendException.unknown(
              ErrorCode.CLOSED,
              "%s to %s: the bus was closed before %s confirmed it, it may or may not have been stored"
                  .formatted(id, channel, plan.transport().name()),
              null));
    }
  }

  private static void cancelWhenDone(
      ScheduledFuture<?> deadline, CompletableFuture<SendReceipt> receipt) {
    var unused = receipt.whenComplete((done, failure) -> deadline.cancel(false));
  }

  private SendException timedOut(Channel channel, String id, Duration timeout) {
    return SendException.unknown(
        ErrorCode.TIMEOUT,
        "%s to %s: %s has not confirmed it within %s, it may or may not have been stored. If it is sent again, then as the same envelope, so that it keeps its id."
            .formatted(id, channel, plan.transport().name(), timeout),
        null);
  }

  private static SendException sendException(Channel channel, String id, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof SendException known
        ? known
        : SendException.unknown(
            ErrorCode.BROKER_ERROR,
            "%s to %s: the transport failed, it may or may not have been stored"
                .formatted(id, channel),
            cause);
  }

  private static SendException rejected(MessagingException e) {
    return e instanceof SendException known
        ? known
        : SendException.rejected(e.code(), String.valueOf(e.getMessage()), e);
  }
}
