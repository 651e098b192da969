package dev.waybill.internal;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * What is wrong with sending, for {@link dev.waybill.Health}: to which channels, and since when.
 * Thread-safe; saying that all is well costs a look at a field.
 */
final class SendTrouble {
  /** Failed sends that are no mistake of the caller's, and not about one message alone. */
  private static final Set<ErrorCode> OF_THE_BROKER =
      EnumSet.of(
          ErrorCode.CONNECTION_FAILED,
          ErrorCode.NOT_AUTHENTICATED,
          ErrorCode.NOT_AUTHORISED,
          ErrorCode.THROTTLED,
          ErrorCode.TIMEOUT,
          ErrorCode.BROKER_UNAVAILABLE,
          ErrorCode.BROKER_ERROR);

  /** Those that are the same for all channels: over as soon as anything is confirmed. */
  private static final Set<ErrorCode> OF_THE_CONNECTION =
      EnumSet.of(ErrorCode.CONNECTION_FAILED, ErrorCode.NOT_AUTHENTICATED);

  /** How long after the last of them sends that failed say something of the present. */
  private static final Duration TELLING = Duration.ofMinutes(1);

  /** How many channels are named. */
  private static final int NAMED = 3;

  /**
   * What is wrong with a channel.
   *
   * @param ofTheConnection whether nothing else has been wrong with it
   */
  private record Failing(
      Instant since, Instant last, ErrorCode code, String message, boolean ofTheConnection) {}

  private final Clock clock;
  private final Map<Channel, Failing> failing = new ConcurrentHashMap<>();

  SendTrouble(Clock clock) {
    this.clock = clock;
  }

  /** A send to the channels has failed. */
  void failed(Collection<Channel> channels, MessagingException failure) {
    if (OF_THE_BROKER.contains(failure.code())) {
      Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
      failing.values().removeIf(one -> isOver(one, now)); // there is no end of reply queues
      for (Channel channel : channels) {
        failing.compute(
            channel,
            (any, before) ->
                new Failing(
                    before == null ? now : before.since(),
                    now,
                    failure.code(),
                    String.valueOf(failure.getMessage()),
                    (before == null || before.ofTheConnection())
                        && OF_THE_CONNECTION.contains(failure.code())));
      }
    }
  }

  /** Whether there is something that a confirmed send may end. */
  boolean isAny() {
    return !failing.isEmpty();
  }

  /** A send to the channels was confirmed. */
  void confirmed(Collection<Channel> channels) {
    failing.keySet().removeAll(channels);
    Instant now = clock.instant();
    failing.values().removeIf(one -> one.ofTheConnection() || isOver(one, now));
  }

  /**
   * What is wrong, in a sentence. What failed a minute ago and was not tried again since says
   * nothing any more: what nobody tries can't show that it is over.
   */
  Optional<String> sentence() {
    Instant now = clock.instant();
    Map<Channel, Failing> present = new ConcurrentHashMap<>(failing);
    present.values().removeIf(one -> isOver(one, now));
    return present.values().stream()
        .max(Comparator.comparing(Failing::last))
        .map(
            last ->
                "Since %s sends to %s fail, the last one with %s: %s"
                    .formatted(
                        present.values().stream().map(Failing::since).min(Instant::compareTo).get(),
                        names(present),
                        last.code(),
                        last.message()));
  }

  private static boolean isOver(Failing one, Instant now) {
    return one.last().plus(TELLING).isBefore(now);
  }

  /** Those first that have failed for the longest time. */
  private static String names(Map<Channel, Failing> present) {
    String first =
        present.entrySet().stream()
            .sorted(
                Comparator.comparing((Entry<Channel, Failing> one) -> one.getValue().since())
                    .thenComparing(one -> one.getKey().toString()))
            .limit(NAMED)
            .map(one -> one.getKey().toString())
            .collect(Collectors.joining(", "));
    int others = present.size() - NAMED;
    return others > 0 ? first + " and " + others + " other channels" : first;
  }
}
