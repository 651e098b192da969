package dev.waybill.store.jdbc;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a transaction as its handler sees it: the transaction's end is not the
 * handler's, also by way of what the connection gave, and the connection is of no use after it.
 * Only {@code unwrap}, and the results of an {@code Array}, give what is the driver's.
 */
final class HandlerConnection implements InvocationHandler {
  private final Connection connection;
  private volatile boolean ended;

  private HandlerConnection(Connection connection) {
    this.connection = connection;
  }

  static Connection of(Connection connection) {
    return (Connection)
        Proxy.newProxyInstance(
            HandlerConnection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            new HandlerConnection(connection));
  }

  /** The handling is over; whoever has kept the connection can't disturb its next user. */
  static void end(Connection proxy) {
    ((HandlerConnection) Proxy.getInvocationHandler(proxy)).ended = true;
  }

  /** Refuses what would be done with a connection of no use any more. */
  static void requireOpen(Connection proxy) throws SQLException {
    ((HandlerConnection) Proxy.getInvocationHandler(proxy)).requireOpen();
  }

  private void requireOpen() throws SQLException {
    if (ended) {
      throw new SQLException(
          "the handler's transaction has ended, and its connection with it", "08003");
    }
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    Object first = arguments == null || arguments.length == 0 ? null : arguments[0];
    String name = method.getName();
    if (endsTransaction(name, first)) {
      throw new IllegalStateException(
          "Connection.%s in a handler: the transaction is the consumer's, which commits it when the handler returns, and rolls it back when the handler throws"
              .formatted(name));
    }
    return switch (name) {
      case "equals" -> proxy == first;
      case "hashCode" -> System.identityHashCode(proxy);
      case "toString" -> "the connection of a handler's transaction";
      case "close" -> null; // as try-with-resources does
      case "isClosed" -> ended || connection.isClosed();
      case "isValid" -> !ended && Boolean.TRUE.equals(passOn(method, arguments));
      case "unwrap", "isWrapperFor" -> unwrap(proxy, method, arguments, first);
      default -> HandlerPart.of(passOn(method, arguments), (Connection) proxy, null);
    };
  }

  private static boolean endsTransaction(String method, @Nullable Object first) {
    return switch (method) {
      case "commit", "abort" -> true;
      case "rollback" -> !(first instanceof Savepoint);
      case "setAutoCommit" -> Boolean.TRUE.equals(first);
      default -> false;
    };
  }

  private @Nullable Object unwrap(
      Object proxy, Method method, Object @Nullable [] arguments, @Nullable Object first)
      throws Throwable {
    if (first instanceof Class<?> type && type.isInstance(proxy)) {
      return method.getName().equals("unwrap") ? proxy : true;
    }
    return passOn(method, arguments);
  }

  private @Nullable Object passOn(Method method, Object @Nullable [] arguments) throws Throwable {
    requireOpen();
    try {
      return method.invoke(connection, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
