package dev.waybill.deadletter;

import dev.waybill.DeadLetter;
import dev.waybill.transport.support.Timestamps;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which dead letters are meant; all conditions hold. Immutable.
 *
 * @param ids message ids; any if empty
 * @param types type names; any if empty
 * @param reason a part of the reason, of the exception's class or of its message, in any case; null
 *     for any
 * @param from when it failed last, or later; null for any time
 * @param to before this; null for any time
 */
public record DeadLetterFilter(
    Set<String> ids,
    Set<String> types,
    @Nullable String reason,
    @Nullable Instant from,
    @Nullable Instant to)
    implements Predicate<DeadLetter> {
  /** Copies the sets. */
  public DeadLetterFilter {
    ids = Set.copyOf(ids);
    types = Set.copyOf(types);
  }

  /** Any dead letter. */
  public static DeadLetterFilter all() {
    return new DeadLetterFilter(Set.of(), Set.of(), null, null, null);
  }

  /** Those of one id. */
  public DeadLetterFilter id(String id) {
    return new DeadLetterFilter(Set.of(id), types, reason, from, to);
  }

  /** Those of one type. */
  public DeadLetterFilter type(String type) {
    return new DeadLetterFilter(ids, Set.of(type), reason, from, to);
  }

  /** Those whose reason, exception class or exception message has this in it. */
  public DeadLetterFilter reason(String part) {
    return new DeadLetterFilter(ids, types, part, from, to);
  }

  /** Those that failed last at this time or later. */
  public DeadLetterFilter from(Instant time) {
    return new DeadLetterFilter(ids, types, reason, time, to);
  }

  /** Those that failed last before this time. */
  public DeadLetterFilter to(Instant time) {
    return new DeadLetterFilter(ids, types, reason, from, time);
  }

  @Override
  public boolean test(DeadLetter letter) {
    return (ids.isEmpty() || ids.contains(letter.messageId()))
        && (types.isEmpty() || (letter.typeName() != null && types.contains(letter.typeName())))
        && (reason == null || hasReason(letter, reason.toLowerCase(Locale.ROOT)))
        && isInTime(letter);
  }

  private static boolean hasReason(DeadLetter letter, String part) {
    return has(letter.reason(), part)
        || has(letter.exceptionClass(), part)
        || has(letter.exceptionMessage(), part);
  }

  private static boolean has(@Nullable String text, String part) {
    return text != null && text.toLowerCase(Locale.ROOT).contains(part);
  }

  private boolean isInTime(DeadLetter letter) {
    if (from == null && to == null) {
      return true;
    }
    Instant time = timeOf(letter);
    return time != null
        && (from == null || !time.isBefore(from))
        && (to == null || time.isBefore(to));
  }

  /**
   * When a dead letter failed last; where it was never tried, when it was sent; null if neither is
   * known.
   */
  public static @Nullable Instant timeOf(DeadLetter letter) {
    if (letter.lastFailure() != null) {
      return letter.lastFailure();
    }
    String sent = letter.message().attributes().get("time");
    try {
      return sent == null ? null : Timestamps.parse(sent);
    } catch (DateTimeException e) {
      return null; // a foreign message's, which may be the very reason that it is here
    }
  }
}
