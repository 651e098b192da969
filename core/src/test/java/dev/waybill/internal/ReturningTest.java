package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReturningTest {
  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");

  private final Returning returning = new Returning();

  @Test
  void a_message_that_comes_again_knows_when_it_failed_first() {
    returning.keepFirstFailure(failedAt(FIRST, "a"));

    Work again = again("a");
    returning.giveTo(again);
    again.failed(FIRST.plusSeconds(9));

    assertThat(again.firstFailure()).isEqualTo(FIRST);
    assertThat(again.lastFailure()).isEqualTo(FIRST.plusSeconds(9));
  }

  @Test
  void a_message_that_went_back_for_its_delivery_s_sake_goes_on_where_it_was() {
    Work work = again("a");
    work.failed(FIRST);
    work.next();
    work.due(new Waits.Due(5, Duration.ofSeconds(7)));
    returning.keep(work);

    Work again = again("a");
    returning.giveTo(again);

    assertThat(again.attempt()).isEqualTo(3);
    assertThat(again.firstFailure()).isEqualTo(FIRST);
    assertThat(again.due()).isEqualTo(new Waits.Due(5, Duration.ofSeconds(7)));
  }

  @Test
  void another_message_begins_anew() {
    returning.keepFirstFailure(failedAt(FIRST, "a"));

    Work other = again("b");
    returning.giveTo(other);

    assertThat(other.firstFailure()).isNull();
  }

  @Test
  void only_the_latest_are_kept_however_many_fail() {
    for (int i = 0; i < 10_001; i++) {
      returning.keepFirstFailure(failedAt(FIRST, "m" + i));
    }

    Work eldest = again("m0");
    Work latest = again("m10000");
    returning.giveTo(eldest);
    returning.giveTo(latest);

    assertThat(eldest.firstFailure()).isNull();
    assertThat(latest.firstFailure()).isEqualTo(FIRST);
  }

  private static Work failedAt(Instant time, String id) {
    Work work = again(id);
    work.failed(time);
    return work;
  }

  private static Work again(String brokerId) {
    WireMessage message = FakeDelivery.wire("{}", Map.of(), Map.of(), null);
    return new Work(new FakeDelivery(brokerId, message, 2));
  }
}
