package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.support.SettledPrefix.Range;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A partition's work over many assignments, against a model that is a set of settled offsets. Each
 * seed is a history of its own, and is named by a failure.
 */
class PartitionWorkModelTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final PollClock CLOCK = new PollClock(Duration.ofDays(1));

  @ParameterizedTest
  @MethodSource("seeds")
  void any_history_commits_nothing_that_is_open_and_repeats_exactly_what_was(int seed) {
    History history = new History(seed, 12);
    for (int step = 0; step < 250; step++) {
      history.step();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void a_history_that_outgrows_the_metadata_repeats_more_but_never_less(int seed) {
    History history = new History(seed, 4_000);
    for (int step = 0; step < 120; step++) {
      history.step();
    }
    assertThat(history.wasCut).as("seed %d", seed).isTrue();
  }

  static IntStream seeds() {
    return IntStream.range(0, 400);
  }

  /** What the broker has, what the model knows, and the assignment under test. */
  private static final class History {
    final Random random;
    final int seed;
    final int most;
    boolean wasCut;

    // the broker's
    TreeSet<Long> log = new TreeSet<>();
    long end;
    @Nullable OffsetAndMetadata committed;

    // the model's: now, and as it was at the commit
    Set<Long> settled = new HashSet<>();
    Map<Long, Integer> failures = new HashMap<>();
    Set<Long> settledThen = Set.of();
    Map<Long, Integer> failuresThen = Map.of();

    // the assignment's
    PartitionWork work = new PartitionWork(PARTITION, null, CLOCK);
    List<Held> out = new ArrayList<>();
    long position;
    long lastCommit;

    History(int seed, int most) {
      this.seed = seed;
      this.random = new Random(seed);
      this.most = most;
    }

    void step() {
      int dice = random.nextInt(100);
      if (dice < 12) {
        append();
      } else if (dice < 30) {
        fetch();
      } else if (dice < 50) {
        deliver();
      } else if (dice < 70) {
        many(this::accept);
      } else if (dice < 80) {
        many(this::release);
      } else if (dice < 94) {
        commit();
      } else {
        reassign();
      }
    }

    /** Messages, and offsets that are none: markers, and what compaction took. */
    void append() {
      int count = 1 + random.nextInt(most);
      for (int i = 0; i < count; i++) {
        end += random.nextInt(4) == 0 ? random.nextInt(4) : 0;
        log.add(end++);
      }
      end += random.nextInt(3) == 0 ? 1 : 0;
    }

    void fetch() {
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      int count = 1 + random.nextInt(most);
      for (long offset : log.tailSet(position)) {
        if (records.size() == count) {
          break;
        }
        records.add(new ConsumerRecord<>("t", 0, offset, null, new byte[0]));
      }
      boolean all = records.size() < count;
      long last = records.isEmpty() ? position : records.get(records.size() - 1).offset() + 1;
      position = Math.max(position, all ? end : last);
      work.add(records, position);
    }

    void deliver() {
      int count = 1 + random.nextInt(most);
      for (int i = 0; i < count; i++) {
        Held held = Taken.next(work);
        if (held == null) {
          return;
        }
        work.handedOver();
        out.add(held);
        long offset = held.offset();
        assertThat(settled.contains(offset) && settledThen.contains(offset) && !wasCut)
            .as("%d was settled and comes again, seed %d", offset, seed)
            .isFalse();
        if (!wasCut) {
          assertThat(held.attempt())
              .as("attempt of %d, seed %d", offset, seed)
              .isEqualTo(failures.getOrDefault(offset, 0) + 1);
        }
      }
    }

    void many(Runnable action) {
      int count = 1 + random.nextInt(most);
      for (int i = 0; i < count && !out.isEmpty(); i++) {
        action.run();
      }
    }

    void accept() {
      Held held = out.remove(random.nextInt(out.size()));
      assertThat(work.accept(held)).isTrue();
      settled.add(held.offset());
      failures.remove(held.offset());
    }

    void release() {
      Held held = out.remove(random.nextInt(out.size()));
      int made = held.attempt() - random.nextInt(2);
      assertThat(work.putBack(held, Duration.ZERO, made)).isTrue();
      if (made > 0) {
        failures.put(held.offset(), made);
      }
    }

    void commit() {
      OffsetAndMetadata commit = work.uncommitted(true);
      if (commit == null) {
        return;
      }
      check(commit);
      boolean stored = random.nextInt(4) > 0;
      if (stored) {
        committed = commit;
        settledThen = new HashSet<>(settled);
        failuresThen = new HashMap<>(failures);
      }
      if (stored && random.nextInt(4) > 0) {
        work.committed(commit);
      } else { // refused, or its answer was lost
        work.notCommitted();
      }
    }

    void check(OffsetAndMetadata commit) {
      long offset = commit.offset();
      assertThat(offset)
          .as("the commit goes back, seed %d", seed)
          .isGreaterThanOrEqualTo(lastCommit);
      lastCommit = offset;
      assertThat(settled.containsAll(log.headSet(offset)))
          .as("the commit of %d passes nothing that is open, seed %d", offset, seed)
          .isTrue();
      assertThat(commit.metadata().length()).isLessThanOrEqualTo(CommitMetadata.MAX_LENGTH);
      CommitMetadata said = CommitMetadata.decode(offset, commit.metadata());
      Set<Long> beyond = new HashSet<>();
      for (Range range : said.settled()) {
        beyond.addAll(log.subSet(range.from(), range.to()));
      }
      assertThat(settled.containsAll(beyond))
          .as("nothing that is open is said to be settled, seed %d", seed)
          .isTrue();
      boolean full = commit.metadata().length() > CommitMetadata.MAX_LENGTH - 52;
      wasCut |= full;
      if (!wasCut) {
        Set<Long> all = new HashSet<>(settled);
        all.retainAll(log.tailSet(offset));
        assertThat(beyond).as("beyond %d, seed %d", offset, seed).isEqualTo(all);
        Map<Long, Integer> failed = new TreeMap<>();
        said.failed().forEach((at, what) -> failed.put(at, what.attempts()));
        failed.keySet().retainAll(log);
        Map<Long, Integer> known = new TreeMap<>(failures);
        known.keySet().retainAll(log);
        assertThat(failed).as("failures, seed %d", seed).isEqualTo(known);
      }
    }

    /** The partition moves; now and then its log was cut before, or made anew. */
    void reassign() {
      assertThat(work.lose()).isEqualTo(out.size());
      out.clear();
      work = new PartitionWork(PARTITION, committed, CLOCK);
      settled = new HashSet<>(settledThen);
      failures = new HashMap<>(failuresThen);
      position = committed == null ? 0 : committed.offset();
      lastCommit = position;
      int dice = random.nextInt(10);
      if (dice == 0) {
        log.headSet(position + random.nextInt(most)).clear();
        failures.keySet().retainAll(log);
      } else if (dice == 1 && position > 1) {
        beginLogAnew();
      } else {
        checkExactlyWhatWasOpenComes();
      }
    }

    /** As a session does when what it fetches is below what it is past. */
    void beginLogAnew() {
      long first = random.nextInt((int) Math.min(position, 1_000));
      assertThat(work.isPast(first)).isTrue();
      work.lose();
      work = new PartitionWork(PARTITION, null, CLOCK);
      committed = null;
      settled = new HashSet<>();
      failures = new HashMap<>();
      settledThen = Set.of();
      failuresThen = Map.of();
      log = new TreeSet<>();
      position = first;
      lastCommit = 0;
      end = first;
      append();
    }

    void checkExactlyWhatWasOpenComes() {
      position = Math.max(position, end);
      work.add(
          log.tailSet(committed == null ? 0 : committed.offset()).stream()
              .map(offset -> new ConsumerRecord<byte[], byte[]>("t", 0, offset, null, new byte[0]))
              .toList(),
          position);
      Set<Long> come = new HashSet<>();
      for (Held held = Taken.next(work); held != null; held = Taken.next(work)) {
        work.handedOver();
        out.add(held);
        come.add(held.offset());
        assertThat(held.attempt())
            .as("attempt of %d, seed %d", held.offset(), seed)
            .isLessThanOrEqualTo(failures.getOrDefault(held.offset(), 0) + 1);
      }
      Set<Long> open = new HashSet<>(log);
      open.removeAll(settled);
      if (wasCut) {
        assertThat(come.containsAll(open)).as("seed %d", seed).isTrue();
        settled.removeAll(come); // handled once more
        out.forEach(held -> failures.put(held.offset(), held.attempt() - 1));
        failures.values().removeIf(attempts -> attempts == 0);
      } else {
        assertThat(come).as("seed %d", seed).isEqualTo(open);
        out.forEach(
            held ->
                assertThat(held.attempt()).isEqualTo(failures.getOrDefault(held.offset(), 0) + 1));
      }
    }
  }
}
