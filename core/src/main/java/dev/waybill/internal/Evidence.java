package dev.waybill.internal;

import dev.waybill.DeadLetter;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.WireMessage;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The headers that say why a message is a dead letter, and their way back into a {@link
 * DeadLetter}.
 */
final class Evidence {
  static final String PREFIX = "waybill-";

  /** How the names of the evidence itself begin. */
  static final String OF_DEAD_LETTERS = "waybill-dead-letter-";

  private static final String REASON = "waybill-dead-letter-reason";
  private static final String EXCEPTION_CLASS = "waybill-dead-letter-exception-class";
  private static final String EXCEPTION_MESSAGE = "waybill-dead-letter-exception-message";
  private static final String CHANNEL = "waybill-dead-letter-channel";
  private static final String SUBSCRIPTION = "waybill-dead-letter-subscription";
  private static final String ATTEMPTS = "waybill-dead-letter-attempts";
  private static final String FIRST_FAILURE = "waybill-dead-letter-first-failure";
  private static final String LAST_FAILURE = "waybill-dead-letter-last-failure";

  /**
   * Longer reasons and messages are cut: headers are limited on every broker, and 1,000 characters
   * tell enough.
   */
  private static final int MAX_TEXT = 1_000;

  private Evidence() {}

  static Map<String, String> of(
      Source source, Work work, String reason, @Nullable Throwable failure) {
    Map<String, String> evidence = new LinkedHashMap<>();
    evidence.put(REASON, cut(reason));
    if (failure != null) {
      evidence.put(EXCEPTION_CLASS, failure.getClass().getName());
      String message = messageOf(failure);
      if (message != null) {
        evidence.put(EXCEPTION_MESSAGE, cut(message));
      }
    }
    evidence.put(CHANNEL, source.channel().name());
    if (source instanceof Subscription subscription) {
      evidence.put(SUBSCRIPTION, subscription.subscriber());
    }
    evidence.put(ATTEMPTS, Integer.toString(work.attemptsMade()));
    put(evidence, FIRST_FAILURE, work.firstFailure());
    put(evidence, LAST_FAILURE, work.lastFailure());
    return evidence;
  }

  static DeadLetter read(Delivery delivery) {
    String id = delivery.message().id();
    return read(delivery.message(), id == null ? delivery.brokerId() : id);
  }

  /** With an id for it. */
  static DeadLetter read(WireMessage message, String id) {
    Map<String, String> evidence = new LinkedHashMap<>();
    Map<String, String> headers = new LinkedHashMap<>();
    message
        .headers()
        .forEach((name, value) -> (name.startsWith(PREFIX) ? evidence : headers).put(name, value));
    return new DeadLetter(
        id,
        message.attributes().get("type"),
        message.withOnlyHeaders(headers).withoutDelay(),
        evidence.getOrDefault(REASON, "unknown: put here by someone else"),
        evidence.get(EXCEPTION_CLASS),
        evidence.get(EXCEPTION_MESSAGE),
        evidence.get(CHANNEL),
        evidence.get(SUBSCRIPTION),
        number(evidence.get(ATTEMPTS)),
        time(evidence.get(FIRST_FAILURE)),
        time(evidence.get(LAST_FAILURE)));
  }

  static @Nullable String messageOf(Throwable failure) {
    try {
      return failure.getMessage();
    } catch (RuntimeException e) {
      return null; // an application's exception; its failure must not keep the message from us
    }
  }

  private static void put(Map<String, String> evidence, String name, @Nullable Instant time) {
    if (time != null) {
      evidence.put(name, time.toString());
    }
  }

  /**
   * Cut to the limit, without control characters and halves of surrogate pairs, which not every
   * broker carries.
   */
  static String cut(String text) {
    StringBuilder safe = new StringBuilder();
    text.codePoints()
        .map(c -> Character.isISOControl(c) ? ' ' : c)
        .filter(c -> !(c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE))
        .limit(MAX_TEXT)
        .forEach(safe::appendCodePoint);
    return safe.toString();
  }

  private static int number(@Nullable String text) {
    return text != null && text.matches("\\d{1,9}") ? Integer.parseInt(text) : 0;
  }

  private static @Nullable Instant time(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      return null; // evidence that someone else has written; the raw header stays on the broker
    }
  }
}
