package dev.waybill.transport;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a transport does with each semantic of the contract (native, emulated or refused), and its
 * limits. A start-up check holds it against what routes and consumers ask for; nothing is ignored
 * silently.
 *
 * <p>Built with {@link #builder()}, which insists on an answer for every {@link Feature}.
 * Immutable.
 */
public final class Capabilities {
  /** A semantic that brokers differ in. */
  public enum Feature {
    /** Every subscription of a topic gets a copy. */
    PUBLISH_SUBSCRIBE,
    /** One at a time per key, in sending order, also over redelivery and several instances. */
    ORDER_PER_KEY,
    /**
     * Attempts are counted over redeliveries. Native: whoever gets the message next goes on
     * counting, for the count is kept by the broker, or by the transport on it; emulated: by the
     * library, within one process.
     */
    ATTEMPTS,
    /**
     * Once {@link Settlement.Accept} is settled the message is never delivered again, whatever
     * breaks: the broker itself has the acceptance when the stage completes. What at-most-once
     * needs; at-least-once does not.
     */
    AT_MOST_ONCE,
    /**
     * A failed message waits before its next attempt. Native up to a limit: {@link
     * Settlement.Release} with a duration, after which the message has no open delivery. The key
     * waits too: once such a release is completed nothing of the key arrives before the message
     * itself, and what the library gives back then, because it stood behind, comes after it.
     * Emulated up to a limit: the library waits with the delivery open, unless that would be open
     * for longer than {@link Capabilities#longestOpen}: then it releases the message as if this
     * were native, if the limit is beyond that.
     */
    RETRY_AFTER,
    /** A message is sent now and delivered later. */
    DELAY,
    /** A message that is too old is not handled. Emulated: the library looks before handling. */
    EXPIRY,
    /**
     * A rejected message goes to the dead-letter queue. Native: moved by the broker; emulated:
     * published by us.
     */
    DEAD_LETTER,
    /** A message that was sent with a delay can be taken back before it is delivered. */
    CANCEL,
    /** Several sends are stored together or not at all: {@link Sender#sendTogether}. */
    ATOMIC_SEND,
    /**
     * Messages are stored, and the delivery that led to them is settled, together or not at all:
     * {@link Delivery#settleTogether}; asked of the channel that is received from. What
     * exactly-once needs.
     */
    ATOMIC_SETTLEMENT,
    /** An instance has a {@link dev.waybill.routing.ReplyQueue} of its own. */
    REQUEST_REPLY,
    /** A message to a channel nobody is bound to is an error for its sender. */
    MANDATORY,
    /** {@link Topology.Mode#CREATE}. */
    CREATE_TOPOLOGY,
    /** {@link Topology.Mode#VERIFY}. */
    VERIFY_TOPOLOGY
  }

  /** How a feature is supported. */
  public enum Level {
    /** The broker does it. */
    NATIVE,
    /** Waybill does it, to the same effect. */
    EMULATED,
    /** Not to be had; asking for it is an error at start, or of the send. */
    REFUSED
  }

  /**
   * How one feature is supported.
   *
   * @param level native, emulated or refused
   * @param limit the longest duration served, or null if any; for features that are about time
   * @param note for native and emulated: by what means; for refused: the reason and the remedy
   */
  public record Support(Level level, @Nullable Duration limit, String note) {
    /** Whether the feature serves a duration: it is not refused, and the limit is not exceeded. */
    public boolean serves(Duration duration) {
      return level != Level.REFUSED && (limit == null || duration.compareTo(limit) <= 0);
    }
  }

  private final Map<Feature, Support> features;
  private final long maxBodyBytes;
  private final int maxHeaders;
  private final long maxHeaderBytes;
  private final int maxUnsettled;
  private final @Nullable Duration leaseDuration;
  private final @Nullable Duration longestOpen;

  private Capabilities(Builder builder) {
    EnumMap<Feature, Support> all = new EnumMap<>(builder.features);
    for (Feature feature : Feature.values()) {
      if (!all.containsKey(feature)) {
        throw new IllegalStateException("A transport must say how it supports " + feature);
      }
    }
    this.features = all;
    this.maxBodyBytes = builder.maxBodyBytes;
    this.maxHeaders = builder.maxHeaders;
    this.maxHeaderBytes = builder.maxHeaderBytes;
    this.maxUnsettled = builder.maxUnsettled;
    this.leaseDuration = builder.leaseDuration;
    this.longestOpen = builder.longestOpen;
  }

  /** A builder with nothing supported and no limits. */
  public static Builder builder() {
    return new Builder();
  }

  /** How {@code feature} is supported. */
  public Support support(Feature feature) {
    Support support = features.get(feature);
    if (support == null) {
      throw new IllegalStateException("no answer for " + feature);
    }
    return support;
  }

  /** The longest body in bytes. */
  public long maxBodyBytes() {
    return maxBodyBytes;
  }

  /** The largest number of attributes and headers together. */
  public int maxHeaders() {
    return maxHeaders;
  }

  /** The largest sum of the UTF-8 lengths of attribute and header names and values. */
  public long maxHeaderBytes() {
    return maxHeaderBytes;
  }

  /** The largest number of deliveries that one receiver may have open. */
  public int maxUnsettled() {
    return maxUnsettled;
  }

  /**
   * How long a delivery is ours without {@link Delivery#renewLease}; null if until it is settled or
   * the connection is lost. The library renews at a third of it.
   */
  public @Nullable Duration leaseDuration() {
    return leaseDuration;
  }

  /**
   * How long a delivery may stay open, whatever is done about it; null if there is no limit. The
   * library waits for no retry beyond it, counted from when the delivery came. Where {@link
   * Feature#RETRY_AFTER} serves longer waits, it releases the message for the time it has to wait.
   * Elsewhere it waits to that end, releases the message to come again at once, with those behind
   * it of its key, and waits on when it has: in this process, so that another instance that gets it
   * does not wait.
   */
  public @Nullable Duration longestOpen() {
    return longestOpen;
  }

  /** Collects the answers; not thread-safe. */
  public static final class Builder {
    private final Map<Feature, Support> features = new EnumMap<>(Feature.class);
    private long maxBodyBytes = Long.MAX_VALUE;
    private int maxHeaders = Integer.MAX_VALUE;
    private long maxHeaderBytes = Long.MAX_VALUE;
    private int maxUnsettled = Integer.MAX_VALUE;
    private @Nullable Duration leaseDuration;
    private @Nullable Duration longestOpen;

    private Builder() {}

    /** The broker does it, by the means {@code note} names. */
    public Builder natively(Feature feature, String note) {
      return set(feature, new Support(Level.NATIVE, null, note));
    }

    /** The broker does it for durations up to {@code limit}. */
    public Builder nativelyUpTo(Feature feature, Duration limit, String note) {
      return set(feature, new Support(Level.NATIVE, limit, note));
    }

    /** Waybill does it to the same effect, by the means {@code note} names. */
    public Builder emulated(Feature feature, String note) {
      return set(feature, new Support(Level.EMULATED, null, note));
    }

    /** Waybill does it for durations up to {@code limit}. */
    public Builder emulatedUpTo(Feature feature, Duration limit, String note) {
      return set(feature, new Support(Level.EMULATED, limit, note));
    }

    /** Not to be had; {@code reason} says why and what to do instead. */
    public Builder refused(Feature feature, String reason) {
      return set(feature, new Support(Level.REFUSED, null, reason));
    }

    /** The longest body in bytes; default: any. */
    public Builder maxBodyBytes(long bytes) {
      this.maxBodyBytes = bytes;
      return this;
    }

    /** The largest number of attributes and headers together; default: any. */
    public Builder maxHeaders(int count) {
      this.maxHeaders = count;
      return this;
    }

    /** The largest sum of attribute and header names and values in UTF-8; default: any. */
    public Builder maxHeaderBytes(long bytes) {
      this.maxHeaderBytes = bytes;
      return this;
    }

    /** The largest number of open deliveries of one receiver; default: any. */
    public Builder maxUnsettled(int deliveries) {
      this.maxUnsettled = deliveries;
      return this;
    }

    /** How long a delivery is ours without renewal; default: until settled. */
    public Builder leaseDuration(Duration duration) {
      this.leaseDuration = duration;
      return this;
    }

    /** How long a delivery may stay open; default: for any time. */
    public Builder longestOpen(Duration duration) {
      this.longestOpen = duration;
      return this;
    }

    /**
     * The capabilities.
     *
     * @throws IllegalStateException if a feature has no answer
     */
    public Capabilities build() {
      return new Capabilities(this);
    }

    private Builder set(Feature feature, Support support) {
      if (features.put(feature, support) != null) {
        throw new IllegalStateException(feature + " is answered twice");
      }
      return this;
    }
  }
}
