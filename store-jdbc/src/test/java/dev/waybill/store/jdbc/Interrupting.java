package dev.waybill.store.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicLong;

/** Lets something happen between two statements of a transaction. */
final class Interrupting {
  interface Event {
    void happen() throws Exception;
  }

  private Interrupting() {}

  /** The connection; the event happens just before a DELETE is executed. */
  static Connection beforeDelete(Connection connection, Event event) {
    return proxy(
        Connection.class,
        connection,
        "prepareStatement",
        (result, arguments) ->
            arguments[0].toString().startsWith("DELETE")
                ? proxy(PreparedStatement.class, (PreparedStatement) result, "executeUpdate", event)
                : result);
  }

  /**
   * The connection; adds up the bodies that its statements' results have beyond those that were
   * read.
   */
  static Connection countingBodies(Connection connection, AtomicLong bytes) {
    return proxy(
        Connection.class,
        connection,
        "prepareStatement",
        (statement, ignored) ->
            proxy(
                PreparedStatement.class,
                (PreparedStatement) statement,
                "executeQuery",
                (result, none) -> {
                  ResultSet rows = (ResultSet) result;
                  return proxy(ResultSet.class, rows, "close", () -> bytes.addAndGet(rest(rows)));
                }));
  }

  private static long rest(ResultSet rows) throws SQLException {
    long bytes = 0;
    if (hasBody(rows.getMetaData())) {
      while (rows.next()) {
        bytes += rows.getBytes("body").length;
      }
    }
    return bytes;
  }

  private static boolean hasBody(ResultSetMetaData columns) throws SQLException {
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      if (columns.getColumnLabel(i).equalsIgnoreCase("body")) {
        return true;
      }
    }
    return false;
  }

  private interface Result {
    Object of(Object result, Object[] arguments) throws Exception;
  }

  private static <T> T proxy(Class<T> type, T target, String method, Event before) {
    return type.cast(
        Proxy.newProxyInstance(
            Interrupting.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, called, arguments) -> {
              if (called.getName().equals(method)) {
                before.happen();
              }
              return invoke(target, called, arguments);
            }));
  }

  private static <T> T proxy(Class<T> type, T target, String method, Result after) {
    return type.cast(
        Proxy.newProxyInstance(
            Interrupting.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, called, arguments) -> {
              Object result = invoke(target, called, arguments);
              return called.getName().equals(method) ? after.of(result, arguments) : result;
            }));
  }

  private static Object invoke(Object target, java.lang.reflect.Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
