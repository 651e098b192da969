package dev.waybill.delivery;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * A store within this JVM, of a bounded size: for tests, and for applications of one instance that
 * may handle a message again after a restart. All that it remembers ends with the process.
 *
 * <p>Thread-safe; never blocks for longer than a look into a map.
 */
public final class InMemoryMessageStore implements ProcessedMessageStore {
  private record Key(String source, String messageId) {}

  /** A claim, or a mark without a token. */
  private record Entry(String token, Instant until) {}

  private final Clock clock;
  private final Duration lease;
  private final Duration retention;
  private final int capacity;
  private final Map<Key, Entry> claims = new LinkedHashMap<>();

  /** In the order in which they were completed, which is that of their ends. */
  private final Map<Key, Instant> completed = new LinkedHashMap<>();

  private long forgottenEarly;

  private InMemoryMessageStore(Builder builder) {
    this.clock = builder.clock;
    this.lease = builder.lease;
    this.retention = builder.retention;
    this.capacity = builder.capacity;
  }

  /** A store with the defaults of {@link Builder}. */
  public static InMemoryMessageStore create() {
    return builder().build();
  }

  /** A store of other measures. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public synchronized Answer claim(String source, String messageId) {
    Key key = new Key(source, messageId);
    Instant now = clock.instant();
    forget(now);
    if (completed.containsKey(key)) {
      return new Processed();
    }
    Entry held = claims.get(key);
    if (held != null && now.isBefore(held.until())) {
      return new Held(Duration.between(now, held.until()));
    }
    Claim claim = new Claim(source, messageId, UUID.randomUUID().toString());
    claims.put(key, new Entry(claim.token(), now.plus(lease)));
    return claim;
  }

  /** An expired claim is held until somebody else takes it. */
  @Override
  public synchronized boolean renew(Claim claim) {
    boolean held = isHeld(claim);
    if (held) {
      claims.put(key(claim), new Entry(claim.token(), clock.instant().plus(lease)));
    }
    return held;
  }

  @Override
  public synchronized boolean complete(Claim claim) {
    if (!isHeld(claim)) {
      return false;
    }
    claims.remove(key(claim));
    completed.put(key(claim), clock.instant().plus(retention));
    if (completed.size() > capacity) {
      removeEldest(completed.keySet().iterator());
      forgottenEarly++;
    }
    return true;
  }

  @Override
  public synchronized void release(Claim claim) {
    if (isHeld(claim)) {
      claims.remove(key(claim));
    }
  }

  @Override
  public Duration lease() {
    return lease;
  }

  @Override
  public Duration retention() {
    return retention;
  }

  /**
   * How many messages were forgotten before their time, because there were more than the capacity.
   * More than none: a late duplicate would be handled again; give a larger capacity.
   */
  public synchronized long forgottenEarly() {
    return forgottenEarly;
  }

  /** How many handled messages are remembered. */
  public synchronized int size() {
    forget(clock.instant());
    return completed.size();
  }

  private boolean isHeld(Claim claim) {
    Entry entry = claims.get(key(claim));
    return entry != null && entry.token().equals(claim.token());
  }

  private static Key key(Claim claim) {
    return new Key(claim.source(), claim.messageId());
  }

  private void forget(Instant now) {
    Iterator<Instant> ends = completed.values().iterator();
    while (ends.hasNext() && !now.isBefore(ends.next())) {
      ends.remove();
    }
    if (claims.size() > capacity) { // of handlings that ended without a word
      claims.values().removeIf(claim -> !now.isBefore(claim.until()));
    }
  }

  private static void removeEldest(Iterator<Key> keys) {
    keys.next();
    keys.remove();
  }

  /**
   * The measures of a store. Not thread-safe.
   *
   * <p>Defaults: 1,000,000 messages, claims of 30 s, a retention of 14 days, the system's clock.
   */
  public static final class Builder {
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private int capacity = 1_000_000;
    private Duration lease = Duration.ofSeconds(30);
    private Duration retention = Duration.ofDays(14);
    private Clock clock = Clock.systemUTC();

    private Builder() {}

    /**
     * How many handled messages are remembered at most; when there are more, the eldest are
     * forgotten before their time.
     */
    public Builder capacity(int messages) {
      if (messages < 1) {
        throw new IllegalArgumentException("capacity(%d): give at least 1.".formatted(messages));
      }
      this.capacity = messages;
      return this;
    }

    /** How long a claim is held without renewal; positive, and at most 36,500 days. */
    public Builder lease(Duration lease) {
      this.lease = positive("lease", lease);
      return this;
    }

    /** How long a handled message is remembered; positive, and at most 36,500 days. */
    public Builder retention(Duration retention) {
      this.retention = positive("retention", retention);
      return this;
    }

    /** The clock that leases and retention are measured by; for tests. */
    public Builder clock(Clock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /** The store. */
    public InMemoryMessageStore build() {
      return new InMemoryMessageStore(this);
    }

    private static Duration positive(String option, Duration duration) {
      if (duration.isZero() || duration.isNegative()) {
        throw new IllegalArgumentException(
            "%s(%s): give a positive time.".formatted(option, duration));
      }
      if (duration.compareTo(LONGEST) > 0) { // no clock could count to its end
        throw new IllegalArgumentException(
            "%s(%s): give at most %d days.".formatted(option, duration, LONGEST.toDays()));
      }
      return duration;
    }
  }
}
