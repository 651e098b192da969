package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Turns the exceptions of Kafka's clients into ours. */
final class KafkaErrors {
  private KafkaErrors() {}

  /** What kind of error an exception of Kafka's clients is. */
  static ErrorCode code(Throwable error) {
    if (error instanceof AuthenticationException) {
      return ErrorCode.NOT_AUTHENTICATED;
    }
    if (error instanceof AuthorizationException) {
      return ErrorCode.NOT_AUTHORISED;
    }
    if (error instanceof UnknownTopicOrPartitionException
        || error instanceof InvalidTopicException) {
      return ErrorCode.NOT_FOUND;
    }
    if (error instanceof RecordTooLargeException || error instanceof RecordBatchTooLargeException) {
      return ErrorCode.TOO_LARGE;
    }
    if (error instanceof SerializationException || error instanceof InvalidRecordException) {
      return ErrorCode.INVALID_MESSAGE;
    }
    return serviceCode(error);
  }

  private static ErrorCode serviceCode(Throwable error) {
    if (error instanceof ThrottlingQuotaExceededException) {
      return ErrorCode.THROTTLED;
    }
    if (error instanceof DisconnectException || error instanceof NetworkException) {
      return ErrorCode.CONNECTION_FAILED;
    }
    if (error instanceof TimeoutException
        || error instanceof java.util.concurrent.TimeoutException) {
      return ErrorCode.TIMEOUT;
    }
    if (error instanceof RetriableException) {
      return ErrorCode.BROKER_UNAVAILABLE;
    }
    return ErrorCode.BROKER_ERROR;
  }

  /** Why a message never came into the producer's hands: provably not stored. */
  static SendException unsent(String topic, Throwable error, Duration waited) {
    Throwable cause = error.getCause();
    if (error instanceof InterruptException) {
      return SendException.rejected(
          ErrorCode.TIMEOUT,
          "The message for Kafka topic '%s' was not sent: its thread was interrupted."
              .formatted(topic),
          error);
    }
    if (error instanceof BufferExhaustedException) {
      return SendException.rejected(
          ErrorCode.TIMEOUT,
          "The message for Kafka topic '%s' was not sent: the producer's buffer stayed full for %s."
              .formatted(topic, text(waited)),
          error);
    }
    if (error instanceof TimeoutException && cause != null && code(cause) == ErrorCode.NOT_FOUND) {
      return SendException.rejected(
          ErrorCode.NOT_FOUND,
          ("Kafka topic '%s' does not exist: create it, or prepare the connection with a topology"
                  + " that has it.")
              .formatted(topic),
          error);
    }
    if (error instanceof TimeoutException) {
      return SendException.rejected(
          ErrorCode.CONNECTION_FAILED,
          "The message for Kafka topic '%s' was not sent: no broker answered within %s."
              .formatted(topic, text(waited)),
          error);
    }
    return SendException.rejected(code(error), refusal(topic, error), error);
  }

  /** Why a reply was not sent: its requester's topic is not there, or could not be looked at. */
  static SendException unsentReply(String topic, Throwable error, Duration waited) {
    if (error instanceof java.util.concurrent.TimeoutException) {
      return unsent(topic, new TimeoutException("no answer in time"), waited);
    }
    boolean unknown = code(error) == ErrorCode.NOT_FOUND;
    return unknown
        ? unsent(topic, new TimeoutException("no such topic", error), waited)
        : unsent(topic, error, waited);
  }

  /** Why a message that the producer had taken was not confirmed. */
  static SendException unconfirmed(String topic, Throwable error) {
    ErrorCode code = code(error);
    return switch (code) {
      case NOT_AUTHORISED, NOT_FOUND, TOO_LARGE, INVALID_MESSAGE ->
          SendException.rejected(code, refusal(topic, error), error);
      default ->
          SendException.unknown(
              code,
              "Kafka did not confirm the message for topic '%s'; it may be stored: %s"
                  .formatted(topic, error.getMessage()),
              error);
    };
  }

  static SendException late(String topic, Duration deadline) {
    return SendException.unknown(
        ErrorCode.TIMEOUT,
        "Kafka did not confirm the message for topic '%s' within %s; it may be stored."
            .formatted(topic, text(deadline)),
        null);
  }

  static SendException closedBeforeSend() {
    return SendException.rejected(ErrorCode.CLOSED, "The connection to Kafka is closed.", null);
  }

  static SendException closedBeforeAnswer() {
    return SendException.unknown(
        ErrorCode.CLOSED,
        "The connection to Kafka was closed before the message was confirmed; it may be stored.",
        null);
  }

  static MessagingException closed() {
    return new MessagingException(ErrorCode.CLOSED, "The connection to Kafka is closed.");
  }

  static MessagingException connecting(KafkaSettings settings, Duration deadline, Throwable error) {
    Throwable cause = unwrapped(error);
    String where = settings.bootstrapServers();
    if (cause instanceof AuthenticationException) {
      return new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          ("Kafka at %s refused the login: check the sasl.… and ssl.… properties given to the"
                  + " builder.")
              .formatted(where),
          cause);
    }
    if (serviceCode(cause) == ErrorCode.TIMEOUT
        || serviceCode(cause) == ErrorCode.CONNECTION_FAILED) {
      return new MessagingException(
          ErrorCode.CONNECTION_FAILED,
          "No Kafka broker answered at %s within %s: is it running, and is the address right?%s"
              .formatted(where, text(deadline), protocolHint(settings)),
          cause);
    }
    return new MessagingException(
        code(cause),
        "Kafka at %s refused the connection: %s".formatted(where, cause.getMessage()),
        cause);
  }

  /** Why a client could not even be made. */
  static MessagingException making(KafkaSettings settings, Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null && !(cause instanceof ConfigException)) {
      cause = cause.getCause();
    }
    String text = String.valueOf(cause.getMessage());
    if (text.startsWith("No resolvable bootstrap")) {
      return new MessagingException(
          ErrorCode.CONNECTION_FAILED,
          "The Kafka address %s can't be resolved: is the host name right?"
              .formatted(settings.bootstrapServers()),
          error);
    }
    return new MessagingException(
        ErrorCode.CONFIGURATION, "Kafka's client refuses its properties: " + text, error);
  }

  /** Why an administrative call failed; {@code doing} completes "could not …". */
  static MessagingException asking(String doing, Throwable error) {
    Throwable cause = unwrapped(error);
    return new MessagingException(
        code(cause),
        "Could not %s on Kafka: %s"
            .formatted(
                doing, cause.getMessage() == null ? "no answer in time" : cause.getMessage()),
        cause);
  }

  static MessagingException receiving(String source, Throwable error) {
    if (error instanceof MessagingException ours) {
      return ours;
    }
    return new MessagingException(
        code(error),
        "Receiving from %s on Kafka is disturbed, and is tried again: %s"
            .formatted(source, error.getMessage()),
        error);
  }

  static MessagingException noReplyTopic(String topic, String source) {
    return new MessagingException(
        ErrorCode.NOT_FOUND,
        ("Receiving from %s: Kafka topic '%s' does not exist, and is looked for again: create it, or"
                + " start with CREATE.")
            .formatted(source, topic));
  }

  static MessagingException disconnected(String source, String address) {
    return new MessagingException(
        ErrorCode.CONNECTION_FAILED,
        "Receiving from %s: the connection to Kafka at %s is lost, and is tried again."
            .formatted(source, address));
  }

  /** The cause that a future wraps. */
  static Throwable unwrapped(Throwable error) {
    Throwable cause = error.getCause();
    boolean wrapper =
        error instanceof ExecutionException
            || error instanceof java.util.concurrent.CompletionException;
    return wrapper && cause != null ? cause : error;
  }

  /** A duration as people write it: {@code 2 s}, {@code 250 ms}. */
  static String text(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
  }

  private static String refusal(String topic, Throwable error) {
    return "Kafka refused the message for topic '%s': %s".formatted(topic, error.getMessage());
  }

  private static String protocolHint(KafkaSettings settings) {
    return settings.properties().containsKey("security.protocol")
        ? ""
        : " A broker that wants TLS or a login also needs the property security.protocol.";
  }
}
