package dev.waybill.transport.rabbitmq;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which lane a message goes by. A quorum queue without a majority makes the broker's end of a
 * channel stand still, for a minute at each message, and all that is behind. So queues share a lane
 * only where more than a few are published to, and those that are known to be silent have one of
 * their own. Of one thread, unless a method says otherwise.
 */
final class LaneTable {
  /** Lanes to queues; of a broker that allows few channels, only a part. */
  private static final int MOST_TO_QUEUES = 16;

  private static final int PART_TO_QUEUES = 10;

  /** Of so many queues it is kept which lane they have; of more only while it matters. */
  private static final int MOST_KNOWN = 1_000;

  private final Duration silence;
  private final Set<PublishLane> lanes = ConcurrentHashMap.newKeySet();
  private final Map<String, PublishLane> ofExchange = new ConcurrentHashMap<>();

  /** A queue keeps its lane while something of it is under way. */
  private final Map<String, PublishLane> ofQueue = new ConcurrentHashMap<>();

  /** Queues that have held up a lane and answered nothing since, also on the next connection. */
  private final Set<String> silentQueues = ConcurrentHashMap.newKeySet();

  /** Theirs, if there is one. */
  private @Nullable PublishLane ofSilent;

  /** What takes nothing more, and has messages held back for. */
  private @Nullable PublishLane retiring;

  LaneTable(Duration silence) {
    this.silence = silence;
  }

  /** What takes nothing more for now, if some lane does. */
  void retiring(@Nullable PublishLane lane) {
    retiring = lane;
  }

  /** The lane of an exchange or queue, if it has one already; it may be closed. */
  @Nullable PublishLane known(PendingSend.Target target) {
    if (!isQueue(target)) {
      return ofExchange.get(target.exchange());
    }
    String queue = target.routingKey();
    PublishLane known = ofQueue.get(queue);
    if (known != null && known == ofSilent && !silentQueues.contains(queue) && mayMove(queue)) {
      ofQueue.remove(queue);
      return null;
    }
    return known;
  }

  /** Whether a message is one for the lane that takes nothing more. */
  boolean isHeldBack(PendingSend.Target target) {
    PublishLane lane = retiring;
    if (lane == null) {
      return false;
    }
    PublishLane known = known(target);
    if (known != null || !isQueue(target)) {
      return known == lane;
    }
    return isSilentQueue(target) ? lane == ofSilent : isShared(lane) && shared().isEmpty();
  }

  /**
   * A lane for what has none.
   *
   * @param channels how many the connection may have, 0 without a limit
   * @return empty if one has to be opened
   */
  Optional<PublishLane> choose(PendingSend.Target target, int channels) {
    if (!isQueue(target)) {
      return Optional.empty();
    }
    if (isSilentQueue(target)) {
      return Optional.ofNullable(ofSilent).filter(lane -> lane.channel().isOpen());
    }
    int most = channels == 0 ? MOST_TO_QUEUES : Math.max(channels / PART_TO_QUEUES, 1);
    return shared().size() < Math.min(most, MOST_TO_QUEUES) ? Optional.empty() : leastUsed(target);
  }

  /** A lane for what has none, and can have none of its own. */
  Optional<PublishLane> leastUsed(PendingSend.Target target) {
    return isQueue(target)
        ? shared().stream()
            .min(
                Comparator.comparing((PublishLane lane) -> lane.isSilentFor(silence))
                    .thenComparing(PublishLane::size))
        : Optional.empty();
  }

  /** From now on what goes there goes by this lane, a new one or a chosen one. */
  void assign(PendingSend.Target target, PublishLane lane) {
    boolean made = lanes.add(lane);
    if (!isQueue(target)) {
      ofExchange.put(target.exchange(), lane);
      return;
    }
    if (made && isSilentQueue(target)) {
      ofSilent = lane;
    }
    if (ofQueue.size() >= MOST_KNOWN) {
      ofQueue.keySet().removeIf(this::mayMove);
    }
    ofQueue.put(target.routingKey(), lane);
  }

  /** Has another lane in the place of one that was silent. */
  void replace(PublishLane old, PublishLane successor) {
    remove(old);
    lanes.add(successor);
    if (!old.exchange().isEmpty()) {
      ofExchange.put(old.exchange(), successor);
    } else if (ofSilent == null) {
      ofSilent = successor;
    }
  }

  void remove(PublishLane lane) {
    lanes.remove(lane);
    if (lane.exchange().isEmpty()) {
      ofQueue.values().removeIf(known -> known == lane);
    } else {
      ofExchange.remove(lane.exchange(), lane);
    }
    ofSilent = ofSilent == lane ? null : ofSilent;
  }

  boolean contains(PublishLane lane) {
    return lanes.contains(lane);
  }

  Optional<PublishLane> find(Predicate<PublishLane> wanted) {
    return lanes.stream().filter(wanted).findFirst();
  }

  /** Remembers which queues hold up their lanes. */
  void doubtSilent() {
    lanes.stream()
        .filter(lane -> lane.exchange().isEmpty())
        .forEach(lane -> lane.silentFirst(silence).ifPresent(silentQueues::add));
  }

  /** A queue is silent no more. From any thread. */
  void trust(PendingSend.Target target) {
    if (!silentQueues.isEmpty() && isQueue(target)) {
      silentQueues.remove(target.routingKey());
    }
  }

  /** Whether messages have gone to some queue for long, and none was answered. From any thread. */
  boolean isOneSilent() {
    return lanes.stream().anyMatch(lane -> lane.isSilentFor(silence));
  }

  /** Whether messages have gone there for long, and none was answered. From any thread. */
  boolean isSilent(PendingSend.Target target) {
    PublishLane lane =
        isQueue(target) ? ofQueue.get(target.routingKey()) : ofExchange.get(target.exchange());
    return lane != null && lane.isSilentFor(silence, target.routingKey());
  }

  /** Whether nothing of it is under way, or held back, that a message would overtake elsewhere. */
  private boolean mayMove(String queue) {
    PublishLane its = ofQueue.get(queue);
    return retiring == null && (its == null || !its.awaits(queue));
  }

  private boolean isSilentQueue(PendingSend.Target target) {
    return silentQueues.contains(target.routingKey());
  }

  private List<PublishLane> shared() {
    return lanes.stream()
        .filter(lane -> isShared(lane) && lane != retiring && lane.channel().isOpen())
        .toList();
  }

  private boolean isShared(PublishLane lane) {
    return lane.exchange().isEmpty() && lane != ofSilent;
  }

  private static boolean isQueue(PendingSend.Target target) {
    return target.exchange().isEmpty();
  }
}
