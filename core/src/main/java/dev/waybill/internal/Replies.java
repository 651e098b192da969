package dev.waybill.internal;

import dev.waybill.Document;
import dev.waybill.Metadata;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.internal.OutgoingPipeline.Outgoing;
import dev.waybill.routing.Channel;
import dev.waybill.routing.MessageKind;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Route;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way back to a requester: where replies go, and the fault of a request that was given up. */
final class Replies {
  private static final Logger LOG = LoggerFactory.getLogger(Replies.class);

  private final Routes routes;
  private final OutgoingPipeline outgoing;

  Replies(Routes routes, OutgoingPipeline outgoing) {
    this.routes = routes;
    this.outgoing = outgoing;
  }

  /** The reply queue of an address that came with a message, or null if it is not one. */
  static @Nullable ReplyQueue at(@Nullable String address) {
    return address == null ? null : ReplyQueue.at(address).orElse(null);
  }

  /**
   * Whether a requester waits for what becomes of a message, and will have given up when the next
   * attempt comes.
   */
  static boolean isTooLate(Metadata request, Instant now, Duration wait) {
    Instant expiresAt = request.expiresAt();
    return expiresAt != null
        && at(request.replyTo()) != null
        && Duration.between(now, expiresAt).compareTo(wait) <= 0;
  }

  /**
   * The route of a reply to a message; null if nobody waits for one.
   *
   * @throws MessagingException if the class is not one of replies
   */
  @Nullable Route<?> routeFor(Class<?> type, Metadata request) {
    String name =
        routes
            .replyName(type)
            .orElseThrow(
                () ->
                    new MessagingException(
                        ErrorCode.NO_ROUTE,
                        "%s is not a reply: add r.reply(%s.class).named(\"…\") to the routes."
                            .formatted(type.getSimpleName(), type.getSimpleName())));
    ReplyQueue queue = at(request.replyTo());
    if (queue == null) {
      LOG.debug("Nobody waits for the reply {} to {}; it is not sent", name, request.id());
      return null;
    }
    return route(type, name, queue);
  }

  private static <T> Route<T> route(Class<T> type, String name, ReplyQueue queue) {
    return new Route<>(type, name, MessageKind.DOCUMENT, queue, null, null);
  }

  /** A send, except that it succeeds if it went to a reply queue that is gone. */
  static CompletableFuture<@Nullable Void> unlessGone(
      Channel channel, CompletableFuture<SendReceipt> send) {
    return send.handle(
        (receipt, failure) -> {
          if (failure != null && !(channel instanceof ReplyQueue && isGone(failure))) {
            throw new CompletionException(cause(failure));
          }
          if (failure != null) {
            LOG.info("The {} is gone: its reply is dropped", channel);
          }
          return null;
        });
  }

  private static boolean isGone(Throwable failure) {
    return cause(failure) instanceof MessagingException e
        && (e.code() == ErrorCode.NOT_FOUND || e.code() == ErrorCode.UNROUTABLE);
  }

  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  /**
   * The resolution, with a fault to its requester if the message is given up.
   *
   * @param together whether the fault is stored with the settlement, or sent before
   */
  Resolution withFault(Work work, Resolution resolution, boolean together) {
    ReplyQueue queue = at(WireMapping.replyTo(work.delivery.message()));
    if (queue == null) {
      return resolution;
    }
    Function<Throwable, Resolution> otherwise = resolution.otherwise();
    if (otherwise != null) {
      return resolution.together(
          resolution.messages(), unstored -> withFault(work, otherwise.apply(unstored), together));
    }
    Fault fault = Fault.of(resolution);
    if (fault == null) {
      return resolution;
    }
    return together
        ? resolution.together(ready(fault, queue, work), null)
        : resolution.after(() -> send(fault, queue, work));
  }

  /**
   * What becomes of a message that was handled before. A request that was made again is told so,
   * since its reply has left and will not again. A delivery that the broker repeats is not: its
   * reply may still be on its way, and would come too late behind a fault.
   */
  Resolution handledBefore(Work work) {
    ReplyQueue queue = at(WireMapping.replyTo(work.delivery.message()));
    return queue == null || work.attempt() > 1 || work.isRepeated()
        ? Resolution.HANDLED_BEFORE
        : Resolution.HANDLED_BEFORE.after(() -> send(Fault.HANDLED_BEFORE, queue, work));
  }

  private List<Addressed> ready(Fault fault, ReplyQueue queue, Work work) {
    try {
      return List.of(
          outgoing.ready(
              new Outgoing(
                  route(Fault.class, Fault.TYPE, queue), Document.of(fault, answering(work)))));
    } catch (RuntimeException e) {
      untold(queue, work, e);
      return List.of();
    }
  }

  private static void untold(ReplyQueue queue, Work work, Throwable failure) {
    LOG.warn(
        "The {} could not be told what became of {}; its request will time out",
        queue,
        work.delivery.brokerId(),
        failure);
  }

  /** Never fails: the message is settled also if its requester can't be told. */
  private CompletableFuture<@Nullable Void> send(Fault fault, ReplyQueue queue, Work work) {
    if (!work.isAccepted() && !work.delivery.isOwned()) {
      return CompletableFuture.completedFuture(null); // it is handled elsewhere, perhaps better
    }
    Route<Fault> route = route(Fault.class, Fault.TYPE, queue);
    return unlessGone(queue, outgoing.send(route, Document.of(fault, answering(work))))
        .exceptionally(
            failure -> {
              untold(queue, work, cause(failure));
              return null;
            });
  }

  /** From the raw message, since it may be one that can't be decoded. */
  private static Metadata answering(Work work) {
    WireMessage message = work.delivery.message();
    Map<String, String> attributes = message.attributes();
    String id = WireMapping.present(attributes.get("id"));
    String request = id == null ? work.delivery.brokerId() : id;
    String correlation = WireMapping.present(attributes.get("correlationid"));
    Metadata metadata =
        Metadata.withId(
                UUID.nameUUIDFromBytes((request + "\nfault").getBytes(StandardCharsets.UTF_8))
                    .toString())
            .withCausationId(request)
            .withCorrelationId(correlation == null ? request : correlation);
    for (String name : new String[] {WireMapping.TRACE_PARENT, WireMapping.TRACE_STATE}) {
      String value = message.headers().get(name);
      metadata = value == null ? metadata : metadata.withHeader(name, value);
    }
    return metadata;
  }
}
