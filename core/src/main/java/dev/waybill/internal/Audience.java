package dev.waybill.internal;

import dev.waybill.Interceptor;
import java.util.List;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Those interceptors that want to be told of something: they override the method for it. */
final class Audience<T> {
  private static final Logger LOG = LoggerFactory.getLogger(Audience.class);

  private final List<Interceptor> interested;
  private final String method;
  private final BiConsumer<Interceptor, T> call;

  private Audience(List<Interceptor> interested, String method, BiConsumer<Interceptor, T> call) {
    this.interested = interested;
    this.method = method;
    this.call = call;
  }

  /**
   * Finds them.
   *
   * @param method the name of the method, which takes a {@code T} alone
   * @param call calls it
   */
  static <T> Audience<T> of(
      List<Interceptor> interceptors,
      String method,
      Class<T> type,
      BiConsumer<Interceptor, T> call) {
    return new Audience<>(
        interceptors.stream().filter(one -> overrides(one, method, type)).toList(), method, call);
  }

  private static boolean overrides(Interceptor interceptor, String method, Class<?> type) {
    try {
      return interceptor.getClass().getMethod(method, type).getDeclaringClass()
          != Interceptor.class;
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("an interceptor without a method of its interface", e);
    }
  }

  /** Whether nobody wants to know, so that nothing needs to be found out. */
  boolean isEmpty() {
    return interested.isEmpty();
  }

  void tell(T news) {
    for (Interceptor interceptor : interested) {
      try {
        call.accept(interceptor, news);
      } catch (RuntimeException | Error e) { // must not keep from going on what it is told of
        LOG.warn("The interceptor {} failed when it was told what was {}", interceptor, method, e);
      }
    }
  }
}
