package dev.waybill.internal;

import dev.waybill.Interceptor;
import dev.waybill.Metadata;
import dev.waybill.SendReceipt;
import dev.waybill.SendResult;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells those interceptors what became of a send that want to know. */
final class SendReports {
  private static final Logger LOG = LoggerFactory.getLogger(SendReports.class);

  private final Audience<SendResult> audience;

  private SendReports(Audience<SendResult> audience) {
    this.audience = audience;
  }

  static SendReports to(List<Interceptor> interceptors) {
    return new SendReports(Audience.of(interceptors, "sent", SendResult.class, Interceptor::sent));
  }

  /** Whether nobody wants to know, so that nothing needs to be found out. */
  boolean isEmpty() {
    return audience.isEmpty();
  }

  /** It never came to the transport. */
  void notReady(Metadata given, Channel channel, SendException failure) {
    audience.tell(new SendResult(given, channel, Duration.ZERO, null, failure));
  }

  /**
   * The transport was asked to store it.
   *
   * @param begun when, as a nano time
   */
  void answered(
      Channel channel,
      WireMessage message,
      long begun,
      @Nullable SendReceipt receipt,
      @Nullable Throwable failure) {
    if (isEmpty()) {
      return;
    }
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    SendException why = failure == null ? null : asSendException(failure);
    try {
      Metadata metadata =
          WireMapping.decode(message, () -> String.valueOf(message.id()))
              .withDelay(message.delay());
      audience.tell(new SendResult(metadata, channel, took, why == null ? receipt : null, why));
    } catch (MessagingException e) {
      LOG.warn("What became of a message on {} is not told: it can't be read", channel, e);
    }
  }

  /** The transport was asked to store them together with a settlement. */
  void settled(
      List<Addressed> messages, long begun, @Nullable Result result, @Nullable Throwable failure) {
    Throwable why =
        failure == null && result == Result.NOT_OWNED
            ? SendException.unknown(
                ErrorCode.BROKER_UNAVAILABLE,
                "it was to be stored together with the settlement of a message that is no longer ours; it may or may not have been",
                null)
            : failure;
    for (Addressed one : messages) {
      answered(one.channel(), one.message(), begun, null, why);
    }
  }

  private static SendException asSendException(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof SendException known) {
      return known;
    }
    ErrorCode code =
        cause instanceof MessagingException known ? known.code() : ErrorCode.BROKER_ERROR;
    return SendException.rejected(code, String.valueOf(cause.getMessage()), cause);
  }
}
