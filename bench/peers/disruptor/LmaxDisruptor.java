package dev.waybill.bench;

import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.Disruptor;
import com.lmax.disruptor.dsl.ProducerType;
import com.lmax.disruptor.util.DaemonThreadFactory;

/** The LMAX Disruptor, with one producer and one consumer. */
final class LmaxDisruptor extends Handover {
  private final Disruptor<Slot> disruptor =
      new Disruptor<>(
          Slot::new,
          ROOM,
          DaemonThreadFactory.INSTANCE,
          ProducerType.SINGLE,
          new YieldingWaitStrategy());

  LmaxDisruptor(Place place, String name) {
    super(
        Disruptor.class,
        "at most once, in order: no settlement, no order per key, no metadata",
        "ring of " + ROOM + ", one producer, one consumer, YieldingWaitStrategy");
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    disruptor.handleEventsWith((slot, sequence, last) -> handler.handle(slot.order));
    disruptor.start();
    return disruptor::halt;
  }

  @Override
  public Outlet outlet() {
    return calling(
        order -> disruptor.publishEvent((slot, sequence, given) -> slot.order = given, order));
  }

  /** A place in the ring. */
  private static final class Slot {
    private Order order;
  }
}
