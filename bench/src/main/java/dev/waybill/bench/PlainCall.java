package dev.waybill.bench;

import org.jspecify.annotations.Nullable;

/** A call of the handler: the most that anything could do. */
final class PlainCall extends Handover {
  private @Nullable Handler handler;

  PlainCall(Place place, String name) {
    super(
        Object.class,
        "a method call: no queue, no other thread, no settlement, no metadata",
        "the handler is called by the sender");
  }

  @Override
  public Running receive(int handlers, Handler called) {
    handler = called;
    return () -> {};
  }

  @Override
  public Outlet outlet() {
    Handler called = handler;
    if (called == null) {
      throw new Failure("Nobody receives");
    }
    return calling(called);
  }
}
