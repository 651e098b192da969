package dev.waybill.internal;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Renews the leases of what the desk holds, at a third of them. */
final class LeaseKeeping {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeping.class);

  private final Intake intake;
  private final @Nullable Future<?> task;

  LeaseKeeping(Intake intake, @Nullable Duration lease, ScheduledExecutorService timer) {
    this.intake = intake;
    long millis = lease == null ? 0 : Math.max(1, lease.toMillis() / 3);
    this.task =
        lease == null
            ? null
            : timer.scheduleWithFixedDelay(this::renew, millis, millis, TimeUnit.MILLISECONDS);
  }

  private void renew() {
    for (Delivery delivery : intake.held()) {
      try {
        delivery.renewLease();
      } catch (MessagingException e) {
        LOG.warn("The lease of {} could not be renewed", delivery.brokerId(), e);
      }
    }
  }

  void close() {
    if (task != null) {
      task.cancel(false);
    }
  }
}
