package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.support.SettledPrefix.Range;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommitMetadataTest {
  @Test
  void rangesSurviveAsCompactText() {
    List<Range> ranges = List.of(new Range(102, 103), new Range(108, 118));

    String text = CommitMetadata.encode(100, ranges);

    assertThat(text).isEqualTo("wb1:2.1,5.a");
    assertThat(CommitMetadata.decode(100, text)).isEqualTo(ranges);
  }

  @Test
  void nothingSettledBeyondIsTheEmptyText() {
    assertThat(CommitMetadata.encode(100, List.of())).isEmpty();
    assertThat(CommitMetadata.decode(100, "")).isEmpty();
  }

  @Test
  void whatDoesNotFitIsLeftOutFromTheFarthest() {
    List<Range> ranges = new ArrayList<>();
    for (long id = 2; id < 10_000; id += 2) {
      ranges.add(new Range(id, id + 1));
    }

    String text = CommitMetadata.encode(1, ranges);

    assertThat(text.length()).isBetween(4090, 4096);
    List<Range> read = CommitMetadata.decode(1, text);
    assertThat(read).isEqualTo(ranges.subList(0, read.size())).hasSizeGreaterThan(1000);
  }

  @Test
  void aLongRunTakesLittleRoom() {
    String text = CommitMetadata.encode(0, List.of(new Range(1, 200_000)));

    assertThat(text.length()).isLessThan(12);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"foreign", "wb1:", "wb1:x", "wb1:1", "wb1:1.", "wb1:-1.2", "wb1:1.0", "wb2:1.1"})
  void textThatIsNotOursSaysNothing(String text) {
    assertThat(CommitMetadata.decode(5, text)).isEmpty();
  }
}
