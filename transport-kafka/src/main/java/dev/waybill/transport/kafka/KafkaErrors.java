package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.FencedStateEpochException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidRecordStateException;
import org.apache.kafka.common.errors.InvalidShareSessionEpochException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.ShareSessionNotFoundException;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Turns the exceptions of Kafka's clients into ours. */
final class KafkaErrors {
  private KafkaErrors() {}

  /** What kind of error an exception of Kafka's clients is. */
  static ErrorCode code(Throwable error) {
    if (error instanceof AuthenticationException refused) {
      return SecurityErrors.code(refused);
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
    if (error instanceof SerializationException
        || error instanceof InvalidRecordException
        || error instanceof InvalidTimestampException) {
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

  /** Why Kafka will never take a message for {@code topic}, or null if it may yet. */
  static @Nullable SendException refused(String topic, Throwable error) {
    Throwable cause = error.getCause();
    boolean unknownTopic =
        error instanceof TimeoutException && cause != null && code(cause) == ErrorCode.NOT_FOUND;
    return switch (unknownTopic ? ErrorCode.NOT_FOUND : code(error)) {
      case NOT_AUTHORISED, NOT_FOUND, TOO_LARGE, INVALID_MESSAGE ->
          unsent(topic, error, Duration.ZERO);
      default -> null;
    };
  }

  /** Why a settlement is given up whose transaction is aborted whatever else is in it. */
  static SendException neverStored(String source, int times, Throwable error) {
    return SendException.rejected(
        code(error),
        ("The transaction that settles a message of %s was aborted %d times with nothing else in it, so"
                + " nothing of it is stored: do its messages take longer than transaction.timeout.ms? %s")
            .formatted(source, times, error.getMessage()),
        error);
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

  /**
   * Why a message that the producer had taken was not confirmed. What is refused for itself is
   * refused at each attempt; a right or a topic can be gone at the second one, after a first one
   * that was stored and whose answer was lost.
   *
   * @param once whether the producer made one attempt only, for sure
   */
  static SendException unconfirmed(String topic, Throwable error, boolean once) {
    ErrorCode code = code(error);
    boolean rejected =
        switch (code) {
          case TOO_LARGE, INVALID_MESSAGE -> true;
          case NOT_AUTHORISED -> once;
          default -> false;
        };
    if (rejected) {
      return SendException.rejected(code, refusal(topic, error), error);
    }
    return SendException.unknown(
        code,
        "Kafka did not confirm the message for topic '%s'; it may be stored: %s"
            .formatted(
                topic,
                SecurityErrors.refusal(error, SecurityErrors.WRITE, "topic '" + topic + "'")),
        error);
  }

  static SendException late(String topic, Duration deadline) {
    return SendException.unknown(
        ErrorCode.TIMEOUT,
        "Kafka did not confirm the message for topic '%s' within %s; it may be stored."
            .formatted(topic, text(deadline)),
        null);
  }

  /** That a delay topic which was there is gone; what does not exist yet is left as it is. */
  static SendException delayTopicGone(String topic, SendException missing) {
    String delayTopic = KafkaNames.delayTopic(topic);
    if (!(missing.getCause() instanceof KafkaException)) {
      return missing;
    }
    String text =
        ("The delayed message for Kafka topic '%s' was not confirmed: its delay topic '%s' is gone. The"
                + " next one looks for it, and makes it under CREATE.")
            .formatted(topic, delayTopic);
    return missing.certainty() == SendException.Certainty.REJECTED
        ? SendException.rejected(ErrorCode.NOT_FOUND, text, missing)
        : SendException.unknown(ErrorCode.NOT_FOUND, text, missing);
  }

  static SendException noChannelForDelay(String topic) {
    return SendException.rejected(
        ErrorCode.NOT_FOUND,
        ("Kafka topic '%s' does not exist, so no message to it can wait: create it, or prepare the"
                + " connection with a topology that has it.")
            .formatted(topic),
        null);
  }

  /** That a topic does not exist, with how to make it. */
  static String missing(TopicSpec wanted) {
    return "Kafka topic '%s' (for %s) does not exist: run %s, or start with CREATE."
        .formatted(wanted.name(), wanted.carries(), wanted.command());
  }

  /** That the broker does not allow a topic as it is wanted. */
  static String notMade(TopicSpec wanted, Throwable error) {
    return ("Kafka refuses to make topic '%s' (for %s): %s Change what the builder says of it, or run %s"
            + " as the broker allows it.")
        .formatted(wanted.name(), wanted.carries(), sentence(error), wanted.command());
  }

  private static String sentence(Throwable error) {
    String text = String.valueOf(error.getMessage());
    return text.endsWith(".") ? text : text + ".";
  }

  /** Why it is not known in time whether a message could wait. */
  static SendException delayTopicLate(String topic, Duration waited) {
    return SendException.rejected(
        ErrorCode.TIMEOUT,
        "The delayed message for Kafka topic '%s' was not sent: its delay topic was not ready within %s."
            .formatted(topic, text(waited)),
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
    if (cause instanceof AuthenticationException refused) {
      return SecurityErrors.connecting(where, refused);
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
    List<String> reasons = new ArrayList<>();
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      reasons.add(String.valueOf(cause.getMessage()));
      if (cause instanceof ConfigException) {
        reasons.subList(0, reasons.size() - 1).clear();
        break;
      }
    }
    // the first one only says that there is no client
    String text =
        String.join(": ", reasons.subList(Math.min(1, reasons.size() - 1), reasons.size()));
    if (text.contains("No resolvable bootstrap")) {
      return new MessagingException(
          ErrorCode.CONNECTION_FAILED,
          "The Kafka address %s can't be resolved: is the host name right?"
              .formatted(settings.bootstrapServers()),
          error);
    }
    if (text.contains("JAAS")) { // such texts repeat parts of the login, so without the cause
      return new MessagingException(
          ErrorCode.CONFIGURATION,
          "Kafka's client can't read the property \"sasl.jaas.config\": look for a quotation mark or"
              + " the semicolon that is missing, or give sasl.username and sasl.password instead.");
    }
    return new MessagingException(
        ErrorCode.CONFIGURATION, "Kafka's client refuses its properties: " + text, error);
  }

  /** Why an administrative call that only looks failed; {@code doing} completes "could not …". */
  static MessagingException asking(String doing, Throwable error) {
    return asking(doing, SecurityErrors.DESCRIBE, error);
  }

  /**
   * Why an administrative call failed.
   *
   * @param doing completes "could not …"
   * @param right what the call takes
   */
  static MessagingException asking(String doing, String right, Throwable error) {
    Throwable cause = unwrapped(error);
    return new MessagingException(
        code(cause),
        "Could not %s on Kafka: %s"
            .formatted(
                doing,
                cause.getMessage() == null
                    ? "no answer in time"
                    : SecurityErrors.refusal(cause, right, "it")),
        cause);
  }

  static MessagingException receiving(String source, Throwable error) {
    if (error instanceof MessagingException ours) {
      return ours;
    }
    return new MessagingException(
        code(error),
        "Receiving from %s on Kafka is disturbed, and is tried again: %s"
            .formatted(source, SecurityErrors.refusal(error, SecurityErrors.READ, "it")),
        error);
  }

  static MessagingException committing(String source, KafkaException error) {
    return new MessagingException(
        code(error),
        "The last commit of %s to Kafka failed, or left something out: %s"
            .formatted(source, SecurityErrors.refusal(error, SecurityErrors.READ, "it")),
        error);
  }

  /** Whether an acknowledgement was refused because the lock, or the session with it, is gone. */
  static boolean isLockLost(Throwable error) {
    return error instanceof InvalidRecordStateException
        || error instanceof ShareSessionNotFoundException
        || error instanceof InvalidShareSessionEpochException
        || error instanceof FencedStateEpochException
        || error instanceof NotLeaderOrFollowerException;
  }

  static MessagingException acknowledging(String source, Throwable error) {
    return new MessagingException(
        code(error),
        "A message of %s could not be acknowledged to Kafka, and comes again if it was not: %s"
            .formatted(source, error.getMessage()),
        error);
  }

  static MessagingException settling(String source, Throwable error) {
    return new MessagingException(
        code(error),
        "Settling messages from %s on Kafka by transactions is disturbed, and is tried again: %s"
            .formatted(source, SecurityErrors.refusal(error, SecurityErrors.READ, "it")),
        error);
  }

  static MessagingException noTopic(String topic, String source) {
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
    // that of idempotence too: it is had by writing to any topic
    return "Kafka refused the message for topic '%s': %s"
        .formatted(
            topic, SecurityErrors.refusal(error, SecurityErrors.WRITE, "topic '" + topic + "'"));
  }

  private static String protocolHint(KafkaSettings settings) {
    return settings.properties().containsKey("security.protocol")
        ? ""
        : " A broker that wants TLS or a login also needs tls(…) or saslPlain(…) and the like, or the"
            + " property security.protocol.";
  }
}
