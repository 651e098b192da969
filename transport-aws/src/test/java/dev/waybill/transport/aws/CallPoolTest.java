package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CallPoolTest {
  @Test
  void aCallThatEndsInAnErrorHasAnAnswer() {
    try (CallPool calls = new CallPool(Threads.pool("test", 1), AwsFailure::of)) {
      assertThat(
              calls.call(
                  () -> {
                    throw new AssertionError("on purpose");
                  }))
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableThat()
          .withMessageContaining("on purpose");
    }
  }
}
