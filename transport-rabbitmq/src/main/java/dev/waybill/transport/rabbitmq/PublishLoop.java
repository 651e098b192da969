package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
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

  /** What a lane's other queues are waited for when it is to be replaced for one of them. */
  private static final Duration RETIRE_LIMIT = Duration.ofSeconds(2);

  /** To open a channel takes two answers, and the client waits for each. */
  private static final Duration OPENING_LIMIT = RabbitLink.RPC_LIMIT.multipliedBy(3);

  /**
   * So many channels that do not answer may be left behind until their connection ends: each keeps
   * a process of the broker.
   */
  static final int MOST_LEFT = 8;

  /** How many are written before what else there is to do has its turn. */
  private static final int AT_ONCE = 1_000;

  private static final Logger log = LoggerFactory.getLogger(PublishLoop.class);

  private final RabbitLink link;
  private final Duration silence;
  private final Duration opening;
  private final Mailbox mailbox;

  /** The connection that RabbitMQ blocks, if it does; one that is lost does not count any more. */
  private final AtomicReference<@Nullable Connection> blocked = new AtomicReference<>();

  /** When the last block ended: nothing could be confirmed before. */
  private volatile long unblocked;

  private volatile boolean closed;

  /** Changed by the mailbox's thread only, as the next. */
  private final Map<String, PublishLane> lanes = new ConcurrentHashMap<>();

  private volatile @Nullable Connection connection;

  /** The last one that was silent; many sends notice it at the same time. */
  private final AtomicReference<@Nullable Connection> givenUp = new AtomicReference<>();

  /** Not yet written; its begin is the mailbox's thread's only. */
  private final Deque<PendingSend> waiting = new ConcurrentLinkedDeque<>();

  /** Whether the mailbox has been told that something waits. */
  private final AtomicBoolean told = new AtomicBoolean();

  // of the mailbox's thread only

  /** Whether the last message that was written may still be in the client's buffer. */
  private boolean unflushed;

  /** A lane that takes nothing more and is closed once all that it took is answered. */
  private @Nullable PublishLane retiring;

  /** Whether it has nothing more that is waited for. */
  private BooleanSupplier isAnswered = () -> true;

  /** Whether it has not, and is to end. */
  private boolean leaving;

  /** What takes its place, if it is open already. */
  private @Nullable PublishLane successor;

  /** Those that were asked whether they answer to something. */
  private final Set<PublishLane> left = new HashSet<>();

  /** What waits for another lane in its place. */
  private final Deque<PendingSend> heldBack = new ArrayDeque<>();

  /** Whether the mailbox's thread does what a broker that reads nothing may hold up. */
  private volatile boolean busy;

  /** When that should have ended. */
  private volatile long busyUntil;

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
    this.opening = opening;
    this.unblocked = System.nanoTime() - silence.toNanos();
    this.mailbox = new Mailbox(threads, "publish");
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
    return current == blocked.get() ? ErrorCode.THROTTLED : ErrorCode.TIMEOUT;
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
    if (isStuck()) {
      if (givenUp.getAndSet(current) != current) {
        log.warn(
            "RabbitMQ has read nothing for {}: the connection is made anew",
            RabbitErrors.seconds(silence));
        mailbox.tell(() -> connection = connection == current ? null : connection);
        link.discard(current); // here, as the mailbox's thread may be in a write that never ends
      }
    } else if (lanes.values().stream().anyMatch(lane -> lane.isSilentFor(silence))) {
      mailbox.tell(() -> renew(true));
    }
  }

  /** Whether messages have gone there for long, and none was answered. From any thread. */
  boolean isSilent(PendingSend.Target target) {
    PublishLane lane = lanes.get(target.exchange());
    return lane != null && lane.isSilentFor(silence, target.routingKey());
  }

  /** Whether answers can be expected: none come while the connection is blocked. */
  private boolean answers(Connection current) {
    return current != blocked.get() && System.nanoTime() - unblocked > silence.toNanos();
  }

  private boolean isStuck() {
    return busy && System.nanoTime() - busyUntil > 0;
  }

  private void begin(Duration limit) {
    busyUntil = System.nanoTime() + limit.toNanos();
    busy = true;
  }

  /**
   * Lets a channel go that some queue has refused everything by. The queue may be full; but a
   * channel is also told only once that a quorum queue takes messages again, and where that got
   * lost with the queue's leader it refuses them for as long as it lives.
   */
  private void renewIfRefused() {
    mailbox.tell(() -> renew(false));
  }

  /**
   * Replaces a channel. What is under way on it is answered first, so that nothing becomes unknown
   * and no key overtakes itself. If that takes long the channel stays, and it is tried again later.
   *
   * @param silent whether it is one that is silent, and what goes to silent queues is not waited
   *     for; else it is one that refuses
   */
  private void renew(boolean silent) {
    left.removeIf(lane -> !lane.channel().isOpen());
    if (retiring == null && (!silent || left.size() < MOST_LEFT)) {
      lanes.values().stream()
          .filter(lane -> silent ? lane.isSilentFor(silence) : lane.isRefusedFor(silence))
          .filter(lane -> lane.mayRetire(silent))
          .findFirst()
          .ifPresent(lane -> beginToRetire(lane, silent));
    }
  }

  private void beginToRetire(PublishLane lane, boolean silent) {
    Connection current = connection;
    if (current == null || (silent && !opensAnother(lane, current))) {
      return;
    }
    BooleanSupplier answered = silent ? () -> lane.isOnlySilent(silence) : lane::isEmpty;
    retiring = lane;
    isAnswered = answered;
    lane.onAnswer(
        () -> {
          if (answered.getAsBoolean()) {
            mailbox.tell(this::retire);
          }
        });
    Runnable unused = mailbox.tellLater(RETIRE_LIMIT.toMillis(), () -> stay(lane, silent));
    retire();
  }

  /** Whether a connection with a silent channel goes on; it is given up otherwise. */
  private boolean opensAnother(PublishLane lane, Connection current) {
    try {
      successor = open(current, lane.exchange());
      return true;
    } catch (Channels.NoneLeft e) {
      log.debug("The silent channel has to end before another one can be opened", e);
      return true;
    } catch (IOException | RuntimeException e) {
      if (current != blocked.get()) {
        log.warn(
            "RabbitMQ has answered to nothing for some queue for {}, and opens no other channel: the connection is made anew",
            RabbitErrors.seconds(silence));
        giveUp(current);
      }
      return false;
    }
  }

  private void stay(PublishLane lane, boolean silent) {
    if (retiring == lane && lane.channel().isOpen()) { // else its end is near
      lane.retireNotBefore(System.nanoTime() + silence.toNanos(), silent);
      lane.onAnswer(null);
      endRetirement();
      drain();
    }
  }

  private void endRetirement() {
    PublishLane unused = successor;
    if (unused != null) {
      link.discard(unused.channel());
    }
    successor = null;
    retiring = null;
    leaving = false;
    while (!heldBack.isEmpty()) {
      waiting.addFirst(heldBack.removeLast());
    }
  }

  private void retire() {
    PublishLane lane = retiring;
    if (lane == null || leaving || !isAnswered.getAsBoolean()) {
      return;
    }
    log.info(
        "RabbitMQ has taken nothing for some queue for {}: another channel asks it",
        RabbitErrors.seconds(silence));
    leaving = true;
    lane.onAnswer(null);
    PublishLane next = successor;
    if (next != null) {
      use(next);
      successor = null;
      lane.endSilent(silence);
      endRetirement();
      drain();
    }
    leave(lane);
  }

  /**
   * Ends a channel once it answers to something, for to end one that does not costs the connection.
   */
  private void leave(PublishLane lane) {
    left.add(lane);
    begin(silence);
    try {
      var unused = lane.ask().whenComplete((answer, error) -> mailbox.tell(() -> end(lane)));
    } catch (IOException | RuntimeException e) {
      log.debug("The channel that was to be replaced is closed already", e);
    }
    busy = false;
  }

  /** Without a successor, another one can be opened once it has ended. */
  private void end(PublishLane lane) {
    boolean replaced = lanes.get(lane.exchange()) != lane;
    if (replaced || (retiring == lane && leaving)) {
      lane.endSilent(silence);
      link.discard(lane.channel());
    }
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

  private void drain() {
    for (int i = 0; ready(); i++) {
      PendingSend next = i < AT_ONCE ? waiting.poll() : null;
      if (next == null) {
        break;
      }
      if (retiring != null && retiring.exchange().equals(next.target().exchange())) {
        heldBack.add(next);
      } else {
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
      begin(silence);
      try {
        link.flush();
      } catch (IOException | RuntimeException e) {
        log.debug("Publishing failed half-way; the connection is given up", e);
        giveUp(current);
      }
    }
    busy = false;
    unflushed = false;
  }

  private boolean ready() {
    Connection current = connection;
    return current != null && current.isOpen() && current != blocked.get() && !closed;
  }

  private void publish(PendingSend send) {
    Connection current = connection;
    if (current == null || tooLarge(send, current)) {
      return;
    }
    PublishLane lane;
    try {
      lane = lane(current, send.target().exchange());
    } catch (Channels.NoneLeft e) { // the next connection would have no more
      send.fail(SendException.rejected(ErrorCode.BROKER_ERROR, String.valueOf(e.getMessage()), e));
      return;
    } catch (IOException | RuntimeException e) {
      waiting.addFirst(send);
      if (current == blocked.get()) {
        log.debug("No publishing channel can be opened until RabbitMQ lets publishing go on", e);
      } else {
        log.debug("No publishing channel can be opened; the connection is given up", e);
        giveUp(current);
      }
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
    begin(silence);
    try {
      lane.write(send, body, more);
      unflushed = more;
    } catch (AlreadyClosedException e) {
      lanes.remove(lane.exchange(), lane);
      if (send.unwritten()) {
        waiting.addFirst(send);
      } else {
        send.leaveOnce();
      }
    } catch (IOException | RuntimeException e) {
      log.debug("Publishing failed half-way; the connection is given up", e);
      giveUp(current);
    }
    busy = false;
  }

  private void giveUp(Connection current) {
    connection = null;
    link.discard(current);
  }

  private static boolean tooLarge(PendingSend send, Connection current) {
    int limit = current.getFrameMax();
    if (limit > 0 && !send.fits(limit)) {
      send.fail(MessageWriter.headersTooLarge(send.frameSize(), limit));
      return true;
    }
    return false;
  }

  private PublishLane lane(Connection current, String exchange) throws IOException {
    PublishLane known = lanes.get(exchange);
    if (known != null && known.channel().isOpen()) {
      return known;
    }
    PublishLane made = open(current, exchange);
    use(made);
    return made;
  }

  private PublishLane open(Connection current, String exchange) throws IOException {
    begin(opening);
    try {
      return PublishLane.open(current, exchange, this::renewIfRefused);
    } finally {
      busy = false;
    }
  }

  private void use(PublishLane made) {
    lanes.put(made.exchange(), made);
    made.channel().addShutdownListener(signal -> mailbox.tell(() -> laneClosed(made, signal)));
  }

  private void laneClosed(PublishLane lane, ShutdownSignalException signal) {
    lanes.remove(lane.exchange(), lane);
    if (retiring == lane) {
      endRetirement();
    }
    lane.closed(signal);
    drain();
  }
}
