package dev.waybill.transport.kafka;

import dev.waybill.transport.Settlement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Carries out the settlements of one member's deliveries: takes them from any thread, and tells the
 * broker of them on the member's.
 */
final class ShareSettler {
  /** What the broker is to be told of a record. */
  private record Told(
      Acquired acquired, AcknowledgeType type, CompletableFuture<Settlement.Result> result) {}

  private final ShareReceiver receiver;
  private final ShareMember member;
  private final Queue<Told> told = new ConcurrentLinkedQueue<>();

  /** Of the member's thread. */
  private final List<Acquired> givenBack = new ArrayList<>();

  private volatile boolean ended;

  ShareSettler(ShareReceiver receiver, ShareMember member) {
    this.receiver = receiver;
    this.member = member;
  }

  /** Settles a delivery, and completes {@code result} with what became of it; from any thread. */
  void settle(Acquired acquired, Settlement how, CompletableFuture<Settlement.Result> result) {
    receiver.begun(result);
    if (!acquired.isOwned()) {
      finish(acquired, result, Settlement.Result.NOT_OWNED);
    } else if (how instanceof Settlement.Reject reject) {
      reject(acquired, reject, result);
    } else if (how instanceof Settlement.Release release) {
      release(acquired, release, result);
    } else {
      tell(new Told(acquired, AcknowledgeType.ACCEPT, result));
    }
  }

  /** Gives a record back that is not delivered, soon; of the member's thread. */
  void giveBack(Acquired acquired) {
    givenBack.add(acquired);
  }

  /**
   * What was to be given back, and is not: the broker was not told yet, and is not any more. Of the
   * member's thread.
   */
  List<Acquired> keep() {
    List<Acquired> kept = List.copyOf(givenBack);
    givenBack.clear();
    return kept;
  }

  /**
   * Tells the broker of what was settled since the last call; of the member's thread. Gives nothing
   * back as long as another member of this receiver, which has not left yet, would get it and
   * count.
   *
   * @throws RuntimeException if there was no answer, or the client does not have the records any
   *     more: the session can't be used any more
   */
  void acknowledge(ShareSession session) {
    Map<Acquired, AcknowledgeType> types = new HashMap<>();
    Map<Acquired, CompletableFuture<Settlement.Result>> results = new HashMap<>();
    List<Told> later = new ArrayList<>();
    boolean othersFetch = receiver.isFetching();
    if (!othersFetch) {
      for (Acquired acquired : keep()) {
        told.add(new Told(acquired, AcknowledgeType.RELEASE, new CompletableFuture<>()));
      }
    }
    for (Told next = told.poll(); next != null; next = told.poll()) {
      if (next.type() == AcknowledgeType.RELEASE && othersFetch) {
        later.add(next);
      } else if (next.acquired().isOwned()) {
        types.put(next.acquired(), next.type());
        results.put(next.acquired(), next.result());
      } else {
        finish(next.acquired(), next.result(), Settlement.Result.NOT_OWNED);
      }
    }
    told.addAll(later);
    if (types.isEmpty()) {
      return;
    }
    try {
      Map<TopicPartition, KafkaException> refused = session.acknowledge(types);
      results.forEach(
          (acquired, result) -> finish(acquired, result, refused.get(acquired.partition())));
    } catch (RuntimeException e) {
      results.forEach((acquired, result) -> finish(acquired, result, e));
      throw e;
    }
  }

  /** A record is not ours any more. */
  void lose(Acquired acquired) {
    acquired.lose();
    returnCredit(acquired);
  }

  /** Nothing can be settled from now on. */
  void end() {
    ended = true;
    givenBack.clear(); // they are lost with their session
    loseTold();
  }

  private void reject(
      Acquired acquired, Settlement.Reject how, CompletableFuture<Settlement.Result> result) {
    var unused =
        receiver
            .deadLetter(acquired.record(), how.evidence())
            .whenComplete(
                (id, error) -> {
                  if (error == null) {
                    tell(new Told(acquired, AcknowledgeType.ACCEPT, result));
                  } else {
                    result.completeExceptionally(KafkaErrors.unwrapped(error));
                  }
                });
  }

  /**
   * The broker counts what is given back, and drops it in the end; so it is only given back to
   * others when this receiver has stopped.
   */
  private void release(
      Acquired acquired, Settlement.Release how, CompletableFuture<Settlement.Result> result) {
    if (receiver.isStopped()) {
      tell(new Told(acquired, AcknowledgeType.RELEASE, result));
      return;
    }
    finish(acquired, result, Settlement.Result.SETTLED);
    member.again(acquired, how);
  }

  private void tell(Told what) {
    told.add(what);
    member.ring();
    if (ended) {
      loseTold();
    }
  }

  private void loseTold() {
    for (Told next = told.poll(); next != null; next = told.poll()) {
      next.acquired().lose();
      finish(next.acquired(), next.result(), Settlement.Result.NOT_OWNED);
    }
  }

  private void finish(
      Acquired acquired,
      CompletableFuture<Settlement.Result> result,
      @Nullable RuntimeException error) {
    if (error == null) {
      finish(acquired, result, Settlement.Result.SETTLED);
      return;
    }
    lose(acquired);
    if (KafkaErrors.isLockLost(error)) {
      result.complete(Settlement.Result.NOT_OWNED);
    } else {
      result.completeExceptionally(KafkaErrors.acknowledging(receiver.source(), error));
    }
  }

  private void finish(
      Acquired acquired,
      CompletableFuture<Settlement.Result> result,
      Settlement.Result whatBecameOfIt) {
    returnCredit(acquired);
    result.complete(whatBecameOfIt);
  }

  private void returnCredit(Acquired acquired) {
    if (acquired.back()) {
      receiver.credit().giveBack(1);
    }
  }
}
