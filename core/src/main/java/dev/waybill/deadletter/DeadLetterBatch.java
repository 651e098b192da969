package dev.waybill.deadletter;

import dev.waybill.DeadLetter;
import dev.waybill.routing.Source;
import dev.waybill.transport.WireMessage;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;

/**
 * Dead letters in hand: nobody else gets them until this is closed. What is not decided about goes
 * back then, in its old place where the broker keeps places. Leases are renewed meanwhile; what is
 * lost all the same, because the connection was or the broker's patience ended, is back already,
 * and decisions about it have no effect.
 *
 * <p>What is decided about more than one stops when the calling thread is interrupted, after what
 * has begun; it stays interrupted. Used by one thread at a time.
 */
public interface DeadLetterBatch extends AutoCloseable {
  /**
   * A dead letter in hand.
   *
   * @param letter the dead letter with its evidence
   * @param stored the message as it is stored, with the headers that are evidence
   */
  record Entry(DeadLetter letter, WireMessage stored) {
    /** Never the body. */
    @Override
    public String toString() {
      return letter.toString();
    }
  }

  /**
   * What was done.
   *
   * @param done how many were replayed or discarded, and are gone from here
   * @param again how many will be seen again, since they were no longer held when they were to be
   *     removed; a copy of those that were to be replayed may have been sent
   */
  record Summary(int done, int again) {}

  /** Is told of progress, on the calling thread. */
  @FunctionalInterface
  interface Progress {
    /** So many of those that were to be decided about are settled. */
    void settled(int count);
  }

  /** Whose dead letters these are. */
  Source source();

  /** All in hand, in the order in which they came; without those that were decided about. */
  List<Entry> entries();

  /** Those in hand that match: what would be replayed or discarded. */
  default List<Entry> matching(Predicate<? super DeadLetter> filter) {
    return entries().stream().filter(entry -> filter.test(entry.letter())).toList();
  }

  /**
   * How many there were, these included; more than these if there was no room for all. At least as
   * many where the broker does not count.
   */
  long total();

  /** Whether these were all. */
  boolean isAll();

  /**
   * Sends dead letters to the queue or subscription that they came from, and to no other of its
   * topic, and removes each when its copy is confirmed. Blocks. The copy is as the message was
   * received, without the evidence, and:
   *
   * <ul>
   *   <li>{@link dev.waybill.HandlerContext#isReplay} is true, by the header {@code
   *       waybill-replay}, which names the source, and {@code waybill-replay-time};
   *   <li>attempts count from 1, and it has the last place of its key;
   *   <li>a time of expiry that has passed is left out.
   * </ul>
   *
   * <p>A process that dies between the two leaves both, with the same id.
   *
   * @throws dev.waybill.error.MessagingException the first that was met; what has begun is finished
   *     before, and nothing more is begun. A dead letter whose copy was not confirmed is kept
   */
  Summary replay(Collection<Entry> entries, Replay how, Progress progress);

  /**
   * Removes dead letters for good. Blocks.
   *
   * @throws dev.waybill.error.MessagingException the first that was met
   */
  Summary discard(Collection<Entry> entries, Progress progress);

  /**
   * Gives a dead letter another body: a copy of it with this one is added to the dead letters,
   * which has the evidence and {@code waybill-dead-letter-edited}, the time; then the old one is
   * removed. Blocks. The copy is not in this batch.
   *
   * @return whether the old one is gone; false if it was no longer held, and both are there
   * @throws dev.waybill.error.MessagingException if the copy was not confirmed; the old one is kept
   */
  boolean edit(Entry entry, byte[] body);

  /**
   * Gives back what was not decided about. Blocks up to about five seconds. Idempotent.
   *
   * @throws dev.waybill.error.MessagingException if the broker did not store all that was decided,
   *     so that some of it may be there again, beside its copy if it was replayed or edited; told
   *     of Kafka, also if the partition was lost before, and of RabbitMQ if the channel was lost
   *     before an acknowledgement was written. Of one that had just been written nobody knows. All
   *     is given back nevertheless
   */
  @Override
  void close();
}
