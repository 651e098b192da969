package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimestampsTest {
  private static final long FIRST = Instant.parse("0000-01-01T00:00:00Z").toEpochMilli();
  private static final long LAST = Instant.parse("9999-12-31T23:59:59.999Z").toEpochMilli();

  @Test
  void writes_and_reads_any_time_as_the_jdk_does() {
    Random random = new Random(42);
    for (int i = 0; i < 5_000; i++) {
      long millis = FIRST + (long) (random.nextDouble() * (LAST - FIRST));
      Instant instant = Instant.ofEpochMilli(millis).plusNanos(random.nextInt(2) * 17);
      agrees(instant);
      agrees(instant.plusMillis(1)); // mostly of the same second
      agrees(Instant.ofEpochSecond(instant.getEpochSecond()));
    }
  }

  private static void agrees(Instant instant) {
    String text = Timestamps.format(instant);
    assertThat(text).isEqualTo(instant.toString());
    assertThat(Timestamps.parse(text)).isEqualTo(instant);
  }

  @Test
  void every_millisecond_of_a_second_is_written_with_three_digits_and_read_again() {
    Instant second = Instant.parse("2026-01-31T12:00:59Z");
    for (int millis = 0; millis < 1_000; millis++) {
      agrees(second.plusMillis(millis));
    }
  }

  @Test
  void the_same_second_at_another_offset_is_another_time() {
    assertThat(Timestamps.parse("2026-01-31T12:00:00.123Z"))
        .isEqualTo(Instant.parse("2026-01-31T12:00:00.123Z"));
    assertThat(Timestamps.parse("2026-01-31T12:00:00.123+02:00"))
        .isEqualTo(Instant.parse("2026-01-31T10:00:00.123Z"));
  }

  @Test
  void what_is_no_time_is_refused_also_in_a_second_that_was_read_before() {
    var unused = Timestamps.parse("2026-01-31T12:00:00.123Z");
    for (String text :
        new String[] {
          "2026-01-31T12:00:00.12xZ",
          "2026-01-31T12:00:00.1234",
          "2026-01-31T12:00:00.123",
          "2026-01-31T12:00:00,123Z",
          "2026-01-31T12:00:60.123Z",
          "2026-02-30T12:00:00.123Z",
          ""
        }) {
      assertThatExceptionOfType(DateTimeException.class)
          .as(text)
          .isThrownBy(() -> Timestamps.parse(text));
      assertThatExceptionOfType(DateTimeException.class)
          .as(text)
          .isThrownBy(() -> OffsetDateTime.parse(text));
    }
  }
}
