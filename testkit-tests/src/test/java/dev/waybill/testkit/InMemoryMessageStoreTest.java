package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.delivery.InMemoryMessageStore;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.delivery.ProcessedMessageStore.Claim;
import dev.waybill.delivery.ProcessedMessageStore.Processed;
import dev.waybill.transport.inmemory.VirtualClock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class InMemoryMessageStoreTest extends ProcessedMessageStoreContract {
  private final VirtualClock clock = VirtualClock.create();
  private InMemoryMessageStore store;

  @Override
  protected ProcessedMessageStore open(Duration lease, Duration retention) {
    if (store == null) {
      store = InMemoryMessageStore.builder().lease(lease).retention(retention).clock(clock).build();
    }
    return store;
  }

  @Override
  protected void pass(Duration time) {
    clock.advance(time);
  }

  @Test
  void the_eldest_is_forgotten_when_there_is_no_more_place_and_that_is_counted() {
    InMemoryMessageStore small = InMemoryMessageStore.builder().capacity(2).build();

    for (String id : new String[] {"1", "2", "3"}) {
      assertThat(small.complete((Claim) small.claim("payments", id))).isTrue();
    }

    assertThat(small.size()).isEqualTo(2);
    assertThat(small.forgottenEarly()).isOne();
    assertThat(small.claim("payments", "3")).isEqualTo(new Processed());
    assertThat(small.claim("payments", "1")).isInstanceOf(Claim.class);
  }

  @Test
  void times_that_no_clock_could_count_to_are_refused_by_their_names() {
    Duration forever = ChronoUnit.FOREVER.getDuration();

    assertThatThrownBy(() -> InMemoryMessageStore.builder().retention(forever))
        .hasMessage("retention(%s): give at most 36500 days.".formatted(forever));
    assertThatThrownBy(() -> InMemoryMessageStore.builder().lease(forever))
        .hasMessage("lease(%s): give at most 36500 days.".formatted(forever));
    InMemoryMessageStore longest =
        InMemoryMessageStore.builder().retention(Duration.ofDays(36_500)).build();
    assertThat(longest.complete((Claim) longest.claim("payments", "1"))).isTrue();
    assertThat(longest.claim("payments", "1")).isEqualTo(new Processed());
  }
}
