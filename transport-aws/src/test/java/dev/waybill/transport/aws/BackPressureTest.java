package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a full sender keeps waiting. */
class BackPressureTest {
  private static final Queue QUEUE = new Queue("q", false);
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void whoSendsAgainWhereAnAnswerArrivesIsNotInTheWayOfTheOtherAnswers(AwsSdk sdk)
      throws IOException {
    try (StubAws stub = new StubAws();
        Aws aws = Aws.connect(stub.uri(), sdk)) {
      List<CompletableFuture<String>> sends = new CopyOnWriteArrayList<>();
      stub.hold("SendMessageBatch");

      for (int i = 0; i < 1_000; i++) { // all the places that there are
        CompletableFuture<String> first = send(aws);
        sends.add(first);
        if (i < 100) {
          var unused =
              first.thenRun(
                  () -> {
                    sends.add(send(aws));
                    sends.add(send(aws));
                  });
        }
      }
      stub.letGo("SendMessageBatch");

      await()
          .atMost(DEADLINE)
          .until(() -> sends.size() == 1_200 && sends.stream().allMatch(CompletableFuture::isDone));
      assertThat(sends).allSatisfy(send -> assertThat(send).isCompleted());
      assertThat(stub.stored()).hasSize(1_200);
    }
  }

  private static CompletableFuture<String> send(Aws aws) {
    return aws.connection.sender().send(QUEUE, Aws.message("x"), DEADLINE);
  }
}
