package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import dev.waybill.transport.Settlement;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
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

  @Test
  void whoWaitsWhereAnAnswerToASendArrivesKeepsNoSettlementWaiting() throws IOException {
    try (StubAws stub = new StubAws();
        Aws aws = Aws.connect(stub.uri())) {
      CountDownLatch end = new CountDownLatch(1);
      CountDownLatch kept = new CountDownLatch(4); // as many as there are threads for it
      List<CompletableFuture<Void>> waiting = new CopyOnWriteArrayList<>();
      for (int i = 0; i < 4; i++) {
        waiting.add(
            send(aws)
                .thenRun(
                    () -> {
                      kept.countDown();
                      isLetGo(end);
                    }));
      }
      try {
        assertThat(isLetGo(kept)).isTrue();
        stub.thenReceived("m");
        Collector collector = new Collector();
        aws.receive(QUEUE, 1, collector);

        assertThat(collector.next(DEADLINE).settle(Settlement.accept()).toCompletableFuture())
            .succeedsWithin(DEADLINE);
      } finally {
        end.countDown();
      }
      assertThat(waiting).allSatisfy(one -> assertThat(one).succeedsWithin(DEADLINE));
    }
  }

  private static boolean isLetGo(CountDownLatch latch) {
    try {
      return latch.await(2, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static CompletableFuture<String> send(Aws aws) {
    return aws.connection.sender().send(QUEUE, Aws.message("x"), DEADLINE);
  }
}
