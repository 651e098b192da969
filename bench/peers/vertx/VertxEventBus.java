package dev.waybill.bench;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.eventbus.MessageConsumerOptions;

/** Vert.x's event bus, within one JVM. */
final class VertxEventBus extends Handover {
  private static final String ADDRESS = "orders";
  private static final DeliveryOptions BY_REFERENCE =
      new DeliveryOptions().setCodecName(ByReference.NAME).setLocalOnly(true);

  private final Vertx vertx = Vertx.vertx();

  VertxEventBus(Place place, String name) {
    super(
        Vertx.class,
        "at most once, in order, dropped beyond the buffer: no settlement, no order per key",
        "send to a local consumer, codec that passes the reference, buffer of " + ROOM);
    vertx.eventBus().registerCodec(new ByReference());
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    MessageConsumerOptions options =
        new MessageConsumerOptions()
            .setAddress(ADDRESS)
            .setLocalOnly(true)
            .setMaxBufferedMessages(ROOM);
    vertx.eventBus().<Order>consumer(options, message -> handler.handle(message.body()));
    return () -> vertx.close();
  }

  @Override
  public Outlet outlet() {
    return calling(order -> vertx.eventBus().send(ADDRESS, order, BY_REFERENCE));
  }

  /** Only the event bus of a cluster would write it. */
  private static final class ByReference implements MessageCodec<Order, Order> {
    static final String NAME = "by-reference";

    @Override
    public void encodeToWire(Buffer buffer, Order order) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Order decodeFromWire(int position, Buffer buffer) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Order transform(Order order) {
      return order;
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public byte systemCodecID() {
      return -1;
    }
  }
}
