package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.kafka.CommitMetadata.Failed;
import dev.waybill.transport.support.SettledPrefix.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommitMetadataTest {
  private static final long NOW = 1_790_000_000_000L;

  @Test
  void rangesSurviveAsCompactText() {
    List<Range> ranges = List.of(new Range(102, 103), new Range(108, 118));

    String text = encode(100, ranges);

    assertThat(text).isEqualTo("wb1:2.1,5.a");
    assertThat(CommitMetadata.decode(100, text).settled()).isEqualTo(ranges);
  }

  @Test
  void failuresSurviveBesideThem() {
    CommitMetadata all =
        new CommitMetadata(
            List.of(new Range(102, 103)),
            new TreeMap<>(java.util.Map.of(100L, new Failed(3, 0), 104L, new Failed(1, 36))));

    String text = all.encode(100);

    assertThat(text).isEqualTo("wb1:2.1;0.3,4.1.10");
    assertThat(CommitMetadata.decode(100, text)).isEqualTo(all);
  }

  @Test
  void failuresAlone() {
    CommitMetadata all =
        new CommitMetadata(List.of(), new TreeMap<>(java.util.Map.of(5L, new Failed(2, NOW))));

    assertThat(CommitMetadata.decode(0, all.encode(0))).isEqualTo(all);
  }

  @Test
  void nothingToSayIsTheEmptyText() {
    assertThat(encode(100, List.of())).isEmpty();
    assertThat(CommitMetadata.decode(100, "")).isEqualTo(CommitMetadata.NONE);
  }

  @Test
  void whatDoesNotFitIsLeftOutFromTheFarthest() {
    List<Range> ranges = new ArrayList<>();
    for (long id = 2; id < 10_000; id += 2) {
      ranges.add(new Range(id, id + 1));
    }

    String text = encode(1, ranges);

    assertThat(text.length()).isBetween(4083, 4089);
    List<Range> read = CommitMetadata.decode(1, text).settled();
    assertThat(read).isEqualTo(ranges.subList(0, read.size())).hasSizeGreaterThan(1000);
  }

  @Test
  void rangesGoBeforeFailures() {
    List<Range> ranges = new ArrayList<>();
    SortedMap<Long, Failed> failed = new TreeMap<>();
    for (long id = 0; id < 1_200; id += 2) {
      failed.put(id, new Failed(2, NOW));
      ranges.add(new Range(id + 1, id + 2));
    }

    CommitMetadata read = CommitMetadata.decode(0, new CommitMetadata(ranges, failed).encode(0));

    assertThat(read.settled()).isEqualTo(ranges);
    assertThat(read.failed()).isEqualTo(failed.headMap(2L * read.failed().size())).isNotEmpty();
    assertThat(read.failed().size()).isLessThan(failed.size());
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whateverIsWrittenIsReadUpToWhereItFits(int seed) {
    Random random = new Random(seed);
    long offset = random.nextInt(3) == 0 ? Math.abs(random.nextLong() / 4) : random.nextInt(5);
    List<Range> ranges = new ArrayList<>();
    SortedMap<Long, Failed> failed = new TreeMap<>();
    long at = offset;
    for (int i = random.nextInt(1 << random.nextInt(12)); i > 0; i--) {
      at += random.nextInt(1 << random.nextInt(20));
      if (random.nextInt(3) == 0) {
        failed.put(at++, new Failed(1 + random.nextInt(50), random.nextInt(2) * (NOW + i)));
      } else {
        long to = at + 1 + random.nextInt(1 << random.nextInt(20));
        ranges.add(new Range(at, to));
        at = to;
      }
    }

    String text = new CommitMetadata(ranges, failed).encode(offset);
    CommitMetadata read = CommitMetadata.decode(offset, text);

    int longest = 45 + 7; // of one entry, and of a leader
    boolean all = text.length() <= CommitMetadata.MAX_LENGTH - longest;
    assertThat(text.length()).isLessThanOrEqualTo(CommitMetadata.MAX_LENGTH);
    if (all) {
      assertThat(read).isEqualTo(new CommitMetadata(ranges, failed));
    } else {
      assertThat(read.settled()).isEqualTo(ranges.subList(0, read.settled().size()));
      assertThat(new ArrayList<>(read.failed().entrySet()))
          .isEqualTo(new ArrayList<>(failed.entrySet()).subList(0, read.failed().size()));
    }
  }

  static IntStream seeds() {
    return IntStream.range(0, 500);
  }

  @Test
  void the_latest_leader_goes_with_what_is_told_and_is_read_again() {
    String text = encode(5, List.of(new Range(6, 7)));

    String withLeader = CommitMetadata.withEpoch(text, Integer.MAX_VALUE);

    assertThat(withLeader).startsWith(text + "@").hasSizeLessThanOrEqualTo(text.length() + 7);
    assertThat(CommitMetadata.epoch(withLeader)).isEqualTo(Integer.MAX_VALUE);
    assertThat(CommitMetadata.decode(5, withLeader)).isEqualTo(CommitMetadata.decode(5, text));
    assertThat(CommitMetadata.epoch(text)).isEqualTo(CommitMetadata.NO_EPOCH);
    assertThat(CommitMetadata.withEpoch("", 3)).isEmpty();
    assertThat(CommitMetadata.epoch("foreign@3")).isEqualTo(CommitMetadata.NO_EPOCH);
  }

  @Test
  void aLongRunTakesLittleRoom() {
    String text = encode(0, List.of(new Range(1, 200_000)));

    assertThat(text.length()).isLessThan(12);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "foreign",
        "wb1:",
        "wb1:x",
        "wb1:1",
        "wb1:1.",
        "wb1:-1.2",
        "wb1:1.0",
        "wb2:1.1",
        "wb1:1.1;",
        "wb1:;1",
        "wb1:;1.0",
        "wb1:;1.1.1.1",
        "wb1:;1.-1",
        "wb1:;1.zzzzzzzzz",
        "wb1:1.1;1.1;1.1",
        "wb1:1.1.1",
        "wb1:1.1@",
        "wb1:1.1@-1",
        "wb1:1.1@1@1",
        "wb1:;1.1.zzzzzzzzzzzzzzz"
      })
  void textThatIsNotOursSaysNothing(String text) {
    assertThat(CommitMetadata.decode(5, text)).isEqualTo(CommitMetadata.NONE);
  }

  private static String encode(long offset, List<Range> ranges) {
    return new CommitMetadata(ranges, new TreeMap<>()).encode(offset);
  }
}
