package dev.waybill.bench;

import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;

/** Guava's event bus. */
final class GuavaEventBus extends Handover {
  private final EventBus bus = new EventBus();

  GuavaEventBus(Place place, String name) {
    super(
        EventBus.class,
        "a call by reflection on the sender's thread, an exception is logged: no queue, no"
            + " settlement, no metadata",
        "EventBus, subscriber called by the sender");
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    Subscriber subscriber = new Subscriber(handler);
    bus.register(subscriber);
    return () -> bus.unregister(subscriber);
  }

  @Override
  public Outlet outlet() {
    return calling(bus::post);
  }

  /** Found by its annotation. */
  record Subscriber(Handler handler) {
    @Subscribe
    public void on(Order order) {
      handler.handle(order);
    }
  }
}
