package dev.waybill.transport.inmemory;

import dev.waybill.routing.Source;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one queue or subscription: those in its {@link Backlog}, and those in the {@link
 * Intake} of a receiver. Thread-safe: each queue has one lock, its monitor, and every operation
 * first does what has become due. Nobody is called with the lock held who may block or call back.
 *
 * <p>The lock may be held when the dead-letter queue's lock is taken, never the other way round: a
 * dead-letter queue's name is longer than its source's, so there is no cycle.
 */
final class MessageQueue implements Destination {
  /** How many messages a receiver takes under one lock; with more, other receivers wait longer. */
  private static final int MAX_TAKEN_AT_ONCE = 256;

  private final Source source;
  private final InMemoryBroker broker;
  private final Faults faults;
  private final Ticker ticker;
  private final Backlog backlog;
  private final Intakes intakes = new Intakes();

  private long lastId;
  private int size;

  /** The message that was overtaken last, where no order is kept. */
  private @Nullable StoredMessage overtaken;

  /** An empty queue for {@code source}. */
  MessageQueue(Source source, InMemoryBroker broker, Ticker ticker) {
    this.source = source;
    this.broker = broker;
    this.faults = broker.faults();
    this.ticker = ticker;
    this.backlog = new Backlog(source.keyed());
  }

  /** What the queue was made for. */
  Source source() {
    return source;
  }

  /** The queue that takes the dead letters, or null if the broker has none. */
  @Nullable MessageQueue deadLetters() {
    return broker.queue(source.deadLetterQueue().name());
  }

  Faults faults() {
    return faults;
  }

  String brokerId(StoredMessage message) {
    return brokerId(message.id);
  }

  private String brokerId(long id) {
    return source.name() + "@" + id;
  }

  boolean isPast(long time) {
    return time != Ticker.NEVER && time <= ticker.now();
  }

  @Override
  public synchronized String store(WireMessage message) {
    return store(message, new Sending(brokerId(lastId + 1)));
  }

  /** Stores this queue's copy of what is sent to a topic. */
  synchronized String store(WireMessage message, Sending sending) {
    doWhatIsDue();
    Duration delay = message.delay();
    StoredMessage stored = new StoredMessage(message, ++lastId, sending);
    size++;
    broker.moved();
    if (delay != null) {
      await(stored, delay);
    } else if (backlog.arrive(stored)) {
      intakes.wakeOne();
    }
    return sending.brokerId;
  }

  @Override
  public synchronized boolean cancel(String brokerId) {
    doWhatIsDue();
    boolean found = backlog.takeBack(brokerId);
    if (found) {
      size--;
    }
    return found;
  }

  /** Lets a receiver take messages from now on. */
  synchronized void join(Intake intake) {
    intakes.add(intake);
    if (!faults.isRunning()) {
      intake.disconnect();
    }
  }

  /**
   * Makes a receiver's connection again.
   *
   * @return whether the broker is there; if not, the receiver is woken when it is worth trying
   */
  synchronized boolean connect(Intake intake) {
    boolean connected = faults.isRunning();
    intake.disconnected = !connected;
    intake.handingOver = connected;
    notifyAll();
    return connected;
  }

  /** Every receiver loses its connection and what it has open. */
  synchronized void disconnect() {
    intakes.disconnect(this::lose);
  }

  /** Receivers may make their connections again, and take again. */
  synchronized void reconnect() {
    intakes.reconnect();
    notifyAll();
  }

  /**
   * Hands out what is ready, within the receiver's credit. If that is nothing, the receiver is
   * woken when it is worth looking again.
   *
   * @param taken gets the deliveries
   * @return when to look again though nobody has woken the receiver
   */
  synchronized long take(Intake intake, List<MemoryDelivery> taken) {
    doWhatIsDue();
    intakes.notHungry(intake);
    int most = faults.delivers() ? Math.min(intake.credit(), MAX_TAKEN_AT_ONCE) : 0;
    while (taken.size() < most && backlog.hasReady()) {
      takeNext(intake, taken);
    }
    if (taken.isEmpty() && most > 0) {
      intakes.hungry(intake);
    }
    intake.handingOver = !taken.isEmpty() || intake.disconnected;
    notifyAll();
    return nextDue();
  }

  /** The message is done with. */
  synchronized Result accept(MemoryDelivery delivery) {
    doWhatIsDue();
    if (delivery.isOpen()) {
      end(delivery, Result.SETTLED);
      done(delivery.stored);
    }
    return delivery.became();
  }

  /** The message is delivered again, after a while. */
  synchronized Result release(MemoryDelivery delivery, Duration after, int attemptsMade) {
    doWhatIsDue();
    if (delivery.isOpen()) {
      end(delivery, Result.SETTLED);
      count(delivery, attemptsMade);
      if (after.isZero()) {
        comeBack(delivery.stored);
      } else {
        await(delivery.stored, after);
      }
    }
    return delivery.became();
  }

  /**
   * The message is done with, and {@code storing} is done in the same step: only if the delivery is
   * open, and before anything else of its key is handed out. Not under the lock, which must not be
   * held while another queue's is taken; {@code storing} can't fail.
   */
  Result acceptStoring(MemoryDelivery delivery, Runnable storing) {
    synchronized (this) {
      doWhatIsDue();
      if (!delivery.isOpen()) {
        return delivery.became();
      }
      end(delivery, Result.SETTLED);
    }
    storing.run();
    synchronized (this) {
      done(delivery.stored);
    }
    return Result.SETTLED;
  }

  /** The message leaves this queue for another one, as {@code deadLetter}, in one step. */
  synchronized Result move(
      MemoryDelivery delivery, WireMessage deadLetter, MessageQueue deadLetters) {
    doWhatIsDue();
    if (delivery.isOpen()) {
      deadLetters.store(deadLetter);
      end(delivery, Result.SETTLED);
      remove(delivery.stored);
    }
    return delivery.became();
  }

  /** Takes back what its receiver has not seen; not counted as an attempt. */
  synchronized void takeBack(MemoryDelivery unseen) {
    if (unseen.isOpen()) {
      end(unseen, Result.NOT_OWNED);
      count(unseen, unseen.attempt() - 1);
      comeBack(unseen.stored);
    }
  }

  /** The receiver has the message for a whole lease again, if it is still its own. */
  synchronized void renewLease(MemoryDelivery delivery) {
    doWhatIsDue();
    Duration lease = delivery.intake.lease();
    if (lease != null && delivery.isOpen()) {
      delivery.leasedUntil = ticker.after(lease);
    }
  }

  /** Sees to it that others take what a receiver that pauses or stops would have taken. */
  synchronized void standAside(Intake intake) {
    intakes.notHungry(intake);
    intakes.wakeAll();
  }

  /** The receiver's thread has ended; what it has taken stays its own. */
  synchronized void finished(Intake intake) {
    intake.handingOver = false;
    notifyAll();
  }

  /** Takes everything back from a receiver that is gone; each delivery counts as an attempt. */
  synchronized void leave(Intake intake) {
    intakes.remove(intake);
    intake.open.all().forEach(this::lose);
  }

  /** Takes a delivery away from its receiver; it counts as an attempt. */
  synchronized void giveUp(MemoryDelivery delivery) {
    if (delivery.isOpen()) {
      lose(delivery);
    }
  }

  /** When something becomes due next, or {@link Ticker#NEVER}. */
  synchronized long nextDue() {
    return Math.min(backlog.firstDue(), intakes.leasesDue());
  }

  /** Ends waits and leases that are due now. */
  synchronized void doWhatIsDue() {
    if (!isPast(nextDue())) {
      return;
    }
    long now = ticker.now();
    for (int ready = backlog.endWaiting(now, unused -> size--); ready > 0; ready--) {
      intakes.wakeOne();
    }
    intakes.endLeases(now, this::lose);
  }

  /**
   * Whether every receiver but the one on whose thread this is called has been handed all it takes.
   */
  synchronized boolean isHandedOver() {
    return !intakes.anyBusy(backlog.hasReady() && faults.delivers());
  }

  /**
   * Waits until every receiver has been handed what it takes now, but for the one on whose thread
   * this is called.
   *
   * @param deadline when to give up, as {@link System#nanoTime}
   * @return whether it came to that
   */
  synchronized boolean awaitHandedOver(long deadline) throws InterruptedException {
    while (!isHandedOver()) {
      long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (millis <= 0) {
        return false;
      }
      wait(millis);
    }
    return true;
  }

  /** How many messages are stored, wherever they are. */
  synchronized int size() {
    return size;
  }

  /** How many messages receivers have taken and not settled. */
  synchronized int open() {
    doWhatIsDue();
    return intakes.open();
  }

  /** How many messages wait for their time. */
  synchronized int waiting() {
    doWhatIsDue();
    return backlog.waiting();
  }

  /** All stored messages, in their order; those that have not arrived yet come last. */
  synchronized List<WireMessage> messages() {
    List<StoredMessage> firsts = new ArrayList<>(size);
    backlog.forEachFirst(firsts::add);
    intakes.forEachOpen(delivery -> firsts.add(delivery.stored));
    List<StoredMessage> all = new ArrayList<>(size);
    for (StoredMessage first : firsts) {
      for (StoredMessage each = first; each != null; each = each.next) {
        all.add(each);
      }
    }
    all.sort(StoredMessage.ORDER);
    return all.stream().map(each -> each.message).toList();
  }

  private void takeNext(Intake intake, List<MemoryDelivery> taken) {
    StoredMessage next = backlog.take();
    if (!intake.conduct.ordered() && next != overtaken && backlog.hasReady()) {
      overtaken = next;
      next = backlog.take();
      backlog.comeBack(overtaken);
    }
    Duration delay = next.heldBack ? null : faults.delayOfNext();
    next.heldBack = delay != null;
    if (delay == null) {
      taken.add(handOut(next, intake));
    } else {
      await(next, delay);
    }
  }

  private static void count(MemoryDelivery delivery, int attemptsMade) {
    delivery.stored.attempt =
        delivery.intake.conduct.counting().afterRelease(delivery.attempt(), attemptsMade);
  }

  private MemoryDelivery handOut(StoredMessage message, Intake intake) {
    MemoryDelivery delivery = new MemoryDelivery(this, intake, message);
    Duration lease = intake.lease();
    if (lease != null) {
      delivery.leasedUntil = ticker.after(lease);
      intake.leasesDue = Math.min(intake.leasesDue, delivery.leasedUntil);
    }
    intake.open.add(delivery);
    broker.moved();
    return delivery;
  }

  private void end(MemoryDelivery delivery, Result outcome) {
    Intake intake = delivery.intake;
    if (intake.open.size() == intake.maxUnsettled) {
      intake.wake();
    }
    intake.open.remove(delivery);
    delivery.end(outcome);
    broker.moved();
  }

  private void lose(MemoryDelivery delivery) {
    end(delivery, Result.NOT_OWNED);
    delivery.stored.attempt = delivery.intake.conduct.counting().afterLoss(delivery.attempt());
    comeBack(delivery.stored);
  }

  private void comeBack(StoredMessage message) {
    backlog.comeBack(message);
    intakes.wakeOne();
  }

  private void await(StoredMessage message, Duration time) {
    long due = ticker.after(time);
    boolean first = due < nextDue();
    backlog.await(message, due);
    if (first) {
      intakes.wakeAll(); // they sleep until what was due first before
    }
  }

  private void done(StoredMessage accepted) {
    if (faults.duplicates()) {
      comeBack(accepted);
    } else {
      remove(accepted);
    }
  }

  private void remove(StoredMessage message) {
    size--;
    if (backlog.done(message)) {
      intakes.wakeOne();
    }
  }
}
