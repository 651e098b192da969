package dev.waybill.internal;

import dev.waybill.ConsumerStatus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.internal.BusPlan.Binding;
import dev.waybill.internal.BusPlan.ConsumerPlan;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Support;
import java.util.ArrayList;
import java.util.List;

/** A bus in words, as built. */
final class BusDescription {
  private final BusPlan plan;
  private final StringBuilder text = new StringBuilder();

  private BusDescription(BusPlan plan) {
    this.plan = plan;
  }

  static String of(BusPlan plan, String brokerVersion, List<ConsumerStatus> now) {
    return new BusDescription(plan).describe(brokerVersion, now);
  }

  private String describe(String brokerVersion, List<ConsumerStatus> now) {
    line(
        "bus %s over %s at %s (%s)",
        plan.name(), plan.transport().name(), plan.transport().address(), brokerVersion);
    line(
        "  topology %s, send timeout %s, drain timeout %s",
        plan.mode(), plan.sendTimeout(), plan.drainTimeout());
    line("routes");
    plan.routes().toString().lines().forEach(route -> line("  %s", route));
    if (plan.outbox() != null) {
      line("outbox: %s", plan.outbox());
    }
    ReplyQueue replies = plan.topology().replies();
    if (replies != null) {
      line("requests");
      line("  replies come to the %s, of this instance alone", replies);
    }
    line("names on the broker");
    plan.transport()
        .nativeNames(plan.topology())
        .forEach((name, there) -> line("  %s = %s", name, there));
    line("consumers");
    plan.consumers().forEach(this::consumer);
    plan.deadLetterConsumers()
        .forEach(consumer -> line("  dead letters of the %s, 1 at a time", consumer.origin()));
    line("semantics");
    semantics();
    line("the way of a message out");
    line(
        "  MessageBus -> OutgoingPipeline (route%s, stamp, %s) -> Sender",
        interceptors(),
        plan.transport().passesReferences() ? "pass by reference" : "encode, limits");
    line("the way of a message in");
    line(
        "  Receiver -> Dispatcher (lane per key, concurrency) -> IncomingPipeline (expiry, type, decode%s, handler, sends) -> Settler",
        interceptors());
    if (replies != null) {
      line("the way of a reply in");
      line("  Receiver -> ReplyPipeline (accept, request, type, decode) -> the request's future");
    }
    if (!now.isEmpty()) {
      line("now");
      now.forEach(status -> line("  %s", status));
    }
    return text.toString();
  }

  private void consumer(ConsumerPlan consumer) {
    line("  %s%s", consumer.source(), consumer.source().keyed() ? ", in order per key" : "");
    List<String> handled = new ArrayList<>();
    List<String> ignored = new ArrayList<>();
    for (Binding binding : consumer.bindings().values()) {
      (binding.invocation() == null ? ignored : handled)
          .add(binding.route().payloadType().getSimpleName());
    }
    line(
        "    handles %s%s",
        String.join(", ", handled),
        ignored.isEmpty() ? "" : "; ignores " + String.join(", ", ignored));
    line(
        "    %s, concurrency %d%s, at most %d unsettled, expired messages: %s",
        consumer.guarantee(),
        consumer.concurrency(),
        consumer.virtualThreads() ? " on virtual threads" : "",
        consumer.maxUnsettled(),
        consumer.discardExpired() ? "discard" : "dead letter");
    ProcessedMessageStore store = consumer.store();
    if (store != null) {
      line(
          "    handled messages are remembered for %s, claims held for %s, by %s",
          store.retention(), store.lease(), store.getClass().getSimpleName());
    }
    line(
        "    on failure: %s",
        consumer.guarantee() == DeliveryGuarantee.AT_MOST_ONCE
            ? "discard, without a retry: at-most-once"
            : consumer.policy());
    line("    dead letters: %s", consumer.source().deadLetterQueue());
    differences(consumer.source());
  }

  /** Where a source is received from by other means than those of its kind. */
  private void differences(Source source) {
    Capabilities usual = plan.transport().capabilities(source.keyed());
    Capabilities own = plan.transport().capabilities(source);
    for (Feature feature : Feature.values()) {
      if (!own.support(feature).equals(usual.support(feature))) {
        line("    here %s: %s", feature, inWords(own.support(feature)));
      }
    }
  }

  private void semantics() {
    Capabilities unkeyed = plan.transport().capabilities(false);
    Capabilities keyed = plan.transport().capabilities(true);
    for (Feature feature : Feature.values()) {
      Support plain = unkeyed.support(feature);
      Support ordered = keyed.support(feature);
      if (plain.equals(ordered)) {
        line("  %s: %s", feature, inWords(plain));
      } else {
        line("  %s: %s; keyed: %s", feature, inWords(plain), inWords(ordered));
      }
    }
  }

  private static String inWords(Support support) {
    return "%s%s (%s)"
        .formatted(
            support.level(),
            support.limit() == null ? "" : " up to " + support.limit(),
            support.note());
  }

  private String interceptors() {
    StringBuilder names = new StringBuilder();
    plan.interceptors()
        .forEach(interceptor -> names.append(", ").append(interceptor.getClass().getSimpleName()));
    return names.toString();
  }

  private void line(String format, Object... values) {
    text.append(String.format(java.util.Locale.ROOT, format, values)).append('\n');
  }
}
