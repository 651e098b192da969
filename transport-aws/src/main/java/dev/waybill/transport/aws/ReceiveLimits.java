package dev.waybill.transport.aws;

import dev.waybill.routing.Source;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** After how many receives a message is not to be handled any more, by what is known of queues. */
final class ReceiveLimits {
  private final Map<String, Integer> read = new ConcurrentHashMap<>();

  /** What the redrive policy of a source's queue says. */
  void remember(Source source, int maxReceives) {
    read.put(Names.queue(source), maxReceives);
  }

  /**
   * That of the queue's own policy, where it was read; else ours for standard queues, as nothing is
   * to be received for ever, and none for FIFO queues, whose order it would break.
   */
  int of(Source source) {
    return read.getOrDefault(
        Names.queue(source), source.keyed() ? Integer.MAX_VALUE : Limits.MAX_RECEIVES);
  }
}
