package dev.waybill.store.jdbc;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a handler has got from its connection and what leads back to it: statements, their results,
 * metadata. They give the handler's connection where the driver's would be.
 */
final class HandlerPart implements InvocationHandler {
  /** The special before the general. */
  private static final List<Class<?>> TYPES =
      List.of(
          CallableStatement.class,
          PreparedStatement.class,
          Statement.class,
          ResultSet.class,
          DatabaseMetaData.class);

  private final Object part;
  private final Connection connection;
  private final @Nullable Object origin;

  private HandlerPart(Object part, Connection connection, @Nullable Object origin) {
    this.part = part;
    this.connection = connection;
    this.origin = origin;
  }

  /**
   * What a handler may have of what the driver gave.
   *
   * @param connection the handler's
   * @param origin the part that it was got from; null if that is the connection
   */
  static @Nullable Object of(
      @Nullable Object given, Connection connection, @Nullable Object origin) {
    if (given instanceof Connection) {
      return connection;
    }
    for (Class<?> type : TYPES) {
      if (type.isInstance(given)) {
        return Proxy.newProxyInstance(
            HandlerPart.class.getClassLoader(),
            new Class<?>[] {type},
            new HandlerPart(given, connection, origin));
      }
    }
    return given;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    Object first = arguments == null || arguments.length == 0 ? null : arguments[0];
    return switch (method.getName()) {
      case "equals" -> proxy == first;
      case "hashCode" -> System.identityHashCode(proxy);
      case "toString" -> part.toString();
      case "close", "isClosed" -> passOn(method, arguments);
      case "getConnection" -> connection;
      case "unwrap" -> isProxied(proxy, first) ? proxy : passOn(method, arguments);
      case "isWrapperFor" -> isProxied(proxy, first) ? true : passOn(method, arguments);
      case "getStatement" -> statement(passOn(method, arguments));
      default -> {
        HandlerConnection.requireOpen(connection);
        yield of(passOn(method, arguments), connection, proxy);
      }
    };
  }

  private static boolean isProxied(Object proxy, @Nullable Object type) {
    return type instanceof Class<?> wanted && wanted.isInstance(proxy);
  }

  /** That of a result: the one that it was got from, if it was one. */
  private @Nullable Object statement(@Nullable Object drivers) {
    return drivers != null && origin instanceof Statement ? origin : of(drivers, connection, null);
  }

  private @Nullable Object passOn(Method method, Object @Nullable [] arguments) throws Throwable {
    try {
      return method.invoke(part, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
