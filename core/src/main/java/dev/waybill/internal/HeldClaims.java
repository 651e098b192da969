package dev.waybill.internal;

import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.delivery.ProcessedMessageStore.Claim;
import dev.waybill.routing.Source;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The claims of what is being handled now, each renewed at a third of its lease: by a thread of
 * their own, since a store may block, and the handlers' threads may all be busy.
 */
final class HeldClaims implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HeldClaims.class);

  private static final int RENEWALS_PER_LEASE = 3;

  /** How long a renewal that is under way gets at the end. */
  private static final long PATIENCE_SECONDS = 5;

  private final Source source;
  private final ProcessedMessageStore store;
  private final Map<Claim, Work> held = new ConcurrentHashMap<>();
  private final Set<Claim> ending = ConcurrentHashMap.newKeySet();
  private final ExecutorService renewer;
  private final ScheduledFuture<?> renewal;

  HeldClaims(Source source, ProcessedMessageStore store, ScheduledExecutorService timer) {
    this.source = source;
    this.store = store;
    this.renewer = Workers.single("waybill-" + source.name() + "-claims");
    long period = Math.max(1, store.lease().dividedBy(RENEWALS_PER_LEASE).toMillis());
    this.renewal =
        timer.scheduleAtFixedRate(this::renewSoon, period, period, TimeUnit.MILLISECONDS);
  }

  void keep(Claim claim, Work work) {
    work.claimed();
    held.put(claim, work);
  }

  /**
   * The handler has succeeded, and the claim is about to become a mark: it is renewed on, but its
   * end is no loss any more. Whether it was lost, its completion says.
   */
  void ending(Claim claim) {
    ending.add(claim);
  }

  void drop(Claim claim) {
    held.remove(claim);
    ending.remove(claim);
  }

  private void renewSoon() {
    if (!held.isEmpty()) {
      try {
        renewer.execute(this::renew);
      } catch (RejectedExecutionException e) {
        renewal.cancel(false); // closed meanwhile
      }
    }
  }

  private void renew() {
    held.forEach(
        (claim, work) -> {
          try {
            if (!store.renew(claim) && !ending.contains(claim) && held.remove(claim) != null) {
              work.claimLost();
              LOG.warn(
                  "{} from the {} is still being handled, and its claim has expired: it may be handled elsewhere too",
                  claim.messageId(),
                  source);
            }
          } catch (RuntimeException e) { // the next may succeed, and the claim is held until then
            LOG.warn(
                "The claim of {} from the {} could not be renewed", claim.messageId(), source, e);
          }
        });
  }

  /** Ends the renewals; claims that are left expire. */
  @Override
  public void close() {
    renewal.cancel(false);
    renewer.shutdown();
    try {
      if (!renewer.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        renewer.shutdownNow();
      }
    } catch (InterruptedException e) {
      renewer.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
