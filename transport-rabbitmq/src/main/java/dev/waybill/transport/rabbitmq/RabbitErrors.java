package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.MalformedFrameException;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnknownClassOrMethodId;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What the client's exceptions and the broker's reply codes mean. */
final class RabbitErrors {
  /** Why the broker closed a channel or connection; code 0 if it did not say. */
  record Reply(int code, String text) {
    static final Reply NONE = new Reply(0, "");
  }

  /** How the client begins to say that the broker offers no log-in that it is to use. */
  private static final String NO_MECHANISM = "No compatible authentication mechanism";

  /** What RabbitMQ says of a queue that is there and not reached, instead of "no queue". */
  private static final List<String> DOWN =
      List.of("down or inaccessible", "stopped by supervisor", "has crashed");

  private RabbitErrors() {}

  /** The broker's words in an exception, or {@link Reply#NONE}. */
  static Reply reply(@Nullable Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof ShutdownSignalException signal) {
        Method reason = signal.getReason();
        if (reason instanceof AMQP.Channel.Close close) {
          return new Reply(close.getReplyCode(), close.getReplyText());
        }
        if (reason instanceof AMQP.Connection.Close close) {
          return new Reply(close.getReplyCode(), close.getReplyText());
        }
      }
    }
    return Reply.NONE;
  }

  static ErrorCode code(Reply reply) {
    return switch (reply.code()) {
      case AMQP.NOT_FOUND -> isDown(reply) ? ErrorCode.BROKER_UNAVAILABLE : ErrorCode.NOT_FOUND;
      case AMQP.ACCESS_REFUSED, AMQP.NOT_ALLOWED -> ErrorCode.NOT_AUTHORISED;
      case AMQP.PRECONDITION_FAILED ->
          reply.text().contains("message size")
              ? ErrorCode.TOO_LARGE
              : isConsumerTimeout(reply) ? ErrorCode.BROKER_UNAVAILABLE : ErrorCode.BROKER_ERROR;
      case AMQP.RESOURCE_LOCKED, AMQP.INTERNAL_ERROR, AMQP.RESOURCE_ERROR ->
          ErrorCode.BROKER_UNAVAILABLE;
      case 0, AMQP.REPLY_SUCCESS, AMQP.CONNECTION_FORCED -> ErrorCode.CONNECTION_FAILED;
      default -> ErrorCode.BROKER_ERROR;
    };
  }

  /**
   * Whether a queue is there, and can't be reached: the node that a classic one is on is down, or
   * its process has ended. RabbitMQ says "not found" of it, and why (rabbit_amqqueue:not_found).
   */
  static boolean isDown(Reply reply) {
    return reply.code() == AMQP.NOT_FOUND
        && DOWN.stream().anyMatch(words -> reply.text().contains(words));
  }

  private static boolean isConsumerTimeout(Reply reply) {
    return reply.text().contains("acknowledgement") && reply.text().contains("timed out");
  }

  /**
   * Whether a connection has ended by something that its client could not read, in which case it
   * will end so again: a message with it comes again first.
   */
  static boolean isUnreadable(@Nullable Throwable error) {
    Throwable cause = error instanceof ShutdownSignalException ? error.getCause() : null;
    return cause instanceof MalformedFrameException
        || cause instanceof UnknownClassOrMethodId
        || cause instanceof IllegalStateException;
  }

  /** A connection has been lost. */
  static MessagingException lost(RabbitSettings settings, ShutdownSignalException signal) {
    if (!isUnreadable(signal)) {
      return problem(
          "The connection to RabbitMQ at %s was lost".formatted(settings.hosts()), signal);
    }
    return new MessagingException(
        ErrorCode.CONNECTION_FAILED,
        "The connection to RabbitMQ at %s was lost, because its Java client can't read what was received: %s."
            .formatted(settings.hosts(), why(signal)),
        signal);
  }

  /** A source has a message that ends each connection by which it comes. */
  static MessagingException unreadable(List<String> queues, MessagingException loss) {
    return new MessagingException(
        ErrorCode.UNDECODABLE,
        ("A message in %s can't be read by RabbitMQ's Java client, and ends each connection: %s. Take it out by the management UI"
                + " or another client; until then nothing behind it is received.")
            .formatted(
                queues.size() == 1
                    ? "the queue '%s'".formatted(queues.get(0))
                    : "one of the queues '%s' to '%s'"
                        .formatted(queues.get(0), queues.get(queues.size() - 1)),
                why(loss)),
        loss);
  }

  /** What went wrong, with the broker's own words where it gave some. */
  static MessagingException problem(String what, @Nullable Throwable error) {
    Reply reply = reply(error);
    return new MessagingException(code(reply), what + ": " + why(error) + ".", error);
  }

  /** Why a queue can't be received from, or not any more. */
  static MessagingException receiving(String queue, Throwable error) {
    Reply reply = reply(error);
    if (reply.code() == AMQP.ACCESS_REFUSED) {
      return new MessagingException(
          ErrorCode.NOT_AUTHORISED,
          "The user may not receive from the queue '%s': grant the read permission. %s."
              .formatted(queue, why(error)),
          error);
    }
    return problem(
        (isConsumerTimeout(reply)
                ? "A message from queue '%s' was open for longer than the broker's consumer_timeout; raise that, or give the consumer a smaller maxUnsettled"
                : "Can't receive from queue '%s'")
            .formatted(queue),
        error);
  }

  /** Why what was settled comes again. */
  static MessagingException forgotten(String queue, Exception error) {
    return problem(
        "Messages of queue '%s' that were acknowledged last come again, as that could not be written"
            .formatted(queue),
        error);
  }

  /** Nobody knows whether a queue will be received from. */
  static MessagingException unanswered(String queue) {
    return new MessagingException(
        ErrorCode.BROKER_UNAVAILABLE,
        "RabbitMQ has not answered within %s to who wants to receive from queue '%s', which may have lost the majority of its nodes."
            .formatted(seconds(RabbitLink.RPC_LIMIT), queue));
  }

  /** The broker has ended a consumer, and does not say why; whether it will take another shows. */
  static MessagingException cancelled(String queue) {
    return new MessagingException(
        ErrorCode.BROKER_UNAVAILABLE,
        "RabbitMQ ended receiving from queue '%s': it was deleted, its leader moved, or a message was open for longer than its consumer timeout."
            .formatted(queue));
  }

  /** The broker's words, else the innermost exception's. */
  static String why(@Nullable Throwable error) {
    Reply reply = reply(error);
    if (reply.code() != 0) {
      return "%s (%d)".formatted(reply.text(), reply.code());
    }
    if (error == null) {
      return "no reason given";
    }
    Throwable root = error;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String text = root.getMessage();
    if (text != null) {
      return text;
    }
    return root instanceof TimeoutException ? "no answer in time" : root.getClass().getSimpleName();
  }

  /** Why connecting failed. */
  static MessagingException connecting(RabbitSettings settings, Duration limit, Throwable error) {
    String where = "RabbitMQ at " + settings.hosts();
    if (settings.login().isByCertificate() && isRefusedLogin(error)) {
      return new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          ("%s does not know this client by its certificate (%s): is there a user of the certificate's name, is the plugin"
                  + " rabbitmq_auth_mechanism_ssl enabled, and EXTERNAL among its auth_mechanisms?")
              .formatted(where, why(error)),
          error);
    }
    if (error instanceof AuthenticationFailureException) {
      return new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          ("%s refused the user '%s': are name and password right? (guest may log in from the"
                  + " broker's own host only.)")
              .formatted(where, settings.login().lastUser()),
          error);
    }
    Reply reply = reply(error);
    if (reply.code() == AMQP.NOT_ALLOWED && reply.text().contains("not found")) {
      return new MessagingException(
          ErrorCode.NOT_FOUND,
          "%s has no virtual host '%s': create it, or name another. %s."
              .formatted(where, settings.virtualHost(), why(error)),
          error);
    }
    if (reply.code() == AMQP.NOT_ALLOWED && reply.text().contains("limit")) {
      return new MessagingException(
          ErrorCode.BROKER_UNAVAILABLE,
          "%s takes no more connections: close some, or raise the limit. %s."
              .formatted(where, why(error)),
          error);
    }
    if (reply.code() == AMQP.NOT_ALLOWED || reply.code() == AMQP.ACCESS_REFUSED) {
      return new MessagingException(
          ErrorCode.NOT_AUTHORISED,
          "%s does not let the user '%s' use the virtual host '%s': grant a permission on it. %s."
              .formatted(where, settings.login().lastUser(), settings.virtualHost(), why(error)),
          error);
    }
    if (error instanceof PossibleAuthenticationFailureException) {
      return new MessagingException(
          ErrorCode.CONNECTION_FAILED,
          "%s closed the connection at the log-in: does it speak AMQP 0-9-1, and does it know the user '%s'?"
              .formatted(where, settings.login().lastUser()),
          error);
    }
    if (error instanceof SSLException) {
      return new MessagingException(
          ErrorCode.CONNECTION_FAILED,
          "No TLS connection to %s: %s. Is its certificate trusted here and made out to this host?"
              .formatted(where, why(error)),
          error);
    }
    return notAnswered(settings, limit, error);
  }

  private static boolean isRefusedLogin(Throwable error) {
    String text = error.getMessage();
    return error instanceof AuthenticationFailureException
        || (text != null && text.startsWith(NO_MECHANISM));
  }

  /** Nobody there. */
  static MessagingException notAnswered(RabbitSettings settings, Duration limit, Throwable error) {
    return new MessagingException(
        ErrorCode.CONNECTION_FAILED,
        "No RabbitMQ answered at %s%s (%s): is it running, and is the address right?%s"
            .formatted(
                settings.hosts(),
                isTimeout(error) ? " within " + seconds(limit) : "",
                why(error),
                // with TLS 1.3 the client is done with its part before the broker has looked
                settings.tls() == null ? "" : " Does it take this client's certificate?"),
        error);
  }

  /** Whether the time was over; a connection that is refused fails long before. */
  private static boolean isTimeout(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof TimeoutException || cause instanceof SocketTimeoutException) {
        return true;
      }
    }
    return false;
  }

  /** A send whose fate nobody knows; {@code what} happened, without a full stop. */
  static SendException unknown(ErrorCode code, String what, @Nullable Throwable cause) {
    return SendException.unknown(code, what + "; it may or may not have been stored.", cause);
  }

  static SendException closedBeforeSend() {
    return SendException.rejected(
        ErrorCode.CLOSED, "The RabbitMQ connection is closed; nothing was sent.", null);
  }

  static MessagingException closed() {
    return new MessagingException(ErrorCode.CLOSED, "The RabbitMQ connection is closed.");
  }

  static String seconds(Duration limit) {
    return limit.toMillis() % 1000 == 0 ? limit.toSeconds() + " s" : limit.toMillis() + " ms";
  }
}
