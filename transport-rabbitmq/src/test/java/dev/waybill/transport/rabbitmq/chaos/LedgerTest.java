package dev.waybill.transport.rabbitmq.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.rabbitmq.chaos.Ledger.Charge;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private final Ledger ledger = new Ledger();

  @Test
  void a_history_in_order_is_right() {
    handled("a", 0);
    handled("b", 0);
    handled("a", 1);

    assertThat(ledger.lost(Map.of("a", 2, "b", 1))).isEmpty();
    assertThat(ledger.invented(Map.of("a", 2, "b", 1))).isEmpty();
    assertThat(ledger.outOfOrder(Set.of())).isEmpty();
    assertThat(ledger.repeated()).isZero();
    assertThat(ledger.count()).isEqualTo(3);
  }

  @Test
  void what_was_confirmed_and_only_begun_is_lost() {
    ledger.begin(new Charge("a", 0));

    assertThat(ledger.lost(Map.of("a", 1))).containsExactly(new Charge("a", 0));
  }

  @Test
  void what_was_not_sent_is_invented() {
    handled("a", 0);

    assertThat(ledger.invented(Map.of())).containsExactly(new Charge("a", 0));
  }

  @Test
  void a_charge_that_begins_while_the_one_before_runs_is_out_of_order() {
    ledger.begin(new Charge("a", 0));
    ledger.begin(new Charge("a", 1));

    assertThat(ledger.outOfOrder(Set.of())).singleElement().asString().contains("begun before");
  }

  @Test
  void a_charge_may_overtake_one_that_had_to_be_sent_again_and_no_other() {
    handled("a", 2);
    handled("a", 0);
    handled("a", 1);

    assertThat(ledger.outOfOrder(Set.of(new Charge("a", 0), new Charge("a", 1)))).isEmpty();
    assertThat(ledger.outOfOrder(Set.of(new Charge("a", 0))))
        .singleElement()
        .asString()
        .contains("number=2")
        .contains("number=1");
  }

  @Test
  void going_back_to_what_was_done_is_a_repetition_and_in_order() {
    handled("a", 0);
    handled("a", 1);
    handled("a", 0);
    handled("a", 1);

    assertThat(ledger.outOfOrder(Set.of())).isEmpty();
    assertThat(ledger.repeated()).isEqualTo(2);
  }

  private void handled(String account, int number) {
    ledger.begin(new Charge(account, number));
    ledger.done(new Charge(account, number));
  }
}
