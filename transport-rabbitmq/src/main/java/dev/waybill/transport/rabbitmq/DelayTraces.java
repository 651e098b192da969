package dev.waybill.transport.rabbitmq;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the broker writes into the headers of a message that expires in the queues of {@link
 * DelayLevels}. It is no part of the message; and if it were sent along, brokers before 4.0 would
 * take the message's next wait for a circle.
 */
final class DelayTraces {
  private static final String DEATHS = "x-death";

  /** Before {@code queue}, {@code exchange} and {@code reason}; the second from 3.13 on. */
  private static final List<String> SUMMARIES = List.of("x-first-death-", "x-last-death-");

  private DelayTraces() {}

  /** The headers without the traces; what other queues have left there stays. */
  static Map<String, Object> removed(Map<String, Object> headers) {
    if (!(headers.get(DEATHS) instanceof List<?> deaths)) {
      return headers;
    }
    List<?> others = deaths.stream().filter(death -> !isOurs(death)).toList();
    if (others.size() == deaths.size()) {
      return headers;
    }
    Map<String, Object> rest = new LinkedHashMap<>(headers);
    if (others.isEmpty()) {
      rest.remove(DEATHS);
    } else {
      rest.put(DEATHS, others);
    }
    for (String summary : SUMMARIES) {
      if (isOurQueue(headers.get(summary + "queue"))) {
        rest.keySet().removeIf(name -> name.startsWith(summary));
      }
    }
    return rest;
  }

  private static boolean isOurs(@Nullable Object death) {
    return death instanceof Map<?, ?> entry && isOurQueue(entry.get("queue"));
  }

  private static boolean isOurQueue(@Nullable Object name) {
    return name != null && DelayLevels.owns(name.toString());
  }
}
