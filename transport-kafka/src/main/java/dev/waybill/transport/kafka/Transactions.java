package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.transport.kafka.TransactionalProducer.Outcome;
import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Settles the deliveries of one receiver in transactions, on a thread of its own: each takes what
 * is ready, with its messages and the offsets of all partitions.
 *
 * <p>Who is expelled from the group must not commit. The broker refuses offsets that come with an
 * old generation or member epoch, but does not look at whose partition it is. So the membership is
 * taken first and ownership is looked at after: if a partition has gone to somebody else in
 * between, the membership is an old one by then.
 *
 * <p>A transaction that was certainly aborted is repeated as long as its deliveries are owned;
 * after some times with each settlement alone, so that {@linkplain Suspects one that is always
 * aborted} does not keep the others from being settled. If its outcome can't be known, the
 * partitions are given up, to be begun anew from what the broker says is committed, which it says
 * only when the transaction has ended.
 */
final class Transactions implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Transactions.class);

  /** How long what is ready waits for more: a transaction costs more than its messages. */
  private static final Duration LINGER = Duration.ofMillis(2);

  /** How often what waits for the prefix, or for a membership, is looked at again. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  /** Who receives now, and what. */
  private record Membership(ConsumerGroupMetadata group, List<PartitionWork> works) {}

  private final String source;
  private final TransactionalProducer producer;
  private final TopicCheck topics;
  private final Credit credit;
  private final Runnable wake;
  private final LoopEnd end;
  private final List<TransactionalSettlement> ready = new ArrayList<>();
  private final Suspects suspects = new Suspects();
  private boolean news;
  private boolean storing;

  /** How many rounds have ended. */
  private long rounds;

  private volatile @Nullable Membership membership;
  private volatile @Nullable MessagingException problem;
  private volatile @Nullable KafkaException doubt;
  private int maxMetadata = CommitMetadata.MAX_LENGTH;

  /**
   * Transactions of a receiver.
   *
   * @param end when it comes, nothing more is begun
   * @param wake makes the polling thread look at what has changed
   */
  Transactions(
      String source,
      TransactionalProducer producer,
      TopicCheck topics,
      Credit credit,
      Runnable wake,
      LoopEnd end) {
    this.source = source;
    this.producer = producer;
    this.topics = topics;
    this.credit = credit;
    this.wake = wake;
    this.end = end;
  }

  /** Settles a delivery soon; never blocks. */
  void add(TransactionalSettlement settlement) {
    synchronized (this) {
      if (!end.hasCome()) {
        ready.add(settlement);
        news = true;
        notifyAll();
        return;
      }
    }
    settlement.notOwned();
  }

  /** What the polling thread knows after each poll, and when a rebalance begins. */
  void membership(ConsumerGroupMetadata group, Collection<PartitionWork> works) {
    membership = new Membership(group, List.copyOf(works));
  }

  /** Offsets have changed, perhaps without a settlement: they are stored soon. */
  synchronized void offsetsChanged() {
    news = true;
    notifyAll();
  }

  /** Has what has changed in all partitions stored, and waits as for some. */
  void awaitStored(Deadline deadline) {
    Membership member = membership;
    awaitStored(member == null ? List.of() : member.works(), deadline);
  }

  /**
   * Has what has changed in these partitions stored, and waits for it, at most until the deadline.
   * What others go on settling meanwhile is not waited for.
   */
  synchronized void awaitStored(Collection<PartitionWork> works, Deadline deadline) {
    try {
      awaitRounds(storing ? 1 : 0, deadline); // it may be storing what has changed before
      while (works.stream().anyMatch(PartitionWork::hasChanged)
          && !end.hasCome()
          && !deadline.passed()) {
        offsetsChanged();
        awaitRounds(storing ? 2 : 1, deadline);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void awaitRounds(int count, Deadline deadline) throws InterruptedException {
    long enough = rounds + count;
    while (rounds < enough && !end.hasCome() && !deadline.passed()) {
      wait(deadline.remainingMillis());
    }
  }

  /** What is wrong at the moment, or null. */
  @Nullable MessagingException problem() {
    return problem;
  }

  /**
   * For the polling thread.
   *
   * @throws KafkaException if it has to begin anew from what is committed
   */
  void requireNoDoubt() {
    KafkaException unknown = doubt;
    if (unknown != null) {
      doubt = null;
      throw unknown;
    }
  }

  /** Ends the thread when the current transaction has ended. */
  void close() {
    end.now();
    offsetsChanged();
  }

  /** Lets the thread end also if the broker does not answer. */
  void abandon() {
    producer.close();
  }

  @Override
  public void run() {
    try {
      while (!end.hasCome()) {
        try {
          producer.open();
          next();
        } catch (RuntimeException | Error e) { // an Error must not end the settling for good
          disturbed(e);
        } finally {
          stored();
        }
      }
    } finally {
      producer.close();
      takeAll().forEach(TransactionalSettlement::notOwned);
    }
  }

  private void next() {
    awaitNews();
    Membership member = membership; // before ownership is looked at
    List<TransactionalSettlement> batch = takeAll();
    try {
      List<TransactionalSettlement> storable = storable(owned(batch));
      if (member == null || member.group().generationId() < 0 || end.hasCome()) {
        putBack(storable, false);
      } else {
        settle(storable, member);
      }
    } catch (RuntimeException | Error e) { // never begun, or a bug: perhaps stored
      lose(batch, e);
      throw e;
    }
  }

  private void settle(List<TransactionalSettlement> batch, Membership member) {
    List<TransactionalSettlement> next = suspects.next(batch);
    putBack(without(next, batch), true);
    TransactionPlan plan = TransactionPlan.of(next, member.works(), maxMetadata);
    plan.lost().forEach(TransactionalSettlement::notOwned);
    putBack(plan.held(), false);
    putBack(plan.later(), true);
    giveWay(plan.held());
    suspects.clear(plan.held()); // they wait for others, which are tried first then
    if (plan.isEmpty()) {
      return;
    }
    Outcome outcome = producer.store(plan.messages(), plan.offsets(), member.group());
    if (outcome instanceof Outcome.Aborted aborted) {
      aborted(plan, aborted);
    } else if (outcome instanceof Outcome.Unknown unknown) {
      plan.lose(credit);
      beginAnew(unknown.why());
    } else {
      plan.stored(credit);
      suspects.stored(plan.settlements());
      end.succeeded();
      problem = null;
    }
  }

  /** The rest of a batch. */
  private static List<TransactionalSettlement> without(
      List<TransactionalSettlement> some, List<TransactionalSettlement> batch) {
    if (some.size() == batch.size()) {
      return List.of();
    }
    Collection<TransactionalSettlement> these = Collections.newSetFromMap(new IdentityHashMap<>());
    these.addAll(some);
    return batch.stream().filter(each -> !these.contains(each)).toList();
  }

  /** Those that are still ours; the others are answered. */
  private static List<TransactionalSettlement> owned(List<TransactionalSettlement> batch) {
    List<TransactionalSettlement> owned = new ArrayList<>();
    for (TransactionalSettlement each : batch) {
      if (each.work().isOwned()) {
        owned.add(each);
      } else {
        each.notOwned();
      }
    }
    return owned;
  }

  /** Those all of whose topics are there; the others are answered. */
  private List<TransactionalSettlement> storable(List<TransactionalSettlement> batch) {
    List<TransactionalSettlement> storable = new ArrayList<>();
    for (TransactionalSettlement each : batch) {
      TransactionalSettlement rest = each;
      for (Outgoing message : each.outgoing()) {
        SendException missing = topics.problem(message);
        rest = rest == null || missing == null ? rest : refused(rest, message, missing);
      }
      if (rest != null) {
        storable.add(rest);
      }
    }
    return storable;
  }

  /** What is left to be settled, or null if it is answered. */
  private static @Nullable TransactionalSettlement refused(
      TransactionalSettlement settlement, Outgoing message, SendException why) {
    if (message.isReply()) {
      log.info("The {} is gone: its reply is dropped", message.channel());
      return settlement.without(message);
    }
    settlement.failed(why);
    return null;
  }

  private void aborted(TransactionPlan plan, Outcome.Aborted aborted) {
    plan.notStored();
    Outgoing culprit = aborted.culprit();
    SendException refusal = aborted.refusal();
    if (culprit != null && refusal != null) {
      List<TransactionalSettlement> again = new ArrayList<>();
      for (TransactionalSettlement each : plan.settlements()) {
        TransactionalSettlement rest =
            each.outgoing().contains(culprit) ? refused(each, culprit, refusal) : each;
        if (rest != null) {
          again.add(rest);
        }
      }
      topics.forget(culprit);
      putBack(again, true);
    } else if (aborted.why() instanceof OffsetMetadataTooLarge) {
      putBack(plan.settlements(), true);
      maxMetadata = plan.longestMetadata() / 2;
      log.warn(
          "The broker allows less commit metadata than {} characters: {} settles less out of order;"
              + " raise offset.metadata.max.bytes",
          plan.longestMetadata(),
          source);
    } else {
      abortedAgain(plan.settlements(), aborted);
    }
  }

  /** Also without a refusal it may be one settlement that Kafka does not take. */
  private void abortedAgain(List<TransactionalSettlement> settlements, Outcome.Aborted aborted) {
    boolean hopeless =
        !isRebalance(aborted.why())
            && aborted.mayBeItsOwnFault()
            && suspects.aborted(settlements, aborted.isItsOwnFault());
    if (hopeless) {
      settlements.forEach(
          each -> each.failed(KafkaErrors.neverStored(source, Suspects.ALONE, aborted.why())));
    } else {
      putBack(settlements, true);
    }
    disturbed(aborted.why());
  }

  private static boolean isRebalance(Throwable why) {
    return why instanceof CommitFailedException;
  }

  private void lose(List<TransactionalSettlement> batch, Throwable why) {
    for (TransactionalSettlement each : batch) {
      credit.giveBack(each.work().lose());
      each.notOwned();
    }
    beginAnew(why);
  }

  /** Nobody knows but the broker: it is asked by a new consumer, under new assignments. */
  private void beginAnew(Throwable why) {
    log.warn(
        "{}: nobody knows whether a transaction was stored; what it concerned is read again",
        source,
        why);
    doubt = new KafkaException("the outcome of a transaction is unknown: " + why.getMessage(), why);
    wake.run();
  }

  /**
   * A record that has to be delivered before those settlements fit must not wait for the credit
   * that they have.
   */
  private void giveWay(List<TransactionalSettlement> held) {
    if (held.isEmpty() || !credit.isUsedUp()) {
      return;
    }
    for (int i = held.size() - 1; i >= 0; i--) {
      TransactionalSettlement farthest = held.get(i);
      if (farthest.work().isFirstDue() && takeOut(farthest)) {
        putBack(farthest);
        return;
      }
    }
  }

  private void putBack(TransactionalSettlement settlement) {
    Held back = settlement.held();
    settlement
        .work()
        .release(
            back,
            Duration.ZERO,
            back.attempt() - 1,
            done -> {
              if (done) {
                credit.giveBack(1);
              }
              settlement.notOwned();
              wake.run();
            });
  }

  private void disturbed(Throwable why) {
    if (end.hasCome()) {
      return;
    }
    log.debug("Transactions of {} are disturbed", source, why);
    if (!isRebalance(why)) {
      problem = KafkaErrors.settling(source, why); // else it is but a rebalance
      wake.run();
    }
    putBack(owned(takeAll()), true);
    end.backOff();
  }

  private synchronized void awaitNews() {
    if (ready.isEmpty()) {
      problem = null;
    }
    try {
      Deadline again = Deadline.in(LOOK_AGAIN);
      while (!news && (ready.isEmpty() || !again.passed())) {
        wait(ready.isEmpty() ? 0 : again.remainingMillis());
      }
      Deadline together = Deadline.in(LINGER);
      while (!together.passed() && !end.hasCome()) {
        wait(together.remainingMillis());
      }
    } catch (InterruptedException e) {
      log.debug("Interrupted while waiting; the thread ends by close only", e);
    }
    news = false;
    storing = true;
  }

  private synchronized void stored() {
    storing = false;
    rounds++;
    notifyAll();
  }

  private synchronized List<TransactionalSettlement> takeAll() {
    List<TransactionalSettlement> taken = List.copyOf(ready);
    ready.clear();
    return taken;
  }

  /** Before what has come meanwhile. */
  private synchronized void putBack(List<TransactionalSettlement> settlements, boolean soon) {
    ready.addAll(0, settlements);
    news |= soon && !settlements.isEmpty();
  }

  private synchronized boolean takeOut(TransactionalSettlement settlement) {
    return ready.remove(settlement);
  }
}
