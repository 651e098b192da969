package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The topics that were just found missing. To find that out takes a second, for which whoever sends
 * to other topics on the same thread must not wait again and again. Used by one thread.
 */
final class MissingTopics {
  private static final Duration REMEMBERED = Duration.ofSeconds(3);

  private record Missing(SendException problem, Deadline until) {}

  private final Map<String, Missing> topics = new HashMap<>();

  /** Why nothing can be sent to a topic, if that was found out a moment ago; else null. */
  @Nullable SendException problem(String topic) {
    Missing missing = topics.get(topic);
    if (missing == null || !missing.until().passed()) {
      return missing == null ? null : missing.problem();
    }
    topics.remove(topic);
    return null;
  }

  /** Notes the failure of a send to a topic, if it is that the topic is missing. */
  void note(String topic, SendException problem) {
    if (problem.code() == ErrorCode.NOT_FOUND) {
      topics.put(topic, new Missing(problem, Deadline.in(REMEMBERED)));
    }
  }
}
