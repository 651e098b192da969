package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The channels that are published by: how one begins, how another takes its place while what it
 * took is answered, and how it ends. Of the mailbox's thread, unless a method says otherwise.
 */
final class PublishLanes {
  /** What a lane's other queues are waited for when it is to be replaced for one of them. */
  private static final Duration RETIRE_LIMIT = Duration.ofSeconds(2);

  /**
   * So many channels that do not answer may be left behind until their connection ends: each keeps
   * a process of the broker.
   */
  static final int MOST_LEFT = 8;

  private static final Logger log = LoggerFactory.getLogger(PublishLanes.class);

  /**
   * How long the broker is waited for.
   *
   * @param silence how long a queue's messages may go without an answer, or without a confirm
   * @param opening how long the opening of a channel may take
   */
  record Limits(Duration silence, Duration opening) {}

  private final PublishLoop loop;
  private final RabbitLink link;
  private final Mailbox mailbox;
  private final WriteClock clock;
  private final Duration silence;
  private final Duration opening;

  private final LaneTable lanes;
  private @Nullable Retirement retirement;

  /** Those that were asked whether they answer to something. */
  private final Set<PublishLane> left = new HashSet<>();

  /** A lane that takes nothing more and is closed once all that it took is answered. */
  private final class Retirement {
    private final PublishLane lane;

    /** Whether it is one that is silent, else one that refuses. */
    private final boolean silent;

    /** What takes its place; null if that can be opened only once it has ended. */
    private final @Nullable PublishLane successor;

    /** Whether nothing more is waited for, and it is to end. */
    private boolean leaving;

    /** What waits for another lane in its place. */
    private final Deque<PendingSend> heldBack = new ArrayDeque<>();

    Retirement(PublishLane lane, boolean silent, @Nullable PublishLane successor) {
      this.lane = lane;
      this.silent = silent;
      this.successor = successor;
    }

    /** Whether it has nothing more that is waited for. From any thread. */
    boolean isAnswered() {
      return silent ? lane.isOnlySilent(silence) : lane.isEmpty();
    }
  }

  PublishLanes(
      PublishLoop loop, RabbitLink link, Mailbox mailbox, WriteClock clock, Limits limits) {
    this.loop = loop;
    this.link = link;
    this.mailbox = mailbox;
    this.clock = clock;
    this.silence = limits.silence();
    this.opening = limits.opening();
    this.lanes = new LaneTable(silence);
  }

  /** What a message goes by, opened if there is none. Blocks for two answers of the broker. */
  PublishLane lane(Connection current, PendingSend.Target target) throws IOException {
    PublishLane known = lanes.known(target);
    if (known != null && known.channel().isOpen()) {
      return known;
    }
    PublishLane its = lanes.choose(target, current.getChannelMax()).orElse(null);
    if (its == null) {
      try {
        its = use(open(current, target.exchange()));
      } catch (Channels.NoneLeft e) {
        its = lanes.leastUsed(target).orElseThrow(() -> e);
      }
    }
    lanes.assign(target, its);
    return its;
  }

  /** A lane that takes nothing more. */
  void remove(PublishLane lane) {
    lanes.remove(lane);
  }

  /** There was an answer to a message in time. From any thread. */
  void trust(PendingSend.Target target) {
    lanes.trust(target);
  }

  /** Keeps a message back whose lane is being replaced; returns whether it is one. */
  boolean holdsBack(PendingSend send) {
    Retirement current = retirement;
    if (current == null || !lanes.isHeldBack(send.target())) {
      return false;
    }
    current.heldBack.add(send);
    return true;
  }

  /** Whether messages have gone to some queue for long, and none was answered. From any thread. */
  boolean isOneSilent() {
    return lanes.isOneSilent();
  }

  /** Whether messages have gone there for long, and none was answered. From any thread. */
  boolean isSilent(PendingSend.Target target) {
    return lanes.isSilent(target);
  }

  /**
   * Replaces a channel. What is under way on it is answered first, so that nothing becomes unknown
   * and no key overtakes itself. If that takes long the channel stays, and it is tried again later.
   *
   * @param silent whether it is one that is silent, and what goes to silent queues is not waited
   *     for; else it is one that refuses
   */
  void renew(boolean silent) {
    left.removeIf(lane -> !lane.channel().isOpen());
    if (silent) {
      lanes.doubtSilent();
    }
    if (retirement == null && (!silent || left.size() < MOST_LEFT)) {
      lanes
          .find(
              lane ->
                  lane.mayRetire(silent)
                      && (silent
                          ? lane.isSilentFor(silence) || lane.isFullOfForgotten(silence)
                          : lane.isRefusedFor(silence)))
          .ifPresent(lane -> begin(lane, silent));
    }
  }

  /**
   * Lets a channel go that some queue has refused everything by. The queue may be full; but a
   * channel is also told only once that a quorum queue takes messages again, and where that got
   * lost with the queue's leader it refuses them for as long as it lives.
   */
  private void renewIfRefused() {
    mailbox.tell(() -> renew(false));
  }

  private void begin(PublishLane lane, boolean silent) {
    Connection current = loop.connection();
    if (current == null) {
      return;
    }
    PublishLane successor = null;
    if (silent) {
      try {
        successor = open(current, lane.exchange());
      } catch (Channels.NoneLeft e) {
        log.debug("The silent channel has to end before another one can be opened", e);
      } catch (IOException | RuntimeException e) {
        opensNone(current);
        return;
      }
    }
    Retirement begun = new Retirement(lane, silent, successor);
    retirement = begun;
    lanes.retiring(lane);
    lane.onAnswer(
        () -> {
          if (begun.isAnswered()) {
            mailbox.tell(() -> retire(begun));
          }
        });
    Runnable unused = mailbox.tellLater(RETIRE_LIMIT.toMillis(), () -> stay(begun));
    retire(begun);
  }

  private void opensNone(Connection current) {
    if (!loop.isBlocked(current)) {
      log.warn(
          "RabbitMQ has answered to nothing for some queue for {}, and opens no other channel: the connection is made anew",
          RabbitErrors.seconds(silence));
      loop.giveUp(current);
    }
  }

  private void stay(Retirement of) {
    if (retirement == of && of.lane.channel().isOpen()) { // else its end is near
      of.lane.retireNotBefore(System.nanoTime() + silence.toNanos(), of.silent);
      of.lane.onAnswer(null);
      if (of.successor != null) {
        link.discard(of.successor.channel());
      }
      end(of);
      loop.drain();
    }
  }

  private void end(Retirement of) {
    retirement = null;
    lanes.retiring(null);
    loop.takeBack(of.heldBack);
  }

  private void retire(Retirement of) {
    if (retirement != of || of.leaving || !of.isAnswered()) {
      return;
    }
    log.info(
        "RabbitMQ has taken nothing for some queue for {}: another channel asks it",
        RabbitErrors.seconds(silence));
    of.leaving = true;
    of.lane.onAnswer(null);
    if (of.successor != null) {
      lanes.replace(of.lane, use(of.successor));
      of.lane.endSilent(silence);
      end(of);
      loop.drain();
    }
    leave(of.lane);
  }

  /**
   * Ends a channel once it answers to something, for to end one that does not costs the connection.
   */
  private void leave(PublishLane lane) {
    left.add(lane);
    clock.begin(silence);
    try {
      var unused = lane.ask().whenComplete((answer, error) -> mailbox.tell(() -> end(lane)));
    } catch (IOException | RuntimeException e) {
      log.debug("The channel that was to be replaced is closed already", e);
    }
    clock.end();
  }

  /** Without a successor, another one can be opened once it has ended. */
  private void end(PublishLane lane) {
    Retirement current = retirement;
    if (!lanes.contains(lane) || (current != null && current.lane == lane && current.leaving)) {
      lane.endSilent(silence);
      link.discard(lane.channel());
    }
  }

  private PublishLane open(Connection current, String exchange) throws IOException {
    clock.begin(opening);
    try {
      return PublishLane.open(current, exchange, this::renewIfRefused);
    } finally {
      clock.end();
    }
  }

  private PublishLane use(PublishLane made) {
    made.channel().addShutdownListener(signal -> mailbox.tell(() -> closed(made, signal)));
    return made;
  }

  private void closed(PublishLane lane, ShutdownSignalException signal) {
    lanes.remove(lane);
    Retirement current = retirement;
    if (current != null && current.lane == lane) {
      if (current.successor != null) {
        link.discard(current.successor.channel());
      }
      end(current);
    }
    lane.closed(signal);
    loop.drain();
  }
}
