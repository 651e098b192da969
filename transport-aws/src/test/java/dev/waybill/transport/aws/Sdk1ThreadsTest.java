package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Version 1 of the SDK takes a thread for each call, and there are only so many. */
class Sdk1ThreadsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int THREADS = 48;

  @Test
  void whatWaitedForAThreadUntilItsTimeWasOverIsNotStored() throws IOException {
    try (StubAws stub = new StubAws();
        Aws aws =
            Aws.connect(Aws.emulator(stub.uri()).sdk(AwsSdk.V1).linger(Duration.ZERO).build())) {
      stub.hold("SendMessageBatch");
      for (int i = 0; i < THREADS; i++) {
        int calls = i;
        var unused =
            aws.connection
                .sender()
                .send(new Queue("busy" + i % 3, false), Aws.message("b" + i), PATIENCE);
        await().atMost(PATIENCE).until(() -> stub.calls("SendMessageBatch") == calls + 1);
      }

      Duration deadline = Duration.ofMillis(300);
      Deadline over = Deadline.in(deadline);
      CompletableFuture<String> late =
          aws.connection.sender().send(new Queue("q", false), Aws.message("late"), deadline);
      await().atMost(PATIENCE).until(over::hasPassed);
      stub.letGo("SendMessageBatch");

      assertThat(late)
          .failsWithin(PATIENCE)
          .withThrowableThat()
          .havingCause()
          .isInstanceOfSatisfying(
              SendException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT);
                assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
              });
      await().atMost(PATIENCE).until(() -> stub.stored().size() >= THREADS);
      assertThat(stub.stored()).hasSize(THREADS).doesNotContain("late");
    }
  }
}
