package dev.waybill.store.jdbc;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What failures of a database mean. */
final class Failures {
  /** Cancelled by somebody, or by a statement's own timeout: says nothing of the database. */
  private static final String CANCELLED = "57014";

  /** A constraint that was checked at the commit, which would fail again. */
  private static final String CONSTRAINT_AT_COMMIT = "40002";

  /** Connection, resources, intervention of an operator, system. */
  private static final Set<String> CLASSES_OF_OUTAGES = Set.of("08", "53", "57", "58");

  /** H2 has no standard states for: a database that is closed, or a connection that is broken. */
  private static final Set<String> OUTAGES_OF_H2 = Set.of("90067", "90098", "90121");

  private Failures() {}

  /** Whether the same would succeed later, whatever else becomes of the message. */
  static boolean mayPass(Throwable thrown) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable each = thrown; each != null && seen.add(each); each = next(each)) {
      if (each instanceof SQLException e && mayPass(e)) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable Throwable next(Throwable thrown) {
    Throwable cause = thrown.getCause();
    // a batch has the database's own exception there
    return cause == null && thrown instanceof SQLException e ? e.getNextException() : cause;
  }

  private static boolean mayPass(SQLException e) {
    if (e instanceof SQLTransientConnectionException
        || e instanceof SQLNonTransientConnectionException
        || e instanceof SQLRecoverableException) {
      return true;
    }
    String state = e.getSQLState();
    if (state == null || state.length() != 5 || state.equals(CANCELLED)) {
      return false;
    }
    return CLASSES_OF_OUTAGES.contains(state.substring(0, 2))
        || OUTAGES_OF_H2.contains(state)
        || (state.startsWith("40") && !state.equals(CONSTRAINT_AT_COMMIT));
  }

  /** That the store could not do something; also if the reason is none of the database's. */
  static MessagingException failed(String what, Exception e) {
    String state = e instanceof SQLException sql ? " (SQLSTATE " + sql.getSQLState() + ")" : "";
    return new MessagingException(
        ErrorCode.STORE_FAILED,
        "the database could not %s%s: %s".formatted(what, state, e.getMessage()),
        e);
  }

  /** That a message could not be kept: its own fault if the database does not take a value. */
  static MessagingException notKept(SQLException e) {
    SQLException reason = e.getNextException() == null ? e : e.getNextException();
    String state = reason.getSQLState();
    if (state == null || !state.startsWith("22")) {
      return failed("keep a message in the outbox", reason);
    }
    return new MessagingException(
        ErrorCode.INVALID_MESSAGE,
        "the outbox can't keep the message, since the database does not take a value of it (SQLSTATE %s): %s"
            .formatted(state, reason.getMessage()),
        e);
  }
}
