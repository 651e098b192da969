package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DelayLevelsTest {
  private final DelayLevels levels = DelayLevels.SECONDS;

  @ParameterizedTest
  @CsvSource({
    "-5, 0",
    "0, 0",
    "999, 0",
    "1000, 1",
    "3999, 1",
    "4000, 2",
    "16000, 3",
    "262143999, 9",
    "262144000, 10",
    "9000000000000, 10"
  })
  void aMessageWaitsInTheLongestLevelThatFits(long remaining, int partition) {
    assertThat(levels.partitionFor(remaining)).isEqualTo(partition);
  }

  @Test
  void levelsWaitForOneSecondToThreeDays() {
    assertThat(levels.waitMillis(0)).isZero();
    assertThat(levels.waitMillis(1)).isEqualTo(1_000);
    assertThat(levels.waitMillis(DelayLevels.PARTITIONS - 1))
        .isEqualTo(Duration.ofSeconds(262_144).toMillis());
    assertThat(levels.waitMillis(DelayLevels.PARTITIONS + 5))
        .as("a partition that somebody added")
        .isEqualTo(levels.waitMillis(DelayLevels.PARTITIONS - 1));
  }

  @Test
  void aYearTakesFewWaits() {
    long remaining = Duration.ofDays(365).plusMillis(1234).toMillis();
    int waits = 0;
    for (int p = levels.partitionFor(remaining); p > 0; p = levels.partitionFor(remaining)) {
      remaining -= levels.waitMillis(p);
      waits++;
    }
    assertThat(waits).isLessThan(150);
    assertThat(remaining).isBetween(0L, 999L);
  }
}
