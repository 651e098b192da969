package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of the messages of a call that fails for some of them. */
class BatchTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Queue QUEUE = new Queue("q", false);
  private static final Queue KEYED = new Queue("q", true);

  private StubAws stub;

  @BeforeEach
  void start() throws IOException {
    stub = new StubAws();
  }

  @AfterEach
  void stop() {
    stub.close();
  }

  private Aws connect(AwsSdk sdk) {
    return Aws.connect(Aws.emulator(stub.uri()).sdk(sdk).linger(Duration.ofSeconds(10)).build());
  }

  /** The first goes alone, the others wait for its answer and go together. */
  private List<CompletableFuture<String>> send(Aws aws, Queue queue, String... bodies) {
    List<CompletableFuture<String>> sends = new ArrayList<>();
    stub.hold("SendMessageBatch");
    for (String body : bodies) {
      String key = queue.keyed() ? body.substring(0, 1) : null;
      sends.add(aws.connection.sender().send(queue, Aws.message(body, key), PATIENCE));
    }
    stub.letGo("SendMessageBatch");
    assertThat(aws.connection.sender().flush(PATIENCE)).isTrue();
    return sends;
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void eachMessageOfACallHasItsOwnOutcome(AwsSdk sdk) {
    stub.thenForEntry("bad", 400, "InvalidMessageContents")
        .thenForEntry("lost", 500, "InternalError");
    try (Aws aws = connect(sdk)) {
      List<CompletableFuture<String>> sends = send(aws, QUEUE, "1", "2", "bad", "3", "lost", "4");

      assertThat(stub.stored()).containsExactlyInAnyOrder("1", "2", "3", "4");
      for (int good : new int[] {0, 1, 3, 5}) {
        assertThat(sends.get(good)).isCompleted();
      }
      SendException bad = SendingTest.failure(sends.get(2));
      assertThat(bad.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
      assertThat(bad.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(SendingTest.failure(sends.get(4)).certainty()).isEqualTo(Certainty.UNKNOWN);
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void onlyWhatWasThrottledOfACallIsSentAgain(AwsSdk sdk) {
    stub.thenForEntry("3", 400, "ThrottlingException").thenForEntry("3", 400, "OverLimit");
    try (Aws aws = connect(sdk)) {
      List<CompletableFuture<String>> sends = send(aws, QUEUE, "1", "2", "3", "4");

      assertThat(sends).allSatisfy(send -> assertThat(send).isCompleted());
      assertThat(stub.stored()).containsExactlyInAnyOrder("1", "2", "3", "4");
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void whatHasBeenOvertakenInItsGroupIsNotSentAgain(AwsSdk sdk) {
    stub.thenForEntry("a2", 400, "ThrottlingException");
    try (Aws aws = connect(sdk)) {
      // a2, a3 and b1 go together, once a1 has its answer
      List<CompletableFuture<String>> sends = send(aws, KEYED, "a1", "a2", "a3", "b1");

      SendException overtaken = SendingTest.failure(sends.get(1));
      assertThat(overtaken.code()).isEqualTo(ErrorCode.THROTTLED);
      assertThat(overtaken.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(stub.stored()).containsSubsequence("a1", "a3").contains("b1").doesNotContain("a2");
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void whatStandsBehindAThrottledOneOfItsGroupWaitsForIt(AwsSdk sdk) {
    for (String body : List.of("a2", "a3", "a4", "a2", "a3", "a4")) {
      stub.thenForEntry(body, 400, "ThrottlingException");
    }
    try (Aws aws = connect(sdk)) {
      List<CompletableFuture<String>> sends = send(aws, KEYED, "a1", "a2", "a3", "b1", "a4");

      assertThat(sends).allSatisfy(send -> assertThat(send).isCompleted());
      assertThat(stub.stored().stream().filter(body -> body.startsWith("a")))
          .containsExactly("a1", "a2", "a3", "a4");
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void noCallHasMoreThanTenMessagesNorMoreThanTheSizeLimit(AwsSdk sdk) {
    try (Aws aws = connect(sdk)) {
      String large = "x".repeat(100_000);
      List<String> bodies = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        bodies.add(i + large);
      }
      for (int i = 0; i < 25; i++) {
        bodies.add("small " + i);
      }

      List<CompletableFuture<String>> sends = send(aws, QUEUE, bodies.toArray(String[]::new));

      assertThat(sends).allSatisfy(send -> assertThat(send).isCompleted());
      assertThat(stub.stored()).containsExactlyInAnyOrderElementsOf(bodies);
      assertThat(stub.largestCall()).isLessThanOrEqualTo(10);
      assertThat(stub.longestCall()).isLessThanOrEqualTo(Limits.MAX_MESSAGE_BYTES);
    }
  }
}
