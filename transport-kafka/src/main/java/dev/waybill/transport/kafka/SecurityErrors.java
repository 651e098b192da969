package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/**
 * Says what a broker, or a client that does not trust it, refuses: certificates, logins, rights.
 */
final class SecurityErrors {
  static final String READ = "Read";
  static final String WRITE = "Write";
  static final String CREATE = "Create";
  static final String DESCRIBE_CONFIGS = "DescribeConfigs";
  static final String ALTER_CONFIGS = "AlterConfigs";
  static final String DELETE = "Delete";
  static final String DESCRIBE = "Describe (which Read or Write includes)";

  private SecurityErrors() {}

  /**
   * A login or certificate that the broker refuses is {@code NOT_AUTHENTICATED}; a broker that is
   * not trusted here is none to connect to.
   */
  static ErrorCode code(AuthenticationException error) {
    return error instanceof SslAuthenticationException && !isAlert(reason(error))
        ? ErrorCode.CONNECTION_FAILED
        : ErrorCode.NOT_AUTHENTICATED;
  }

  /** Why a broker's or our own identity was refused at {@code where}. */
  static MessagingException connecting(String where, AuthenticationException error) {
    return new MessagingException(code(error), text(where, error), error);
  }

  private static String text(String where, AuthenticationException error) {
    String reason = reason(error);
    if (!(error instanceof SslAuthenticationException)) {
      return "Kafka at %s refused the login: check the user, the password and sasl.mechanism."
          .formatted(where);
    }
    if (isAlert(reason)) {
      return ("Kafka at %s refused the TLS connection (%s): does it want a certificate that it trusts?"
              + " Give it by tls(t -> t.certificate(…)) or keyStore(…).")
          .formatted(where, reason);
    }
    return "No TLS connection to Kafka at %s: %s. Is its certificate trusted here and made out to this host?"
        .formatted(where, reason);
  }

  /**
   * Which right is missing, on what; of an error that is none of rights its own text.
   *
   * @param right what the broker asked for
   * @param otherwise what it is about, if the error does not say
   */
  static String refusal(Throwable error, String right, String otherwise) {
    if (!(error instanceof AuthorizationException)) {
      return String.valueOf(error.getMessage());
    }
    String what = otherwise;
    if (error instanceof TopicAuthorizationException topics
        && !topics.unauthorizedTopics().isEmpty()) {
      what = named("topic", topics.unauthorizedTopics());
    } else if (error instanceof GroupAuthorizationException group && group.groupId() != null) {
      what = named("consumer group", Set.of(group.groupId()));
    } else if (error instanceof TransactionalIdsRefusedException ids) {
      return "the right %s on the transactional ids that begin with '%s' is missing"
          .formatted(WRITE, ids.prefix());
    }
    return "the right %s on %s is missing".formatted(right, what);
  }

  private static String named(String kind, Set<String> names) {
    return kind
        + " "
        + new TreeSet<>(names)
            .stream().map(name -> "'" + name + "'").collect(Collectors.joining(", "));
  }

  /** The other side told us so. */
  private static boolean isAlert(String reason) {
    return reason.contains("Received fatal alert");
  }

  private static String reason(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }
}
