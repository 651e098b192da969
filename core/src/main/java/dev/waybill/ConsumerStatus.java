package dev.waybill;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a consumer has to do at the moment, as far as this instance knows. Of other instances of the
 * same queue or subscription it says nothing.
 *
 * @param source the queue's name, or the topic's and subscription's as {@link MessageBus#pause}
 *     takes it
 * @param inFlight how many messages are open here, without those that wait for a retry
 * @param longestHandling how long the handling that began first, of those that are not over, has
 *     been going on, until its message is settled; null if nothing is being handled. A handler that
 *     hangs is seen by this alone: Waybill does not know what is too long for one
 * @param waitingLanes how many keys (or messages without one) wait here for the retry of their
 *     first message
 * @param exhausted whether as many messages are open as the consumer's {@code maxUnsettled} allows,
 *     so that none arrives
 * @param backlog how many messages of what this instance receives from are not settled yet; null if
 *     the broker does not tell without being asked
 * @param asOf when that was so; null if it is not known
 * @param owned the parts of the source that this instance alone receives from, in the broker's
 *     words; empty where there are no such parts, or none is its own
 * @param fetched how many messages have come from the broker and are not open yet: for want of a
 *     place, behind one of their key, or until they are due
 * @param settledAhead how many messages are done with though an earlier one is not
 */
public record ConsumerStatus(
    String source,
    int inFlight,
    @Nullable Duration longestHandling,
    int waitingLanes,
    boolean exhausted,
    @Nullable Long backlog,
    @Nullable Instant asOf,
    List<String> owned,
    int fetched,
    int settledAhead) {
  /** Copies the list. */
  public ConsumerStatus {
    owned = List.copyOf(owned);
  }

  /** In words, on one line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(source);
    text.append(": ").append(inFlight).append(" in flight");
    if (exhausted) {
      text.append(" (as many as are allowed)");
    }
    if (longestHandling != null) {
      text.append(" (one for ").append(longestHandling.toMillis()).append(" ms)");
    }
    text.append(", ").append(waitingLanes).append(" lanes wait, ");
    text.append(fetched)
        .append(" fetched, ")
        .append(settledAhead)
        .append(" settled ahead, backlog ");
    text.append(backlog == null ? "unknown" : backlog + " at " + asOf);
    return text.append(owned.isEmpty() ? "" : ", owns " + String.join(", ", owned)).toString();
  }
}
