package dev.waybill.error;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.waybill.error.SendException.Certainty;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ErrorsTest {
  @Test
  void a_single_problem_is_the_message() {
    ConfigurationException one = new ConfigurationException(List.of("no routes"));

    assertThat(one).hasMessage("no routes");
    assertThat(one.code()).isEqualTo(ErrorCode.CONFIGURATION);
  }

  @Test
  void several_problems_are_numbered() {
    assertThat(new ConfigurationException(List.of("no routes", "no name")))
        .hasMessage("2 problems:\n  1. no routes\n  2. no name");
  }

  @Test
  void problems_are_a_copy_and_at_least_one() {
    List<String> problems = new ArrayList<>(List.of("a"));
    ConfigurationException one = new ConfigurationException(problems);
    problems.add("b");

    assertThat(one.problems()).containsExactly("a");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ConfigurationException(List.of()))
        .withMessage("a configuration exception needs at least one problem");
  }

  @Test
  void a_failed_send_says_what_is_known_of_the_message() {
    IOException cause = new IOException();
    SendException rejected = SendException.rejected(ErrorCode.TOO_LARGE, "too large", null);
    SendException unknown = SendException.unknown(ErrorCode.TIMEOUT, "no answer", cause);

    assertThat(rejected.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(rejected.code()).isEqualTo(ErrorCode.TOO_LARGE);
    assertThat(rejected).hasMessage("too large").hasNoCause();
    assertThat(unknown.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(unknown).hasMessage("no answer").hasCause(cause);
  }

  @Test
  void what_may_pass_by_itself_is_transient() {
    assertThat(List.of(ErrorCode.values()).stream().filter(ErrorCode::isTransient))
        .containsExactly(
            ErrorCode.CONNECTION_FAILED,
            ErrorCode.THROTTLED,
            ErrorCode.TIMEOUT,
            ErrorCode.STORE_FAILED,
            ErrorCode.BROKER_UNAVAILABLE);
  }
}
