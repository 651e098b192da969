package dev.waybill.internal;

import dev.waybill.Outcome;
import dev.waybill.error.RequestFailedException;
import org.jspecify.annotations.Nullable;

/**
 * What a requester gets in place of a reply when its request was given up, or has been handled
 * before; on the wire a document of the type {@value #TYPE}. Either part may be missing in one that
 * someone else has written.
 *
 * @param failureType the class name of the exception, or what was decided without one
 * @param message what the exception said, or the reason of the decision; of bounded length
 */
record Fault(@Nullable String failureType, @Nullable String message) {
  static final String TYPE = "dev.waybill.fault.v1";

  /** Of a request that was made again with its id. */
  static final Fault HANDLED_BEFORE =
      new Fault(
          "handled before",
          "the request has been handled before, exactly once; its reply was sent then, and is not sent again");

  /** The fault of a message that was given up; null for every other outcome. */
  static @Nullable Fault of(Resolution resolution) {
    if (resolution.outcome() instanceof Outcome.DeadLettered deadLettered) {
      return of("dead letter", deadLettered.reason(), resolution.failure());
    }
    if (resolution.outcome() instanceof Outcome.Discarded discarded) {
      return of("discarded", discarded.reason(), resolution.failure());
    }
    return null;
  }

  private static Fault of(String decided, String reason, @Nullable Throwable failure) {
    if (failure == null) {
      return new Fault(decided, Evidence.cut(reason));
    }
    String message = Evidence.messageOf(failure);
    return new Fault(
        failure.getClass().getName(), Evidence.cut(message == null ? reason : message));
  }

  /** The failure of a request; {@code request} says which, and where it went. */
  RequestFailedException exception(String request) {
    return new RequestFailedException(
        request,
        failureType == null ? "unknown" : failureType,
        message == null ? "its fault does not say why" : message);
  }
}
