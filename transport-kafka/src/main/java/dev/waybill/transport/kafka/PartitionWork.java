package dev.waybill.transport.kafka;

import dev.waybill.transport.kafka.CommitMetadata.Failed;
import dev.waybill.transport.support.SettledPrefix;
import dev.waybill.transport.support.SettledPrefix.Range;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One assignment of one partition: its records in memory, its open deliveries, and what is settled.
 * Each assignment has an object of its own, which is the epoch: once lost it is never owned again,
 * and nothing of it reaches the broker.
 *
 * <p>Thread-safe. The polling thread fills it and takes from it, any thread settles.
 */
final class PartitionWork {
  private static final Logger log = LoggerFactory.getLogger(PartitionWork.class);

  private final TopicPartition partition;
  private final PollClock clock;
  private final Runnable keyFreed;
  private final LeaderEpochs epochs;
  private List<Range> settledBefore;

  /** Of records that are open, or that an earlier assignment has left and are not fetched yet. */
  private final TreeMap<Long, Failed> failed;

  private final WaitingRecords waiting = new WaitingRecords();
  private final List<Runnable> putBackLater = new ArrayList<>();
  private @Nullable SettledPrefix prefix;
  private @Nullable OffsetAndMetadata committed;
  private int opened;
  private boolean handingOver;
  private volatile boolean owned = true;
  private volatile boolean ending;
  private boolean changed;

  /** How many records were settled: in all, by the last commit that was made, and confirmed. */
  private long settled;

  private long settledInCommit;
  private long settledForSure;
  private @Nullable OffsetAndMetadata lastMade;

  /** Whether there was a record already. */
  private boolean fetched;

  /** Whether it was said that commits leave something out. */
  private boolean leavesOut;

  private boolean saidSo;

  /** Whether an earlier assignment has told of what was not fetched by this one yet. */
  private boolean tellsBefore;

  /** A new assignment of which nobody is told when it has more to give. */
  PartitionWork(TopicPartition partition, @Nullable OffsetAndMetadata committed, PollClock clock) {
    this(partition, committed, clock, () -> {});
  }

  /**
   * A new assignment.
   *
   * @param committed what the group had committed, or null if nothing
   * @param keyFreed is told when a record that waited for others of its key may come; must not
   *     block
   */
  PartitionWork(
      TopicPartition partition,
      @Nullable OffsetAndMetadata committed,
      PollClock clock,
      Runnable keyFreed) {
    this.partition = partition;
    this.clock = clock;
    this.keyFreed = keyFreed;
    this.committed = committed;
    this.epochs = new LeaderEpochs(committed);
    CommitMetadata before =
        committed == null
            ? CommitMetadata.NONE
            : CommitMetadata.decode(committed.offset(), committed.metadata());
    this.settledBefore = before.settled();
    this.failed = new TreeMap<>(before.failed());
    this.tellsBefore = !settledBefore.isEmpty() || !failed.isEmpty();
    this.prefix = committed == null ? null : new SettledPrefix(committed.offset());
  }

  TopicPartition partition() {
    return partition;
  }

  boolean isOwned() {
    return !ending && isOurs();
  }

  /** Whether {@code offset} is one that this assignment is past: the log was made anew or cut. */
  synchronized boolean isPast(long offset) {
    return prefix != null && offset < prefix.next();
  }

  /**
   * The assignment that follows this one when the log was cut: what is open below is to come again,
   * what is settled below is not, and what is above is new.
   *
   * @param cut the lowest offset that is new
   */
  synchronized PartitionWork cutAt(long cut) {
    SettledPrefix ids = prefix;
    OffsetAndMetadata below = null;
    if (ids != null && ids.end() < cut) {
      CommitMetadata all = new CommitMetadata(settledBeyond(ids), failed).below(cut);
      below = epochs.commit(ids.end(), all.encode(ids.end()));
    }
    PartitionWork next = new PartitionWork(partition, below, clock, keyFreed);
    next.committed = null; // perhaps it is not
    next.settled = notCommittedYet();
    return next;
  }

  /** Where this assignment begins, if not where records are fetched. */
  synchronized OptionalLong begin() {
    return prefix == null ? OptionalLong.empty() : OptionalLong.of(prefix.next());
  }

  /** Where this assignment was to begin, if the first record that is fetched is beyond that. */
  synchronized OptionalLong beginsLate(long first) {
    return fetched || prefix == null || first <= prefix.next()
        ? OptionalLong.empty()
        : OptionalLong.of(prefix.next());
  }

  /**
   * Takes fetched records.
   *
   * @param position where the next fetch begins; offsets between have no record
   * @return offsets of what has failed before, and is not there any more
   */
  synchronized Set<Long> add(List<ConsumerRecord<byte[], byte[]>> records, long position) {
    Set<Long> gone = new HashSet<>(failed.headMap(position).keySet());
    gone.removeIf(offset -> prefix != null && offset < prefix.next());
    fetched |= !records.isEmpty();
    epochs.fetched(records);
    for (ConsumerRecord<byte[], byte[]> record : records) {
      if (tellsBefore && epochs.isLaterThanCommitted(record)) {
        forgetBefore(record.offset());
      }
      SettledPrefix ids = prefixFrom(record.offset());
      ids.add(record.offset());
      if (isSettledBefore(record.offset())) {
        ids.settle(record.offset());
      } else {
        gone.remove(record.offset());
        waiting.add(record, before(record.offset()));
      }
    }
    failed.keySet().removeAll(gone);
    prefixFrom(position).skipTo(position);
    changed = true;
    return gone;
  }

  /**
   * Takes out the next records to deliver, at most {@code most}: each the lowest offset that is due
   * and has no earlier record of its key waiting; none if the assignment is not owned any more. To
   * be followed by {@link #handedOver}.
   */
  List<Held> next(int most) {
    return next(most, true);
  }

  /** The same without those of keys that have enough open already: they wait for these first. */
  List<Held> nextOfQuietKeys(int most) {
    return next(most, false);
  }

  private synchronized List<Held> next(int most, boolean ofBusyKeys) {
    List<Held> taken = new ArrayList<>(most);
    Held held = most > 0 && isOwned() ? waiting.take(ofBusyKeys) : null;
    while (held != null) {
      taken.add(held);
      held = taken.size() < most ? waiting.take(ofBusyKeys) : null;
    }
    opened += taken.size();
    handingOver |= !taken.isEmpty();
    return taken;
  }

  /** What {@link #next} has taken out is with the listener, or will never be. */
  void handedOver() {
    List<Runnable> putBack;
    synchronized (this) {
      handingOver = false;
      putBack = List.copyOf(putBackLater);
      putBackLater.clear();
    }
    putBack.forEach(Runnable::run);
  }

  /** How long it is until a record that waits for its time is due; {@code most} if longer. */
  synchronized Duration untilDue(Duration most) {
    return waiting.untilDue(most);
  }

  /** How many records are delivered and not settled. */
  synchronized int open() {
    return opened;
  }

  /** How many records are fetched and not settled. */
  synchronized int unsettled() {
    return waiting.size() + opened;
  }

  /** How many records are settled though an earlier one is not, gaps between them included. */
  synchronized int settledAhead() {
    long count = 0;
    for (Range range : prefix == null ? settledBefore : settledBeyond(prefix)) {
      count += range.to() - range.from();
    }
    return (int) Math.min(count, Integer.MAX_VALUE);
  }

  /** How many records wait for their delivery. */
  synchronized int waiting() {
    return waiting.size();
  }

  /** How many keys, and records without one, wait for the time of their first record. */
  synchronized int waitingForTime() {
    return waiting.waitingForTime();
  }

  /** Whether some of those that wait were given back, or wait for a time or for others of a key. */
  synchronized boolean hasHeldBack() {
    return waiting.hasApart();
  }

  /** Settles a delivered record; returns false, and does nothing, if it is not owned any more. */
  synchronized boolean accept(Held held) {
    if (!isOwned()) {
      return false;
    }
    prefixFrom(held.offset()).settle(held.offset());
    settled++;
    if (!failed.isEmpty()) {
      failed.remove(held.offset());
    }
    changed = true;
    if (waiting.settled(held)) {
      keyFreed.run();
    }
    closeOne();
    return true;
  }

  /**
   * Puts a delivered record back: at once, or when what is on its way to the listener is there. A
   * later record of its key must not arrive there after that, so that none is taken in between.
   *
   * @param done is told whether that was done; not if the record is not owned any more
   */
  void release(Held held, Duration after, int attemptsMade, Consumer<Boolean> done) {
    boolean putBack;
    synchronized (this) {
      if (handingOver) {
        putBackLater.add(() -> done.accept(putBack(held, after, attemptsMade)));
        return;
      }
      putBack = putBack(held, after, attemptsMade);
    }
    done.accept(putBack);
  }

  /** Puts a delivered record back at once; returns as {@code done} is told. */
  synchronized boolean putBack(Held held, Duration after, int attemptsMade) {
    if (!isOwned()) {
      return false;
    }
    waiting.putBack(held.again(after, attemptsMade));
    if (attemptsMade > 0) {
      failed.put(held.offset(), new Failed(attemptsMade, dueTime(after)));
      changed = true;
    }
    closeOne();
    return true;
  }

  /**
   * From now on nothing is settled: the last commit is being made, and would not contain it. The
   * rest is up to {@link #lose}.
   */
  synchronized void end() {
    ending = true;
  }

  /** Ends the assignment; returns how many deliveries were open. */
  synchronized int lose() {
    int lost = opened;
    owned = false;
    opened = 0;
    waiting.clear();
    notifyAll();
    return lost;
  }

  /** Waits until no delivery is open, at most until the deadline. */
  synchronized void awaitNoneOpen(Deadline deadline) throws InterruptedException {
    while (opened > 0 && !deadline.passed()) {
      wait(deadline.remainingMillis());
    }
  }

  /**
   * What to commit, or null if nothing changed since the last commit, or it is not ours to commit.
   *
   * @param withMetadata whether the broker takes what tells of records beyond the offset
   */
  synchronized @Nullable OffsetAndMetadata uncommitted(boolean withMetadata) {
    if (!changed || prefix == null || !isOurs()) {
      return null;
    }
    changed = false;
    settledInCommit = settled;
    long offset = prefix.end();
    CommitMetadata beyond = new CommitMetadata(settledBeyond(prefix), failed);
    String metadata = withMetadata ? beyond.encode(offset) : "";
    leavesOut = withMetadata ? !beyond.isToldBy(metadata, offset) : !beyond.settled().isEmpty();
    if (leavesOut && !saidSo) {
      saidSo = true;
      log.warn(
          "More is settled out of order in {} than a commit can tell of: after a restart the"
              + " farthest of it comes again, also dead letters that were removed; settle what is"
              + " open from offset {} on",
          partition,
          offset);
    }
    OffsetAndMetadata now = epochs.commit(offset, metadata);
    lastMade = now;
    return now.equals(committed) ? null : now;
  }

  /** Whether the last of {@link #uncommitted} did not tell of all. */
  synchronized boolean leavesOut() {
    return leavesOut;
  }

  /** Whether there may be something to commit. */
  synchronized boolean hasChanged() {
    return changed;
  }

  /**
   * What a commit would say if those offsets were settled, too; null if it can't say all of it
   * within {@code maxMetadata} characters, or the assignment is not ours.
   */
  synchronized @Nullable OffsetAndMetadata committing(Collection<Long> settling, int maxMetadata) {
    SettledPrefix now = prefix;
    if (now == null || !isOwned()) {
      return null;
    }
    SettledPrefix then = now.copy();
    settling.forEach(then::settle);
    long offset = then.end();
    List<Range> beyond = settledBeyond(then);
    TreeMap<Long, Failed> stillFailed = new TreeMap<>(failed);
    stillFailed.keySet().removeAll(settling);
    OffsetAndMetadata commit =
        epochs.commit(offset, new CommitMetadata(beyond, stillFailed).encode(offset));
    if (commit.metadata().length() > maxMetadata) {
      commit = epochs.commit(offset, new CommitMetadata(beyond, new TreeMap<>()).encode(offset));
    }
    boolean fits =
        commit.metadata().length() <= maxMetadata
            && CommitMetadata.decode(offset, commit.metadata()).settled().equals(beyond);
    return fits ? commit : null;
  }

  /**
   * What there is to commit, without leaving anything out; null if nothing, or as {@link
   * #committing}.
   */
  synchronized @Nullable OffsetAndMetadata news(int maxMetadata) {
    if (!changed) {
      return null;
    }
    changed = false;
    OffsetAndMetadata now = committing(List.of(), maxMetadata);
    return now == null || now.equals(committed) ? null : now;
  }

  /** Whether the lowest open record waits for nothing but its delivery. */
  synchronized boolean isFirstDue() {
    return prefix != null && waiting.isLowestDue(prefix.end());
  }

  /** Notes that a commit has arrived. */
  synchronized void committed(OffsetAndMetadata what) {
    committed = what;
    if (what.equals(lastMade)) { // else another was made meanwhile, which tells of more
      settledForSure = settledInCommit;
    }
  }

  /** How many records are settled of which no confirmed commit tells. */
  synchronized long notCommittedYet() {
    return settled - settledForSure;
  }

  /** Notes that a commit has failed, so that the next one repeats it. */
  synchronized void notCommitted() {
    changed = true;
  }

  /** What this assignment has settled, and what an earlier one had in the part not fetched yet. */
  private List<Range> settledBeyond(SettledPrefix ids) {
    List<Range> all = new ArrayList<>(ids.settledBeyond());
    for (Range range : settledBefore) {
      if (range.to() > ids.next()) {
        all.add(new Range(Math.max(range.from(), ids.next()), range.to()));
      }
    }
    return all;
  }

  /** Rounded up, for it must not be too early. */
  private static long dueTime(Duration after) {
    if (after.isZero()) {
      return 0;
    }
    try {
      return Math.addExact(System.currentTimeMillis(), Math.addExact(after.toMillis(), 1));
    } catch (ArithmeticException e) { // for ever
      return Long.MAX_VALUE;
    }
  }

  private @Nullable Failed before(long offset) {
    return failed.isEmpty() ? null : failed.get(offset);
  }

  private boolean isOurs() {
    return owned && !clock.isOverdue();
  }

  /** From an offset on, for the log was cut there, or it is told of nothing beyond. */
  private void forgetBefore(long offset) {
    settledBefore = CommitMetadata.below(settledBefore, offset);
    failed.tailMap(offset).clear();
    tellsBefore = false;
  }

  private boolean isSettledBefore(long offset) {
    for (Range range : settledBefore) {
      if (range.contains(offset)) {
        return true;
      }
    }
    return false;
  }

  private SettledPrefix prefixFrom(long offset) {
    SettledPrefix ids = prefix;
    if (ids == null) {
      ids = new SettledPrefix(offset);
      prefix = ids;
    }
    return ids;
  }

  private void closeOne() {
    opened--;
    if (opened == 0) {
      notifyAll();
    }
  }
}
