package dev.waybill.transport.aws;

import java.io.Serial;
import java.util.LinkedHashMap;
import java.util.Map;

/** A map of a limited size that forgets what was not used for longest. Not thread-safe. */
final class LastUsed<K, V> extends LinkedHashMap<K, V> {
  @Serial private static final long serialVersionUID = 1L;

  /** Requesters come and go, and nobody says which of them are gone. */
  private static final int MAX_REPLY_QUEUES = 1_000;

  private final int max;

  private LastUsed(int max) {
    super(16, 0.75f, true);
    this.max = max;
  }

  /** For what is known of the reply queues of others. */
  static <K, V> LastUsed<K, V> replyQueues() {
    return new LastUsed<>(MAX_REPLY_QUEUES);
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > max;
  }
}
