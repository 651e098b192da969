package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.transport.support.SettledPrefix.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SettledPrefixTest {
  @Test
  void anEmptySequenceEndsAtItsStart() {
    SettledPrefix prefix = new SettledPrefix(7);

    assertThat(prefix.end()).isEqualTo(7);
    assertThat(prefix.settledBeyond()).isEmpty();
  }

  @Test
  void thePrefixNeverPassesAnOpenId() {
    SettledPrefix prefix = filled(0, 1, 2, 3);

    prefix.settle(1);
    prefix.settle(3);

    assertThat(prefix.end()).isZero();
    assertThat(prefix.settledBeyond()).containsExactly(new Range(1, 2), new Range(3, 4));
  }

  @Test
  void settlingTheFirstOpenIdMovesThePrefixOverAllThatIsSettledBehindIt() {
    SettledPrefix prefix = filled(0, 1, 2, 3);
    prefix.settle(1);
    prefix.settle(3);

    prefix.settle(0);

    assertThat(prefix.end()).isEqualTo(2);
    assertThat(prefix.settledBeyond()).containsExactly(new Range(3, 4));
  }

  @Test
  void anIdThatNeverCameCountsAsSettled() {
    SettledPrefix prefix = new SettledPrefix(10);
    prefix.add(15);
    prefix.add(20);

    assertThat(prefix.end()).isEqualTo(15);
    prefix.settle(20);
    assertThat(prefix.settledBeyond()).containsExactly(new Range(16, 21));
    prefix.settle(15);
    assertThat(prefix.end()).isEqualTo(21);
  }

  @Test
  void skippedIdsMoveTheEndOfAFullySettledSequenceOnly() {
    SettledPrefix prefix = filled(5);
    prefix.skipTo(9);
    assertThat(prefix.end()).isEqualTo(5);

    prefix.settle(5);

    assertThat(prefix.end()).isEqualTo(9);
    assertThat(prefix.settledBeyond()).isEmpty();
    prefix.skipTo(3);
    assertThat(prefix.next()).isEqualTo(9);
  }

  @Test
  void settlesAnIdOnce() {
    SettledPrefix prefix = filled(0, 1);

    assertThat(prefix.settle(1)).isTrue();
    assertThat(prefix.settle(1)).isFalse();
    assertThat(prefix.settle(99)).isFalse();
    assertThat(prefix.open()).isEqualTo(1);
  }

  @Test
  void refusesAnIdThatDoesNotAscend() {
    SettledPrefix prefix = filled(4);

    assertThatThrownBy(() -> prefix.add(4)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesAnEmptyRange() {
    assertThatThrownBy(() -> new Range(3, 3)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void agreesWithAPlainModelOverRandomSequences() {
    for (long seed = 0; seed < 200; seed++) {
      agreesWithAPlainModel(seed);
    }
  }

  private static void agreesWithAPlainModel(long seed) {
    Random random = new Random(seed);
    long start = random.nextInt(100);
    SettledPrefix prefix = new SettledPrefix(start);
    TreeMap<Long, Boolean> model = new TreeMap<>();
    long id = start;
    for (int step = 0; step < 200; step++) {
      if (random.nextInt(5) < 2) {
        id += random.nextInt(3);
        prefix.add(id);
        model.put(id++, false);
      } else if (!model.isEmpty()) {
        long some = new ArrayList<>(model.keySet()).get(random.nextInt(model.size()));
        assertThat(prefix.settle(some)).isEqualTo(!model.put(some, true));
      }
      assertSame(seed, prefix, model, id);
    }
  }

  private static void assertSame(
      long seed, SettledPrefix prefix, Map<Long, Boolean> model, long next) {
    TreeSet<Long> open = new TreeSet<>();
    long highestSettled = -1;
    for (var entry : model.entrySet()) {
      if (entry.getValue()) {
        highestSettled = entry.getKey();
      } else {
        open.add(entry.getKey());
      }
    }
    long end = open.isEmpty() ? next : open.first();
    assertThat(prefix.end()).as("end, seed %d", seed).isEqualTo(end);
    assertThat(prefix.open()).as("open, seed %d", seed).isEqualTo(open.size());
    List<Range> beyond = prefix.settledBeyond();
    for (long i = end; i < next; i++) {
      long id = i;
      boolean settled = beyond.stream().anyMatch(range -> range.contains(id));
      assertThat(settled)
          .as("id %d, seed %d", id, seed)
          .isEqualTo(!open.contains(id) && id <= highestSettled);
    }
  }

  private static SettledPrefix filled(long... ids) {
    SettledPrefix prefix = new SettledPrefix(ids[0]);
    for (long id : ids) {
      prefix.add(id);
    }
    return prefix;
  }
}
