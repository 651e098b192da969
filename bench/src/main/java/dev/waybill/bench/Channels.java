package dev.waybill.bench;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;

/**
 * Waybill with many queues. As each class of payloads has one route, each queue has a class of its
 * own: {@link Order}, loaded once more.
 */
final class Channels extends WaybillContender {
  private final Transport transport;
  private final Place place;
  private final List<Class<? extends Record>> types = new ArrayList<>();
  private final Routes routes;

  Channels(Transport transport, Place place, int channels) {
    super(transport, place);
    this.transport = transport;
    this.place = place;
    for (int i = 0; i < channels; i++) {
      types.add(new Again().order());
    }
    this.routes =
        Routes.define(
            r -> {
              for (int i = 0; i < channels; i++) {
                route(r, types.get(i), i);
              }
            });
  }

  private <T extends Record> void route(Routes.Definition routes, Class<T> type, int channel) {
    Method customer;
    try {
      customer = type.getDeclaredMethod("customer");
    } catch (NoSuchMethodException e) {
      throw new Failure("An order has no customer", e);
    }
    customer.setAccessible(true);
    routes
        .command(type)
        .named("bench.order-" + channel + ".v1")
        .toQueue(queue(channel))
        .keyedBy(order -> key(customer, order));
  }

  private static String key(Method customer, Record order) {
    try {
      return (String) customer.invoke(order);
    } catch (ReflectiveOperationException e) {
      throw new Failure("The customer can't be read", e);
    }
  }

  private String queue(int channel) {
    return place.queue() + "-" + channel;
  }

  /** Sends the order of the next queue, of as many customers as the bench has, in turn. */
  @Override
  public Outlet outlet() {
    List<Record> orders = new ArrayList<>();
    Orders all = new Orders(Bench.CHANNELS.customers());
    for (int i = 0; i < Bench.CHANNELS.customers(); i++) {
      orders.add(Json.decode(Json.encode(all.number(i)), types.get(i % types.size())));
    }
    MessageBus bus = MessageBus.over(transport).routes(routes).start();
    return sending(bus, order -> orders.get((int) order.number() % orders.size()));
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    Order any = new Orders(1).number(0);
    MessageBus.Builder builder = MessageBus.over(transport).routes(routes);
    for (int i = 0; i < types.size(); i++) {
      Class<? extends Record> type = types.get(i);
      builder.consume(
          queue(i),
          c ->
              c.onCommand(type, (order, context) -> handler.handle(any))
                  .concurrency(handlers)
                  .maxUnsettled(MAX_UNSETTLED));
    }
    return builder.start()::close;
  }

  /** Loads the class of orders, and what is in it, once more. */
  private static final class Again extends ClassLoader {
    Again() {
      super(Order.class.getClassLoader());
    }

    Class<? extends Record> order() {
      try {
        return loadClass(Order.class.getName()).asSubclass(Record.class);
      } catch (ClassNotFoundException e) {
        throw new Failure("Orders can't be loaded again", e);
      }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.equals(Order.class.getName()) && !name.startsWith(Order.class.getName() + "$")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
