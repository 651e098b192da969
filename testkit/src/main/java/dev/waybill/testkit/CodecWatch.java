package dev.waybill.testkit;

import dev.waybill.MessageBus;
import dev.waybill.serialization.Codec;
import dev.waybill.serialization.JacksonCodec;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/** Learns which codec a bus is described with. Used by one thread at a time. */
final class CodecWatch implements InvocationHandler {
  private final MessageBus.Builder described;
  private Codec codec = JacksonCodec.upTo(Integer.MAX_VALUE - 8);

  private CodecWatch(MessageBus.Builder described) {
    this.described = described;
  }

  static CodecWatch of(MessageBus.Builder described) {
    return new CodecWatch(described);
  }

  /** What describes the bus, and is watched. */
  MessageBus.Builder builder() {
    return (MessageBus.Builder)
        Proxy.newProxyInstance(
            MessageBus.Builder.class.getClassLoader(),
            new Class<?>[] {MessageBus.Builder.class},
            this);
  }

  /** The last one it was given, or the default. */
  Codec codec() {
    return codec;
  }

  @Override
  public @Nullable Object invoke(
      Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
    Object result;
    try {
      result = method.invoke(described, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    if (method.getName().equals("codec") && arguments != null && arguments[0] instanceof Codec c) {
      codec = c;
    }
    return result == described ? proxy : result;
  }
}
