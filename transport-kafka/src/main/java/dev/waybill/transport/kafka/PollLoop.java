package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls and delivers, on one thread, until closed. Never runs a handler, and polls however slow
 * handlers are, so that the group keeps its member. A consumer that fails is replaced by a new one,
 * under new assignments.
 */
final class PollLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(PollLoop.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration STATUS = Duration.ofMillis(500);

  /** How long the last commit of a consumer that is replaced may take. */
  private static final Duration COMMIT = Duration.ofSeconds(1);

  /** While records wait for credit, of which little by little may come back. */
  private static final Duration POLL_WITHOUT_CREDIT = Duration.ofMillis(10);

  /**
   * How many records beyond the credit may wait in memory before fetching stops, and of each
   * partition in any case: with fewer, one key that waits would stop all others where the credit is
   * small.
   */
  private static final int MORE_WAITING = 32;

  /** How many are handed over at a time: with more, the first of them would wait for the last. */
  private static final int BATCH = 32;

  private final String source;
  private final String address;
  private final Duration silence;
  private final Credit credit;
  private final Settler settler;
  private final Receiver.Listener listener;
  private final Reporter reporter;
  private final Supplier<ConsumerSession> sessions;
  private final FetchLimit limit;
  private final LoopEnd end = new LoopEnd();
  private final Gate gate = new Gate();
  private volatile ConsumerSession session;
  private volatile Deadline lastCommit = Deadline.in(Duration.ZERO);
  private volatile boolean paused;
  private volatile Receiver.Status status = Receiver.Status.UNKNOWN;
  private Deadline nextStatus = Deadline.in(Duration.ZERO);
  private int turn;

  /**
   * A loop.
   *
   * @param silence how long a consumer that is connected may receive nothing
   * @param sessions makes consumers; the first one at once
   * @param maxUnsettled how many records may wait in memory before fetching stops, and a few more
   */
  PollLoop(
      String source,
      String address,
      Duration silence,
      int maxUnsettled,
      Credit credit,
      Settler settler,
      Receiver.Listener listener,
      Supplier<ConsumerSession> sessions) {
    this.source = source;
    this.address = address;
    this.silence = silence;
    this.limit = new FetchLimit((long) maxUnsettled + MORE_WAITING, MORE_WAITING);
    this.credit = credit;
    this.settler = settler;
    this.listener = listener;
    this.reporter = new Reporter(listener);
    this.sessions = sessions;
    this.session = sessions.get();
  }

  /** As it was a moment ago; while there is no broker, before. */
  Receiver.Status status() {
    return status;
  }

  void pause(boolean on) {
    paused = on;
    wakeup();
  }

  /** After the return nothing is delivered any more. */
  void stop() {
    gate.shut(source);
  }

  /**
   * Makes the loop end soon; it closes its consumer then.
   *
   * @param commitBy until when the last commit may take; it has a moment in any case
   */
  void close(Deadline commitBy) {
    lastCommit = commitBy;
    end.now();
    wakeup();
  }

  /** Makes the loop look for what it can deliver. */
  void wakeup() {
    session.wakeup();
  }

  @Override
  public void run() {
    try {
      while (!end.hasCome()) {
        try {
          serve(session);
        } catch (RuntimeException | Error e) { // an Error must not end the receiving for good
          replace(e);
        }
      }
    } finally {
      ConsumerSession last = session;
      last.close(lastCommit, () -> reportForgotten(last));
      status = Receiver.Status.UNKNOWN;
    }
  }

  private void reportForgotten(ConsumerSession current) {
    KafkaException uncommitted = current.uncommitted();
    if (uncommitted != null) {
      listener.forgotten(KafkaErrors.committing(source, uncommitted));
    }
  }

  private void serve(ConsumerSession current) {
    ConnectionWatch watch =
        ConnectionWatch.inGroup(current.consumer(), current::isWaitingToBegin, silence);
    while (!end.hasCome()) {
      settler.requireNoDoubt();
      boolean more = deliver(current);
      throttle(current);
      current.poll(more ? Duration.ZERO : untilDue(current));
      report(current, watch.look());
      noteStatus(current);
    }
  }

  /**
   * A few of each partition at a time, those first that have the fewest open, in turns if there are
   * several: one with much does not take the credit that the others need. Returns whether there may
   * be more: what comes back as fast as it is handed over must not keep this thread from polling.
   */
  private boolean deliver(ConsumerSession current) {
    Deadline enough = Deadline.in(POLL);
    boolean some = true;
    while (some && !enough.passed()) {
      some = false;
      for (PartitionWork work : fewestOpenFirst(current.works())) {
        some |= gate.pass(() -> deliverFrom(work));
      }
    }
    return some;
  }

  private List<PartitionWork> fewestOpenFirst(Collection<PartitionWork> works) {
    List<PartitionWork> inTurn = new ArrayList<>(works);
    Collections.rotate(inTurn, -turn);
    turn = turn + 1 < inTurn.size() ? turn + 1 : 0;
    return inTurn.stream()
        .filter(work -> work.waiting() > 0)
        .map(work -> Map.entry(work.open(), work))
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  private Duration untilDue(ConsumerSession current) {
    Duration wait = credit.mayComeUnnoticed() ? POLL_WITHOUT_CREDIT : POLL;
    for (PartitionWork work : current.works()) {
      wait = work.untilDue(wait);
    }
    return wait.plusMillis(
        1); // Kafka's client counts whole ones: with less it would not wait at all
  }

  private boolean deliverFrom(PartitionWork work) {
    List<KafkaDelivery> deliveries;
    try {
      deliveries = next(work);
      if (!deliveries.isEmpty()) {
        listener.delivered(deliveries);
      }
    } finally {
      work.handedOver();
    }
    return !deliveries.isEmpty();
  }

  private List<KafkaDelivery> next(PartitionWork work) {
    if (paused || end.hasCome()) {
      return List.of();
    }
    int most = Math.min(BATCH, work.waiting());
    int granted = credit.take(most);
    List<Held> taken = work.next(granted);
    if (taken.size() < granted) {
      credit.giveBack(granted - taken.size());
    } else if (granted < most) {
      taken.addAll(nextOfReserve(work, most - granted));
    }
    List<KafkaDelivery> deliveries = new ArrayList<>(taken.size());
    for (Held held : taken) {
      deliveries.add(new KafkaDelivery(held, work, settler));
    }
    return deliveries;
  }

  /** One key with much and a slow handler does not take the credit that all others need. */
  private List<Held> nextOfReserve(PartitionWork work, int most) {
    int granted = credit.takeWithReserve(most);
    List<Held> taken = work.nextOfQuietKeys(granted);
    credit.putBack(granted - taken.size());
    if (taken.size() < granted) {
      credit.wantOrKey();
    } else if (granted < most) {
      credit.wantWithReserve();
    }
    return taken;
  }

  private void throttle(ConsumerSession current) {
    if (paused || gate.isShut()) {
      current.stopFetching();
    } else {
      current.fetchAllBut(limit.full(current.works()));
    }
  }

  private void noteStatus(ConsumerSession current) {
    if (nextStatus.passed()) {
      nextStatus = Deadline.in(STATUS);
      status = current.status();
    }
  }

  private void report(ConsumerSession current, ConnectionWatch.Health health) {
    MessagingException loss = current.loss();
    if (loss != null) {
      listener.lost(loss);
    }
    reportForgotten(current);
    MessagingException settling = settler.problem();
    if (settling != null) {
      reporter.failed(settling);
      return;
    }
    switch (health) {
      case LOST -> reporter.failed(KafkaErrors.disconnected(source, address));
      case GOOD -> {
        end.succeeded();
        if (current.isTopicMissing()) {
          reporter.failed(KafkaErrors.noTopic(current.topic(), source));
        } else {
          reporter.recovered();
        }
      }
      case UNKNOWN -> {}
    }
  }

  /** Nothing of it counts any more, also if it can't be closed. */
  private void closeFailed() {
    try {
      ConsumerSession last = session;
      last.close(Deadline.in(COMMIT), () -> reportForgotten(last));
    } catch (RuntimeException | Error e) { // no heap, perhaps; must not end the receiving for good
      log.warn("A consumer of {} did not close, and is left to its group", source, e);
    }
  }

  private void replace(Throwable error) {
    log.debug("The consumer of {} is replaced", source, error);
    reporter.failed(KafkaErrors.receiving(source, error));
    closeFailed();
    status = Receiver.Status.UNKNOWN;
    while (!end.hasCome()) {
      end.backOff();
      try {
        session = sessions.get();
        return;
      } catch (RuntimeException | Error e) {
        log.debug("No new consumer of {} yet", source, e);
      }
    }
  }
}
