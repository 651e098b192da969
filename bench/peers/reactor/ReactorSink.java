package dev.waybill.bench;

import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** A sink of Project Reactor. */
final class ReactorSink extends Handover {
  private final Sinks.Many<Order> sink = Sinks.many().unicast().onBackpressureBuffer();

  ReactorSink(Place place, String name) {
    super(
        Sinks.class,
        "at most once, in order, ends with the first error: no settlement, no order per key, no"
            + " metadata",
        "unicast sink, unbounded buffer, publishOn a single thread");
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    return sink.asFlux().publishOn(Schedulers.single()).subscribe(handler::handle)::dispose;
  }

  @Override
  public Outlet outlet() {
    return calling(order -> sink.emitNext(order, Sinks.EmitFailureHandler.FAIL_FAST));
  }
}
