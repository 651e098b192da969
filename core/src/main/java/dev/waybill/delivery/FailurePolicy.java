package dev.waybill.delivery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a message whose handler has thrown: some retries at once, some after waits, then
 * an end; and per exception class another verdict.
 *
 * <pre>{@code
 * FailurePolicy.retry(3)                                   // up to 3 more attempts at once
 *     .thenAfter(Duration.ofSeconds(10), Duration.ofMinutes(1))   // then one after each of these waits
 *     .jitter(0.2)                                         // each wait up to 20 % longer
 *     .deadLetterOn(IllegalArgumentException.class)        // hopeless: no retry
 *     .discardOn(StaleOrder.class)
 *     .thenDeadLetter();                                   // the end
 * }</pre>
 *
 * <p>An exception is matched by the class itself and its superclasses, the closest one named wins;
 * if none is named, then by its causes in turn; else it is retried. While a message waits, the
 * later messages of its key wait too, and no others. {@link #toString()} says the policy in words,
 * as {@code bus.describe()} prints it.
 *
 * <p>Immutable: each method returns a new policy. Thread-safe.
 */
public final class FailurePolicy {
  /** Far from what nanoseconds can count, with all jitter. */
  private static final Duration LONGEST_WAIT = Duration.ofDays(36_500);

  private static final int MOST_RETRIES = 1_000_000;

  /** Each wait is kept. */
  private static final int MOST_WAITS = 10_000;

  /** What to do with a failed message. */
  public enum Verdict {
    /** Try again, as often as the policy allows. */
    RETRY,
    /** To the dead-letter queue, with its evidence. */
    DEAD_LETTER,
    /** Drop it, with a warning in the log. */
    DISCARD
  }

  /**
   * The policy's answer to one failure.
   *
   * @param verdict what to do
   * @param after for {@link Verdict#RETRY}: how long to wait first, zero for at once; else zero
   */
  public record Decision(Verdict verdict, Duration after) {}

  private static final FailurePolicy STANDARD =
      retry(2)
          .thenAfter(Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofMinutes(2))
          .jitter(0.2)
          .thenDeadLetter();

  private final int immediateRetries;
  private final List<Duration> waits;
  private final double jitter;
  private final Verdict end;
  private final Map<Class<? extends Throwable>, Verdict> verdicts;

  private FailurePolicy(
      int immediateRetries,
      List<Duration> waits,
      double jitter,
      Verdict end,
      Map<Class<? extends Throwable>, Verdict> verdicts) {
    this.immediateRetries = immediateRetries;
    this.waits = List.copyOf(waits);
    this.jitter = jitter;
    this.end = end;
    this.verdicts = verdicts;
  }

  /**
   * The default: 3 attempts at once, then after 5 s, 30 s and 2 min (each up to 20 % longer), then
   * dead letter. It rides out a short disturbance and a restart of a dependency, and ends within
   * three minutes.
   */
  public static FailurePolicy standard() {
    return STANDARD;
  }

  /**
   * A policy with {@code retries} further attempts at once after the first has failed, then dead
   * letter.
   *
   * @throws IllegalArgumentException if {@code retries} is negative
   */
  public static FailurePolicy retry(int retries) {
    if (retries < 0 || retries > MOST_RETRIES) {
      throw new IllegalArgumentException(
          "retry(%d): give 0 to %d retries".formatted(retries, MOST_RETRIES));
    }
    return new FailurePolicy(retries, List.of(), 0, Verdict.DEAD_LETTER, Map.of());
  }

  /** A policy without retries: dead letter at the first failure. */
  public static FailurePolicy noRetry() {
    return retry(0);
  }

  /**
   * Adds one attempt after each of {@code waits}, in turn.
   *
   * @throws IllegalArgumentException if a wait is not positive or longer than 36,500 days, or if
   *     there are more than 10,000 in all
   */
  public FailurePolicy thenAfter(Duration... waits) {
    List<Duration> all = new ArrayList<>(this.waits);
    for (Duration wait : waits) {
      if (wait.isZero() || wait.isNegative()) {
        throw new IllegalArgumentException(
            "thenAfter(" + wait + "): give a positive wait; for attempts at once use retry(n)");
      }
      if (wait.compareTo(LONGEST_WAIT) > 0) {
        throw new IllegalArgumentException(
            "thenAfter(%s): give a wait of at most %d days".formatted(wait, LONGEST_WAIT.toDays()));
      }
      all.add(wait);
    }
    if (all.size() > MOST_WAITS) {
      throw new IllegalArgumentException(
          "%d waits: give at most %d".formatted(all.size(), MOST_WAITS));
    }
    return new FailurePolicy(immediateRetries, all, jitter, end, verdicts);
  }

  /**
   * Adds {@code times} attempts with waits that grow from {@code first} by {@code factor}, none
   * longer than {@code longest}.
   *
   * @throws IllegalArgumentException if {@code first} is not positive, {@code factor} below 1,
   *     {@code longest} shorter than {@code first} or longer than 36,500 days, or {@code times} not
   *     from 1 to 10,000
   */
  public FailurePolicy thenBackoff(Duration first, double factor, Duration longest, int times) {
    if (first.isZero()
        || first.isNegative()
        || !(factor >= 1)
        || longest.compareTo(first) < 0
        || longest.compareTo(LONGEST_WAIT) > 0
        || times < 1
        || times > MOST_WAITS) {
      throw new IllegalArgumentException(
          "thenBackoff(%s, %s, %s, %d): give a positive first wait, a factor of at least 1, a longest wait from the first to %d days, and 1 to %d times"
              .formatted(first, factor, longest, times, LONGEST_WAIT.toDays(), MOST_WAITS));
    }
    Duration[] grown = new Duration[times];
    double nanos = (double) first.toNanos();
    double most = (double) longest.toNanos();
    for (int i = 0; i < times; i++) {
      grown[i] = Duration.ofNanos((long) nanos);
      nanos = Math.min(nanos * factor, most);
    }
    return thenAfter(grown);
  }

  /**
   * Makes each wait longer by a random share of itself, so that messages that failed together do
   * not come back together. Never shorter: a wait is a promise.
   *
   * @param share the largest share, from 0 to 1
   * @throws IllegalArgumentException if it is outside
   */
  public FailurePolicy jitter(double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("jitter(" + share + "): give a share from 0 to 1");
    }
    return new FailurePolicy(immediateRetries, waits, share, end, verdicts);
  }

  /** Retries these exceptions; for a subclass of one that has another verdict. */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is read only
  public final FailurePolicy retryOn(Class<? extends Throwable>... types) {
    return with(Verdict.RETRY, List.of(types));
  }

  /** Dead-letters these exceptions without a retry. */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is read only
  public final FailurePolicy deadLetterOn(Class<? extends Throwable>... types) {
    return with(Verdict.DEAD_LETTER, List.of(types));
  }

  /** Discards messages that failed with these exceptions, without a retry. */
  @SafeVarargs
  @SuppressWarnings("varargs") // the array is read only
  public final FailurePolicy discardOn(Class<? extends Throwable>... types) {
    return with(Verdict.DISCARD, List.of(types));
  }

  /** Ends in the dead-letter queue when all attempts have failed; the default. */
  public FailurePolicy thenDeadLetter() {
    return new FailurePolicy(immediateRetries, waits, jitter, Verdict.DEAD_LETTER, verdicts);
  }

  /** Ends by discarding the message when all attempts have failed. */
  public FailurePolicy thenDiscard() {
    return new FailurePolicy(immediateRetries, waits, jitter, Verdict.DISCARD, verdicts);
  }

  /**
   * Decides over one failure.
   *
   * @param failure what the handler threw
   * @param attempt which attempt failed, from 1
   */
  public Decision decide(Throwable failure, int attempt) {
    Verdict verdict = verdictOn(failure);
    if (verdict != Verdict.RETRY) {
      return new Decision(verdict, Duration.ZERO);
    }
    if (attempt <= immediateRetries) {
      return new Decision(Verdict.RETRY, Duration.ZERO);
    }
    int wait = attempt - immediateRetries - 1;
    return wait < waits.size()
        ? new Decision(Verdict.RETRY, withJitter(waits.get(wait)))
        : new Decision(end, Duration.ZERO);
  }

  /** How many attempts a message gets at the most. */
  public int attempts() {
    return 1 + immediateRetries + waits.size();
  }

  /** The longest wait the policy may ask for, jitter included; zero if it never waits. */
  public Duration longestWait() {
    Duration longest = Duration.ZERO;
    for (Duration wait : waits) {
      longest = wait.compareTo(longest) > 0 ? wait : longest;
    }
    return longest.plusNanos((long) (longest.toNanos() * jitter));
  }

  /** The policy in words. */
  @Override
  public String toString() {
    int atOnce = immediateRetries + 1;
    StringBuilder text =
        new StringBuilder().append(atOnce).append(atOnce == 1 ? " attempt" : " attempts at once");
    if (!waits.isEmpty()) {
      text.append(", then after ");
      for (int i = 0; i < waits.size(); i++) {
        text.append(i == 0 ? "" : ", ").append(inWords(waits.get(i)));
      }
    }
    if (jitter > 0 && !waits.isEmpty()) {
      text.append(" (each up to ").append(Math.round(jitter * 100)).append(" % longer)");
    }
    text.append(", then ").append(inWords(end));
    verdicts.forEach(
        (type, verdict) ->
            text.append("; ").append(type.getSimpleName()).append(": ").append(inWords(verdict)));
    return text.toString();
  }

  private FailurePolicy with(Verdict verdict, List<Class<? extends Throwable>> types) {
    Map<Class<? extends Throwable>, Verdict> all = new LinkedHashMap<>(verdicts);
    for (Class<? extends Throwable> type : types) {
      Verdict other = all.putIfAbsent(Objects.requireNonNull(type, "type"), verdict);
      if (other != null && other != verdict) {
        throw new IllegalArgumentException(
            "%s has the verdict %s already; it can't also be %s"
                .formatted(type.getName(), inWords(other), inWords(verdict)));
      }
    }
    return new FailurePolicy(immediateRetries, waits, jitter, end, all);
  }

  private Verdict verdictOn(Throwable failure) {
    Throwable link = failure;
    for (int depth = 0; link != null && depth < 32; depth++, link = link.getCause()) {
      Verdict named = closest(link.getClass());
      if (named != null) {
        return named;
      }
    }
    return Verdict.RETRY;
  }

  private @Nullable Verdict closest(Class<?> type) {
    for (Class<?> candidate = type; candidate != null; candidate = candidate.getSuperclass()) {
      Verdict verdict = verdicts.get(candidate);
      if (verdict != null) {
        return verdict;
      }
    }
    return null;
  }

  private Duration withJitter(Duration wait) {
    return jitter == 0
        ? wait
        : wait.plusNanos(
            (long) (wait.toNanos() * jitter * ThreadLocalRandom.current().nextDouble()));
  }

  private static String inWords(Verdict verdict) {
    return switch (verdict) {
      case RETRY -> "retry";
      case DEAD_LETTER -> "dead letter";
      case DISCARD -> "discard";
    };
  }

  private static String inWords(Duration duration) {
    return duration.toString().substring(2).toLowerCase(java.util.Locale.ROOT);
  }
}
