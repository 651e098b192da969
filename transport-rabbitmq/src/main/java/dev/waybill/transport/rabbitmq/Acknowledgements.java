package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.support.SettledPrefix;
import java.io.IOException;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * The acknowledgements of one channel's deliveries. Those that are due at once are written
 * together: one {@code multiple} for all that no open delivery stands before, since it takes
 * everything up to its tag, and one by one those beyond an open delivery. None is held back, for
 * the broker sends nothing new for what is not acknowledged.
 *
 * <p>For one thread at a time.
 */
final class Acknowledgements {
  /** {@code basic.ack}. */
  interface Call {
    void ack(long tag, boolean multiple) throws IOException;
  }

  private final Call call;
  private final SettledPrefix settled = new SettledPrefix(1);
  private final NavigableMap<Long, CompletableFuture<Result>> due = new TreeMap<>();

  Acknowledgements(Call call) {
    this.call = call;
  }

  /** A delivery has come; its tag is the highest so far. */
  void arrived(long tag) {
    settled.add(tag);
  }

  /** A delivery has been given back, or refused, and is not to be acknowledged. */
  void gone(long tag) {
    settled.settle(tag);
  }

  /**
   * A delivery is to be acknowledged by the next {@link #write}.
   *
   * @return whether it is the only one, so that somebody has to see to that
   */
  boolean add(long tag, CompletableFuture<Result> result) {
    due.put(tag, result);
    return due.size() == 1;
  }

  /**
   * Writes what is due; after an error nobody knows how much of it.
   *
   * @throws IOException or another exception of the client's, if the channel is lost
   */
  void write() throws IOException {
    due.keySet().forEach(settled::settle);
    NavigableMap<Long, ?> first = due.headMap(settled.end(), false);
    if (!first.isEmpty()) {
      call.ack(first.lastKey(), first.size() > 1);
    }
    for (long tag : due.tailMap(settled.end(), false).keySet()) {
      call.ack(tag, false);
    }
  }

  /** The results of what was due, which is no more. */
  List<CompletableFuture<Result>> taken() {
    List<CompletableFuture<Result>> taken = List.copyOf(due.values());
    due.clear();
    return taken;
  }

  /** How many deliveries are settled though an earlier one is not; tags have no gaps. */
  int ahead() {
    return (int) (settled.next() - settled.end()) - settled.open();
  }
}
