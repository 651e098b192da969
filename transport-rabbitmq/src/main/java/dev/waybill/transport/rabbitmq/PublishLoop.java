package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Connection;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.io.IOException;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes messages to the broker, from one thread of its own and in order. While the connection is
 * lost or blocked they wait here, unwritten.
 */
final class PublishLoop implements RabbitLink.Listener {
  /** Longer than a broker takes to elect a leader for a queue, or to write under load. */
  static final Duration SILENCE = Duration.ofSeconds(10);

  /** To open a channel takes two answers, and the client waits for each. */
  private static final Duration OPENING_LIMIT = RabbitLink.RPC_LIMIT.multipliedBy(3);

  /** How many are written before what else there is to do has its turn. */
  private static final int AT_ONCE = 1_000;

  private static final Logger log = LoggerFactory.getLogger(PublishLoop.class);

  private final RabbitLink link;
  private final Duration silence;
  private final Mailbox mailbox;

  /** The connection that RabbitMQ blocks, if it does; one that is lost does not count any more. */
  private final AtomicReference<@Nullable Connection> blocked = new AtomicReference<>();

  /** When the last block ended: nothing could be confirmed before. */
  private volatile long unblocked;

  private volatile boolean closed;

  private final PublishLanes lanes;

  /** Changed by the mailbox's thread only. */
  private volatile @Nullable Connection connection;

  /** The last one that was silent; many sends notice it at the same time. */
  private final AtomicReference<@Nullable Connection> givenUp = new AtomicReference<>();

  /** Not yet written; its begin is the mailbox's thread's only. */
  private final Deque<PendingSend> waiting = new ConcurrentLinkedDeque<>();

  /** Whether the mailbox has been told that something waits. */
  private final AtomicBoolean told = new AtomicBoolean();

  /** Of what a broker that reads nothing may hold up. */
  private final WriteClock clock = new WriteClock();

  /**
   * Whether the last message that was written may still be in the client's buffer. Of the mailbox's
   * thread.
   */
  private boolean unflushed;

  /**
   * A loop, not yet started.
   *
   * @param silence how long a queue's messages may go without an answer, or without a confirm
   */
  PublishLoop(RabbitLink link, RabbitThreads threads, Duration silence) {
    this(link, threads, silence, OPENING_LIMIT);
  }

  /** With another limit for the opening of a channel. */
  PublishLoop(RabbitLink link, RabbitThreads threads, Duration silence, Duration opening) {
    this.link = link;
    this.silence = silence;
    this.unblocked = System.nanoTime() - silence.toNanos();
    this.mailbox = new Mailbox(threads, "publish");
    this.lanes =
        new PublishLanes(this, link, mailbox, clock, new PublishLanes.Limits(silence, opening));
  }

  void start() {
    link.add(this);
  }

  /** Has a message written as soon as it can be; returns whether it will be: not after close. */
  boolean write(PendingSend send) {
    waiting.add(send);
    if (told.get() || !told.compareAndSet(false, true)) {
      return mailbox.isOpen();
    }
    return mailbox.tell(this::drainTold);
  }

  private void drainTold() {
    told.set(false);
    drain();
  }

  /** Why a message has not been written, as a code. */
  ErrorCode reasonToWait() {
    Connection current = link.connection();
    if (current == null) {
      return ErrorCode.CONNECTION_FAILED;
    }
    return isBlocked(current) ? ErrorCode.THROTTLED : ErrorCode.TIMEOUT;
  }

  /** Why there is no connection, in a sentence, or null. From any thread. */
  @Nullable String problem() {
    return link.problem();
  }

  /** A message that has its answer is not kept, if it was not written. From any thread. */
  void forget(PendingSend send) {
    waiting.remove(send);
  }

  /**
   * Lets a channel go that takes messages to some queue and answers none: one that was opened while
   * a quorum queue had no leader may never find the new one. Another channel has to open first. If
   * none does, the connection is given up: RabbitMQ 3.10 stops reading one for good when a quorum
   * queue is deleted while it holds the connection's publishers back (flow control), and goes on
   * with its heartbeats. From any thread.
   */
  void giveUpIfSilent() {
    Connection current = connection;
    if (current == null || !answers(current)) {
      return;
    }
    if (clock.isOverdue()) {
      if (givenUp.getAndSet(current) != current) {
        log.warn(
            "RabbitMQ has read nothing for {}: the connection is made anew",
            RabbitErrors.seconds(silence));
        mailbox.tell(() -> connection = connection == current ? null : connection);
        link.discard(current); // here, as the mailbox's thread may be in a write that never ends
      }
    } else if (lanes.isOneSilent()) {
      mailbox.tell(() -> lanes.renew(true));
    }
  }

  /** Whether messages have gone there for long, and none was answered. From any thread. */
  boolean isSilent(PendingSend.Target target) {
    return lanes.isSilent(target);
  }

  /** There was an answer to a message in time. From any thread. */
  void trust(PendingSend.Target target) {
    lanes.trust(target);
  }

  /** Whether answers can be expected: none come while the connection is blocked. */
  private boolean answers(Connection current) {
    return !isBlocked(current) && System.nanoTime() - unblocked > silence.toNanos();
  }

  @Override
  public void connected(Connection made) {
    made.addBlockedListener(
        reason -> {
          log.warn("RabbitMQ blocks publishing: {}. Sends wait until their deadlines.", reason);
          blocked.set(made);
        },
        () -> {
          log.info("RabbitMQ lets publishing go on");
          unblocked = System.nanoTime();
          blocked.compareAndSet(made, null);
          mailbox.tell(this::drain);
        });
    mailbox.tell(
        () -> {
          connection = made;
          drain();
        });
  }

  @Override
  public void lost(MessagingException problem) {
    mailbox.tell(() -> connection = null);
  }

  void close() {
    closed = true;
    link.remove(this);
    mailbox.close();
    waiting.clear();
  }

  /** Has written before all others, soon, what was held back. Of the mailbox's thread. */
  void takeBack(Deque<PendingSend> heldBack) {
    while (!heldBack.isEmpty()) {
      waiting.addFirst(heldBack.removeLast());
    }
  }

  /** The connection that is published by, if there is one. */
  @Nullable Connection connection() {
    return connection;
  }

  boolean isBlocked(Connection current) {
    return current == blocked.get();
  }

  /** Writes what waits, if it can be. Of the mailbox's thread. */
  void drain() {
    for (int i = 0; ready(); i++) {
      PendingSend next = i < AT_ONCE ? waiting.poll() : null;
      if (next == null) {
        break;
      }
      if (!lanes.holdsBack(next)) {
        publish(next);
      }
    }
    flush();
    if (!ready()) {
      waiting.removeIf(send -> send.answer().isDone());
    } else if (!waiting.isEmpty() && told.compareAndSet(false, true)) {
      mailbox.tell(this::drainTold);
    }
  }

  private void flush() {
    Connection current = connection;
    if (unflushed && current != null) {
      clock.begin(silence);
      try {
        link.flush();
      } catch (IOException | RuntimeException e) {
        log.debug("Publishing failed half-way; the connection is given up", e);
        giveUp(current);
      }
    }
    clock.end();
    unflushed = false;
  }

  private boolean ready() {
    Connection current = connection;
    return current != null && current.isOpen() && !isBlocked(current) && !closed;
  }

  private void publish(PendingSend send) {
    Connection current = connection;
    if (current == null || tooLarge(send, current)) {
      return;
    }
    PublishLane lane;
    try {
      lane = lanes.lane(current, send.target());
    } catch (Channels.NoneLeft e) { // the next connection would have no more
      send.fail(SendException.rejected(ErrorCode.BROKER_ERROR, String.valueOf(e.getMessage()), e));
      return;
    } catch (IOException | RuntimeException e) {
      waiting.addFirst(send);
      if (isBlocked(current)) {
        log.debug("No publishing channel can be opened until RabbitMQ lets publishing go on", e);
      } else {
        log.debug("No publishing channel can be opened; the connection is given up", e);
        giveUp(current);
      }
      return;
    }
    if (answers(current) && lane.isFullFor(silence)) {
      if (lane.isFullOfForgotten(silence)) { // of which no deadline tells any more
        mailbox.tell(() -> lanes.renew(true));
      }
      send.fail(full(send));
      return;
    }
    byte[] body = send.beginWriting();
    if (body != null) {
      publish(send, body, lane, current);
    }
  }

  private void publish(PendingSend send, byte[] body, PublishLane lane, Connection current) {
    boolean more = !waiting.isEmpty();
    unflushed |= more; // what was left there before is, if this one is not written
    clock.begin(silence);
    try {
      lane.write(send, body, more);
      unflushed = more;
    } catch (AlreadyClosedException e) {
      lanes.remove(lane);
      if (send.unwritten()) {
        waiting.addFirst(send);
      } else {
        send.leaveOnce();
      }
    } catch (IOException | RuntimeException e) {
      log.debug("Publishing failed half-way; the connection is given up", e);
      giveUp(current);
    }
    clock.end();
  }

  /** Of the mailbox's thread. */
  void giveUp(Connection current) {
    connection = null;
    link.discard(current);
  }

  private SendException full(PendingSend send) {
    return SendException.rejected(
        ErrorCode.THROTTLED,
        "RabbitMQ has answered to nothing for %s for %s, and as much as may be is under way; nothing was sent."
            .formatted(send.target(), RabbitErrors.seconds(silence)),
        null);
  }

  private static boolean tooLarge(PendingSend send, Connection current) {
    int limit = current.getFrameMax();
    if (limit > 0 && !send.fits(limit)) {
      send.fail(MessageWriter.headersTooLarge(send.frameSize(), limit));
      return true;
    }
    return false;
  }
}
