package dev.waybill.transport.kafka.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.kafka.chaos.Accounts.Charged;
import dev.waybill.transport.kafka.chaos.Checker.Findings;
import dev.waybill.transport.kafka.chaos.Journal.Line;
import dev.waybill.transport.kafka.chaos.Journal.What;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checker that has never found anything proves nothing. */
class CheckerTest {
  private final List<Line> lines = new ArrayList<>();
  private final List<Charged> outputs = new ArrayList<>();

  @Test
  void a_good_history_has_no_findings() {
    handled("a", 0);
    handled("b", 0);
    handled("a", 1);
    cameOut("a", 0, 1);
    cameOut("b", 0);
    assertThat(check(Map.of("a", 2, "b", 1)))
        .isEqualTo(new Findings(List.of(), List.of(), List.of(), 0, 0));
  }

  @Test
  void what_was_confirmed_and_never_handled_is_lost() {
    handled("a", 0);
    cameOut("a", 0, 1);
    assertThat(check(Map.of("a", 2)).lost()).containsExactly("never handled: a 1");
  }

  @Test
  void what_was_begun_and_never_done_is_lost() {
    note(What.BEGUN, "a", 0);
    cameOut("a", 0);
    assertThat(check(Map.of("a", 1)).lost()).containsExactly("never handled: a 0");
  }

  @Test
  void what_was_handled_without_anything_coming_of_it_is_lost() {
    handled("a", 0);
    handled("a", 1);
    cameOut("a", 0);
    assertThat(check(Map.of("a", 2)).lost()).containsExactly("never came out: a 1");
  }

  @Test
  void what_was_not_sent_is_invented() {
    handled("a", 0);
    handled("a", 1);
    cameOut("a", 0, 1);
    assertThat(check(Map.of("a", 1)).invented()).hasSize(2);
  }

  @Test
  void a_handler_that_begins_before_the_one_before_is_done_is_out_of_order() {
    note(What.BEGUN, "a", 0);
    note(What.BEGUN, "a", 1);
    note(What.DONE, "a", 0);
    note(What.DONE, "a", 1);
    cameOut("a", 0, 1);
    assertThat(check(Map.of("a", 2)).outOfOrder())
        .singleElement()
        .asString()
        .contains("handled before");
  }

  @Test
  void an_output_that_overtakes_is_out_of_order() {
    handled("a", 0);
    handled("a", 1);
    cameOut("a", 1, 0);
    assertThat(check(Map.of("a", 2)).outOfOrder())
        .singleElement()
        .asString()
        .contains("came out before");
  }

  @Test
  void going_back_to_what_was_done_is_a_repetition_and_in_order() {
    handled("a", 0);
    handled("a", 1);
    handled("a", 0);
    handled("a", 1);
    cameOut("a", 0, 1, 1);
    assertThat(check(Map.of("a", 2)))
        .isEqualTo(new Findings(List.of(), List.of(), List.of(), 2, 1));
  }

  @Test
  void journals_are_read_in_the_order_of_time_and_without_a_cut_line(@TempDir Path folder)
      throws Exception {
    Path one = folder.resolve("one");
    Path other = folder.resolve("other");
    Files.writeString(one, "10 BEGUN a 0\n30 DONE a 0\n40 BEG");
    Files.writeString(other, "20 BEGUN b 7\n");
    assertThat(Journal.read(List.of(one, other)))
        .containsExactly(
            new Line(10, What.BEGUN, "a", 0),
            new Line(20, What.BEGUN, "b", 7),
            new Line(30, What.DONE, "a", 0));
  }

  private Findings check(Map<String, Integer> sent) {
    return Checker.check(sent, lines, outputs);
  }

  private void handled(String account, int number) {
    note(What.BEGUN, account, number);
    note(What.DONE, account, number);
  }

  private void note(What what, String account, int number) {
    lines.add(new Line(lines.size(), what, account, number));
  }

  private void cameOut(String account, int... numbers) {
    for (int number : numbers) {
      outputs.add(new Charged(account, number));
    }
  }
}
