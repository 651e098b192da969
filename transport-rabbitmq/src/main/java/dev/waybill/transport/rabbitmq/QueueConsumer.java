package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a receiver has of one queue: its consumer, made again whenever it is lost. Used in the
 * receiver's mailbox only, unless said otherwise.
 *
 * <p>A keyed queue has a single active consumer. To cancel it would let the broker give the next
 * messages of a key to another instance while this one still has earlier ones open. So a pause or
 * stop of a keyed receiver only stops handing out, and what has arrived by then is held, at most
 * the prefetch; the other kind cancels its consumer, so that other instances get what it does not
 * take.
 */
final class QueueConsumer implements ConsumerSession.Owner {
  /** How long {@link #moveOn} waits for handlers; a message may wait for its retry much longer. */
  private static final Duration MOVE_LIMIT = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(QueueConsumer.class);

  private final Source source;
  private final String queue;
  private final int prefetch;
  private final Credit credit;
  private final Mailbox mailbox;
  private final Calls calls;
  private final RabbitReceiver receiver;
  private final Backoff backoff = new Backoff();
  private final Moves moves = new Moves();
  private volatile @Nullable ConsumerSession session;

  /** What was made last, until the receiver's mailbox has taken it. */
  private volatile @Nullable ConsumerSession fresh;

  private @Nullable Connection connection;

  /** The one that the broker did not count when it was asked last. */
  private @Nullable ConsumerSession uncounted;

  private boolean opening;
  private boolean moving;
  private int epoch;

  QueueConsumer(
      Source source,
      String queue,
      int prefetch,
      Credit credit,
      Mailbox mailbox,
      Calls calls,
      RabbitReceiver receiver) {
    this.source = source;
    this.queue = queue;
    this.prefetch = prefetch;
    this.credit = credit;
    this.mailbox = mailbox;
    this.calls = calls;
    this.receiver = receiver;
  }

  String queue() {
    return queue;
  }

  /** Whether this instance is known to be the one that gets the queue's messages. Any thread. */
  boolean isActive() {
    ConsumerSession current = session;
    return current != null && current.isActive();
  }

  /** Whether the broker has said that this instance is among the queue's consumers. */
  boolean isAmongConsumers() {
    ConsumerSession current = session;
    return current != null && current.isAmongConsumers();
  }

  /** How much has arrived and was not handed out. Any thread. */
  int waiting() {
    ConsumerSession current = session;
    return current == null ? 0 : current.waiting();
  }

  /** How much is settled though an earlier message is not. Any thread. */
  int settledAhead() {
    ConsumerSession current = session;
    return current == null ? 0 : current.settledAhead();
  }

  /** By another connection, even if the one before lives on. */
  void connected(Connection made) {
    ConsumerSession known = session;
    if (known != null && made != connection) {
      session = null;
      known.end(false);
    }
    connection = made;
    backoff.succeeded();
    open();
  }

  void disconnected() {
    connection = null;
  }

  private void open() {
    Connection current = connection;
    ConsumerSession known = session;
    boolean have = known != null && known.owns();
    if (opening || receiver.isStopped() || have || current == null || !current.isOpen()) {
      return;
    }
    opening = true;
    int next = ++epoch;
    calls.add(() -> open(current, next));
  }

  /** Not in the receiver's mailbox. */
  private void open(Connection on, int next) {
    try {
      ConsumerSession made =
          ConsumerSession.open(on, source, queue, next, prefetch, credit, mailbox, calls, this);
      fresh = made;
      if (receiver.isStopped() || !mailbox.tell(() -> opened(on, made))) {
        made.abort();
      }
    } catch (IOException | RuntimeException | Error e) { // whatever it is must not be the last try
      mailbox.tell(() -> notOpened(e));
    }
  }

  private void opened(Connection on, ConsumerSession made) {
    opening = false;
    if (on != connection || receiver.isStopped()) {
      made.end(false);
      fresh = null;
      open();
      return;
    }
    ConsumerSession known = session;
    if (known != null) { // lost, which has not been told yet
      known.end(false);
    }
    session = made;
    fresh = null;
    moving = false;
    if (receiver.isPaused()) {
      consuming(made);
    } else {
      made.consume();
    }
  }

  private void notOpened(Throwable problem) {
    opening = false;
    receiver.failed(this, RabbitErrors.receiving(queue, problem));
    openLater();
  }

  @Override
  public void consuming(ConsumerSession current) {
    if (current == session) {
      backoff.succeeded();
      receiver.recovered(this);
    }
  }

  /**
   * The queue may be without a leader. RabbitMQ waits for one with the whole channel, for a minute
   * or so, and then ends the connection (3.10, rabbit_quorum_queue:consume).
   */
  @Override
  public void unanswered(ConsumerSession current) {
    if (current == session) {
      receiver.failed(this, RabbitErrors.unanswered(queue));
      receiver.leaveTheOthers();
    }
  }

  @Override
  public void forgotten(MessagingException problem) {
    receiver.forgotten(problem);
  }

  private void openLater() {
    Runnable unused = mailbox.tellLater(backoff.nextMillis(), this::open);
  }

  @Override
  public void lost(ConsumerSession lost, MessagingException problem) {
    if (session != lost) {
      return;
    }
    session = null;
    lost.end(false);
    receiver.failed(this, problem);
    openLater();
  }

  /**
   * The broker was asked how many consumers the queue has, and could tell. One that twice has
   * messages and no consumer has lost this one without a word: a busy cluster may delete a queue
   * so, and it may be there again since.
   */
  void counted(int consumersThere) {
    ConsumerSession current = session;
    if (current == null || consumersThere > 0 || !current.isAmongConsumers()) {
      uncounted = null;
    } else if (uncounted != current) {
      uncounted = current;
    } else {
      uncounted = null;
      lost(
          current,
          new MessagingException(
              ErrorCode.NOT_FOUND,
              "RabbitMQ has no consumer of queue '%s' any more, and has not said so: it was deleted, and made again."
                  .formatted(queue)));
    }
  }

  /** Makes the consumer what pause, resume and stop ask for. */
  void adjust() {
    ConsumerSession current = session;
    if (current == null) {
      return;
    }
    if (receiver.isStopped()) {
      current.hurry();
    }
    if (receiver.isStopped() || receiver.isPaused()) {
      if (!source.keyed()) {
        current.cancel();
        drained(current);
      }
    } else if (!current.isConsuming()) {
      mailbox.tell(() -> drained(current)); // behind what the last consumer has handed over
    }
  }

  /**
   * A new consumer gets the whole credit again, whatever is still open: not while more is held.
   * What is given back at a stop goes to others once this one does not consume any more.
   */
  @Override
  public void drained(ConsumerSession current) {
    if (current != session || !current.hasDrained()) {
      return;
    }
    current.cancelled();
    receiver.handOut(); // what came just before the answer is not held for want of credit
    if (receiver.isStopped()) {
      releaseHeld(current);
    } else if (!receiver.isPaused() && !current.holds()) {
      current.consume();
    }
  }

  private void releaseHeld(ConsumerSession current) {
    try {
      if (!source.keyed()) {
        current.releaseHeld();
      }
    } catch (IOException | RuntimeException e) {
      lost(current, RabbitErrors.receiving(queue, e));
    }
  }

  @Override
  public void arrived(ConsumerSession from, Delivery arrival) {
    if (from == session) {
      from.arrived(new RabbitDelivery(receiver, from, arrival));
    }
  }

  @Override
  public void allArrived(ConsumerSession from) {
    receiver.handOut();
  }

  /** The next delivery to be handed out, which is then open; null if there is none. */
  @Nullable RabbitDelivery next() {
    ConsumerSession current = session;
    return current == null || moving ? null : current.next();
  }

  @Override
  public void settled() {
    receiver.settled();
  }

  /** There may be credit again, and less open. */
  void afterSettling() {
    ConsumerSession current = session;
    if (current == null) {
      return;
    }
    if (moving) {
      moveIfDone(current);
    } else if (!current.isConsuming()) {
      adjust();
    }
  }

  /**
   * Whether to try {@link #moveOn}: not soon again after it was in vain, unless nothing is open.
   */
  boolean mayMove() {
    ConsumerSession current = session;
    return current != null && (!current.hasOpen() || moves.mayTry());
  }

  /** How many deliveries are not settled. */
  int unsettled() {
    ConsumerSession current = session;
    return current == null ? 0 : current.unsettled();
  }

  /**
   * Lets another instance have the queue, and lines up behind it: once what is open is settled, so
   * that the order of each key is kept. If that takes long the queue stays here.
   */
  void moveOn() {
    ConsumerSession current = session;
    if (current != null && !moving) {
      moving = true;
      current.hurry();
      moveIfDone(current);
      Runnable unused = mailbox.tellLater(MOVE_LIMIT.toMillis(), () -> stay(current));
    }
  }

  private void moveIfDone(ConsumerSession current) {
    if (!current.hasOpen() && !receiver.isStopped()) {
      log.info("Leaving queue {} to another instance", queue);
      session = null;
      moves.succeeded();
      current.end(false);
      open();
    }
  }

  private void stay(ConsumerSession current) {
    if (current == session && moving) {
      moving = false;
      if (!receiver.isStopped()) {
        current.calmDown();
      }
      moves.failed();
      receiver.handOut();
    }
  }

  void end() {
    ConsumerSession current = session;
    session = null;
    if (current != null) {
      current.end(!source.keyed());
    }
  }

  /**
   * Ends it though the receiver's mailbox stands still. Any thread; once the receiver is stopped.
   */
  void abandon() {
    for (ConsumerSession each : new ConsumerSession[] {fresh, session}) {
      if (each != null) {
        each.abandon();
      }
    }
  }
}
