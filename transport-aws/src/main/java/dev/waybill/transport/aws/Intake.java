package dev.waybill.transport.aws;

import dev.waybill.routing.Source;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of messages that a poll brought: they go to the listener; what is not due yet is put
 * back until it is; and what came after the stop, or during a pause, is given back.
 */
final class Intake {
  private static final CompletableFuture<Void> NOTHING = CompletableFuture.completedFuture(null);

  /** What is left of a lease when it is renewed here, in parts of it, and how often one looks. */
  private static final int SHORT = 4;

  private static final int LOOK = 16;

  private final Source source;
  private final Handover handover;
  private final OpenDeliveries open;
  private final Settler settler;
  private final GivingBack givingBack;
  private final Timer timer;
  private final boolean wrapped;
  private final int maxReceives;
  private final Clock clock;
  private final AtomicBoolean looking = new AtomicBoolean();

  /**
   * For one source.
   *
   * @param wrapped whether SNS wraps its messages
   * @param maxReceives after how many receives a message is not to be handled any more
   */
  Intake(
      Source source,
      Handover handover,
      OpenDeliveries open,
      Settler settler,
      GivingBack givingBack,
      Timer timer,
      boolean wrapped,
      int maxReceives,
      Clock clock) {
    this.source = source;
    this.handover = handover;
    this.open = open;
    this.settler = settler;
    this.givingBack = givingBack;
    this.timer = timer;
    this.wrapped = wrapped;
    this.maxReceives = maxReceives;
    this.clock = clock;
  }

  /** Takes what a poll brought; completes when nothing more is to be done for it. Never fails. */
  CompletableFuture<Void> take(List<ReceivedMessage> messages, Deadline lease) {
    if (messages.isEmpty()) {
      return NOTHING;
    }
    List<AwsDelivery> due = new ArrayList<>(messages.size());
    Map<AwsDelivery, Duration> early = new LinkedHashMap<>();
    for (ReceivedMessage message : messages) {
      Reading reading = Reading.of(message, wrapped, source.keyed());
      AwsDelivery delivery =
          new AwsDelivery(
              message, reading, source.keyed(), maxReceives, lease, settler, open::remove);
      Duration left = left(reading.due());
      if (source.keyed() || left.isZero() || left.isNegative()) {
        due.add(delivery);
      } else {
        early.put(delivery, left);
      }
    }
    if (!deliver(due, early)) {
      return givingBack.begin(messages.stream().map(ReceivedMessage::receiptHandle).toList());
    }
    // what came at the end of a long wait has less of a lease than whoever renews it counts on, and
    // of what is put back, which may take a while, nobody else renews it
    List<AwsDelivery> unkept = new ArrayList<>(early.keySet());
    if (!due.isEmpty() && !due.get(0).isFresh()) {
      unkept.addAll(due);
    }
    if (!unkept.isEmpty()) {
      unkept.forEach(AwsDelivery::watch);
      lookLater();
    }
    return NOTHING;
  }

  /** How long until a message that was sent with a delay is due. */
  private Duration left(@Nullable Instant due) {
    return due == null ? Duration.ZERO : Duration.between(clock.instant(), due);
  }

  /**
   * Whether the listener has those that are due, and the others are being put back, which takes
   * credit as well; not after a stop, and not while receiving is paused: a poll may have waited for
   * long since.
   */
  private boolean deliver(List<AwsDelivery> due, Map<AwsDelivery, Duration> early) {
    return !open.isPaused()
        && handover.give(
            to -> {
              open.add(due);
              open.add(List.copyOf(early.keySet()));
              early.forEach(AwsDelivery::postpone);
              if (!due.isEmpty()) {
                to.delivered(due);
              }
            });
  }

  /** Knows no delivery until then, as what is settled by then would be kept in memory. */
  private void lookLater() {
    if (looking.compareAndSet(false, true)) {
      timer.after(settler.lease().dividedBy(LOOK), this::look);
    }
  }

  private void look() {
    looking.set(false);
    Duration least = settler.lease().dividedBy(SHORT);
    boolean again = false;
    for (AwsDelivery delivery : open.all()) {
      delivery.renewIfShort(least);
      again |= delivery.isWatched();
    }
    if (again) {
      lookLater();
    }
  }
}
