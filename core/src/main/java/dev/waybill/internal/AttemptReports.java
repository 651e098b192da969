package dev.waybill.internal;

import dev.waybill.AttemptResult;
import dev.waybill.AttemptResult.Handling;
import dev.waybill.Interceptor;
import dev.waybill.Metadata;
import dev.waybill.Outcome;
import dev.waybill.internal.BusPlan.ConsumerPlan;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells those interceptors what was decided over a consumer's messages that want to know. */
final class AttemptReports {
  private static final Logger LOG = LoggerFactory.getLogger(AttemptReports.class);

  private final ConsumerPlan consumer;
  private final Audience<AttemptResult> audience;

  AttemptReports(ConsumerPlan consumer, List<Interceptor> interceptors) {
    this.consumer = consumer;
    this.audience = Audience.of(interceptors, "decided", AttemptResult.class, Interceptor::decided);
  }

  /** Never throws. A message that is left to its next delivery is none that was decided over. */
  void decided(Work work, Resolution resolution) {
    if (audience.isEmpty() || work.isLost()) {
      return;
    }
    try {
      audience.tell(result(work, resolution));
    } catch (RuntimeException | Error e) { // would block the key for ever
      LOG.error("What was decided over {} is not told: the library failed", work.name(), e);
    }
  }

  private AttemptResult result(Work work, Resolution resolution) {
    Long begun = work.handlingSince();
    return new AttemptResult(
        consumer.source(),
        metadata(work),
        work.delivery.brokerId(),
        work.attempt(),
        handling(work, resolution),
        effective(work, resolution.outcome()),
        resolution.failure(),
        begun == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - begun));
  }

  private Metadata metadata(Work work) {
    Metadata metadata = WireMapping.readable(work.delivery.message(), work.delivery::brokerId);
    return metadata.type() == null ? metadata.withType(consumer.foreignType()) : metadata;
  }

  private static Handling handling(Work work, Resolution resolution) {
    if (resolution.handling() != null) {
      return resolution.handling();
    }
    return work.attemptsMade() == work.attempt() ? Handling.HANDLED : Handling.NOT_HANDLED;
  }

  /** What was accepted before it was handled can't come again, nor become a dead letter. */
  private static Outcome effective(Work work, Outcome outcome) {
    return work.isAccepted()
            && (outcome instanceof Outcome.Retried || outcome instanceof Outcome.DeadLettered)
        ? Outcome.discard("accepted before it was handled: at-most-once")
        : outcome;
  }
}
