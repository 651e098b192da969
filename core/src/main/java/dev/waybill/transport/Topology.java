package dev.waybill.transport;

import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What must stand on the broker for one bus.
 *
 * @param channels every channel the bus may send to, and the topics of its subscriptions; without
 *     dead-letter queues
 * @param sources every queue and subscription the bus receives from; each needs its {@link
 *     Source#deadLetterQueue()}. A source that is itself a dead-letter queue is contained in {@code
 *     deadLetterQueues} instead.
 * @param deadLetterQueues the dead-letter queues of the sources, and those that the bus receives
 *     from
 * @param replies where the replies to this bus's requests arrive, or null if it makes none; neither
 *     among the channels nor the sources, without a dead-letter queue, and of this connection alone
 * @param ignored the type names that the consumer of a source ignores, by the source; those without
 *     any are left out. A broker may keep such messages back: the library accepts them unhandled.
 *     Types that nobody knows are not among them, and have to be delivered
 */
public record Topology(
    List<Channel> channels,
    List<Source> sources,
    List<Queue> deadLetterQueues,
    @Nullable ReplyQueue replies,
    Map<Source, Set<String>> ignored) {
  /** Copies the lists and the map. */
  public Topology {
    channels = List.copyOf(channels);
    sources = List.copyOf(sources);
    deadLetterQueues = List.copyOf(deadLetterQueues);
    ignored = Map.copyOf(ignored);
  }

  /** A topology whose consumers ignore nothing. */
  public Topology(
      List<Channel> channels,
      List<Source> sources,
      List<Queue> deadLetterQueues,
      @Nullable ReplyQueue replies) {
    this(channels, sources, deadLetterQueues, replies, Map.of());
  }

  /** A topology without a reply queue. */
  public Topology(List<Channel> channels, List<Source> sources, List<Queue> deadLetterQueues) {
    this(channels, sources, deadLetterQueues, null);
  }

  /** What a bus may do to make its topology stand. */
  public enum Mode {
    /** Make what is missing; idempotent; never change or delete what is there. The default. */
    CREATE,
    /** Look, and refuse to start if something is missing or differs. */
    VERIFY,
    /** No administrative call at all; for the least privilege. */
    ASSUME
  }
}
