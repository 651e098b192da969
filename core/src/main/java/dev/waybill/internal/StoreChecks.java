package dev.waybill.internal;

import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Judges how long a consumer's store remembers against how late a message may come again. */
record StoreChecks(Transport transport, List<String> problems) {
  void check(ConsumerConfiguration consumer, ProcessedMessageStore store, Source source) {
    String where = consumer.inWords();
    Capabilities capabilities = transport.capabilities(source);
    atLeast(store, where, store.lease(), "its claims are held for");
    atLeast(
        store,
        where,
        consumer.policyOrStandard().longestWait(),
        "the failure policy lets a message wait for");
    atLeast(store, where, capabilities.leaseDuration(), transport.name() + " has leases of");
    atLeast(
        store,
        where,
        capabilities.longestRedelivery(),
        transport.name() + " may deliver a message again after");
  }

  private void atLeast(
      ProcessedMessageStore store, String where, @Nullable Duration duration, String why) {
    if (duration != null && store.retention().compareTo(duration) < 0) {
      problems.add(
          "idempotent(…) on %s remembers a handled message for %s, but %s %s, so that a duplicate could be handled: give the store a retention of at least that."
              .formatted(where, store.retention(), why, duration));
    }
  }
}
