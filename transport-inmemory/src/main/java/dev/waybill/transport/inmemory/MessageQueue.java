package dev.waybill.transport.inmemory;

import dev.waybill.routing.Source;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one queue or subscription: those in its {@link Backlog}, and those in the {@link
 * Intake} of a receiver. Thread-safe: each queue has one lock, its monitor, and every operation
 * first does what has become due. Nobody is called with the lock held who may block or call back,
 * and no other queue's lock is taken.
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

  /** Whether anybody has ever waited for hand-overs to end. */
  private volatile boolean awaited;

  private long lastId;
  private int size;
  private long movements;

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

  /** Hands over on the calling thread what it can; not under a queue's lock. */
  @Override
  public String store(WireMessage message) {
    long id;
    Intake hungry;
    synchronized (this) {
      id = lastId + 1;
      hungry = add(message, message.delay() == null ? null : new Sending(brokerId(id)));
    }
    handOver(hungry);
    return brokerId(id);
  }

  /**
   * The same with this queue's copy of what is sent to a topic.
   *
   * @param sending null if it has no delay
   */
  void store(WireMessage message, @Nullable Sending sending) {
    handOver(add(message, sending));
  }

  private static void handOver(@Nullable Intake hungry) {
    if (hungry != null) {
      hungry.handOver();
    }
  }

  /** Returns who may take it now, if anybody waits for that. */
  private synchronized @Nullable Intake add(WireMessage message, @Nullable Sending sending) {
    doWhatIsDue();
    Duration delay = message.delay();
    StoredMessage stored = new StoredMessage(message, ++lastId, sending);
    size++;
    movements++;
    if (delay != null) {
      await(stored, delay);
      return null;
    }
    return backlog.arrive(stored) ? intakes.nextHungry() : null;
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
    intake.toConnect = false;
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
   * @return whether there may be more for it now
   */
  synchronized boolean take(Intake intake, List<MemoryDelivery> taken) {
    doWhatIsDue();
    intakes.notHungry(intake);
    int most = faults.delivers() ? Math.min(intake.credit(), MAX_TAKEN_AT_ONCE) : 0;
    while (taken.size() < most && backlog.hasReady()) {
      takeNext(intake, taken);
    }
    if (taken.size() < most) {
      intakes.hungry(intake);
    }
    return taken.size() == MAX_TAKEN_AT_ONCE;
  }

  /** The message is done with. As {@link #store(WireMessage)}, with the next of its key. */
  Result accept(MemoryDelivery delivery) {
    Intake hungry = null;
    synchronized (this) {
      doWhatIsDue();
      if (delivery.isOpen()) {
        end(delivery, Result.SETTLED);
        hungry = done(delivery.stored);
      }
    }
    handOver(hungry);
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
    return endStoring(delivery, storing, this::done);
  }

  /** The message leaves this queue for others, where {@code storing} puts it; as above. */
  Result move(MemoryDelivery delivery, Runnable storing) {
    return endStoring(delivery, storing, this::remove);
  }

  private Result endStoring(
      MemoryDelivery delivery, Runnable storing, Function<StoredMessage, @Nullable Intake> ending) {
    synchronized (this) {
      doWhatIsDue();
      if (!delivery.isOpen()) {
        return delivery.became();
      }
      end(delivery, Result.SETTLED);
    }
    storing.run();
    Intake hungry;
    synchronized (this) {
      hungry = ending.apply(delivery.stored);
    }
    handOver(hungry);
    return Result.SETTLED;
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

  /** For those who wait for that: a hand-over has ended. */
  void handedOver() {
    if (awaited) {
      synchronized (this) {
        notifyAll();
      }
    }
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
    awaited = true;
    while (!isHandedOver()) {
      long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (millis <= 0) {
        return false;
      }
      wait(millis);
    }
    return true;
  }

  /** How often a message has been stored, handed out or settled. */
  synchronized long movements() {
    return movements;
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
      intakes.leased(intake, delivery.leasedUntil);
    }
    intake.open.add(delivery);
    movements++;
    return delivery;
  }

  private void end(MemoryDelivery delivery, Result outcome) {
    Intake intake = delivery.intake;
    if (intake.open.size() == intake.maxUnsettled) {
      intake.wake();
    }
    intake.open.remove(delivery);
    delivery.end(outcome);
    movements++;
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

  /** Returns who may take what is ready now, if anybody waits for that. */
  private @Nullable Intake done(StoredMessage accepted) {
    if (faults.duplicates()) {
      backlog.comeBack(accepted);
      return intakes.nextHungry();
    }
    return remove(accepted);
  }

  private @Nullable Intake remove(StoredMessage message) {
    size--;
    return backlog.done(message) ? intakes.nextHungry() : null;
  }
}
