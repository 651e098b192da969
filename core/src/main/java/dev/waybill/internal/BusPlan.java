package dev.waybill.internal;

import dev.waybill.DeadLetter;
import dev.waybill.Interceptor;
import dev.waybill.Outbox;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Route;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Source;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A bus that has passed its start-up checks: everything resolved, nothing left to be doubted. */
record BusPlan(
    Transport transport,
    Routes routes,
    Codec codec,
    String name,
    Topology topology,
    Topology.Mode mode,
    List<ConsumerPlan> consumers,
    List<DeadLetterPlan> deadLetterConsumers,
    List<Interceptor> interceptors,
    @Nullable Outbox outbox,
    Duration sendTimeout,
    Duration connectTimeout,
    Duration drainTimeout,
    Clock clock) {

  /**
   * A consumer that has passed its checks.
   *
   * @param bindings by type name; a binding without an invocation is for a type that is ignored
   * @param foreignType the type of a message that names none: that of the only route on the
   *     channel, or null
   * @param store what makes exactly-once; null if the transport does, or it is not asked for
   */
  record ConsumerPlan(
      Source source,
      Map<String, Binding> bindings,
      @Nullable String foreignType,
      DeliveryGuarantee guarantee,
      @Nullable ProcessedMessageStore store,
      FailurePolicy policy,
      boolean discardExpired,
      int concurrency,
      int maxUnsettled,
      boolean virtualThreads) {
    /** Whether the transport stores what is sent together with the settlement. */
    boolean atomic() {
      return guarantee == DeliveryGuarantee.EXACTLY_ONCE && store == null;
    }

    /** The names of the types that are ignored. */
    Set<String> ignored() {
      return bindings.entrySet().stream()
          .filter(binding -> binding.getValue().invocation() == null)
          .map(Map.Entry::getKey)
          .collect(Collectors.toSet());
    }
  }

  /** A type name bound to its route and, unless ignored, its handler. */
  record Binding(Route<?> route, ConsumerConfiguration.@Nullable Invocation invocation) {}

  /** Who takes the dead letters of a source. */
  record DeadLetterPlan(Source origin, Queue queue, DeadLetter.Handler handler) {}
}
