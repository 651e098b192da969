package dev.waybill.testkit;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.ContractCase.Refreshed;

/** Many topics of one case, a bus for each. */
final class Topics {
  /** An event, and the topic that it came from. */
  record Seen(int topic, int number) {}

  static final int COUNT = 20;

  private final ContractCase here;

  Topics(ContractCase here) {
    this.here = here;
  }

  /** A started bus that publishes to a topic and keeps what it gets from it. */
  MessageBus bus(int topic, Recorder<Seen> seen) {
    String name = here.plainTopic + "-" + topic;
    Routes routes =
        Routes.define(r -> r.event(Refreshed.class).named("refreshed.v1").toTopic(name));
    return here.bus(routes)
        .subscribe(
            name,
            "one",
            c ->
                c.onEvent(
                    Refreshed.class, (e, x) -> seen.add(new Seen(topic, e.payload().number()))))
        .start();
  }
}
