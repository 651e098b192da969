package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.aws.AwsGateway.Fault;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls that go wrong in every way at once: nothing confirmed is lost, nothing hangs. */
abstract class ChaosCases {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int MESSAGES = 100;
  private static final long SEED = 20_251_126;

  private AwsGateway gateway;
  private Aws aws;

  abstract AwsSdk sdk();

  @BeforeEach
  void start() throws IOException {
    gateway = new AwsGateway(TestBrokers.aws().uri());
    // what a poll took whose answer was spoiled is hidden for a lease
    aws =
        Aws.connect(
            Aws.emulator(gateway.uri())
                .sdk(sdk())
                .visibilityTimeout(Duration.ofSeconds(4))
                .build());
  }

  @AfterEach
  void stop() {
    gateway.chaos(() -> Fault.NONE);
    aws.close();
    gateway.close();
  }

  @Test
  void aQueueLosesNothingThatWasConfirmedAndStoresNothingThatWasRejected() {
    Queue queue = aws.queue(false);
    losesNothing(queue, queue, null);
  }

  @Test
  void aKeyedTopicLosesNothingEither() {
    Topic topic = new Topic(Aws.unique("topic"), true);
    losesNothing(topic, aws.subscription(topic, "sub"), "k");
  }

  private void losesNothing(Channel channel, Source source, @Nullable String key) {
    spoilEveryFifthCall();
    Collector collector = Collector.accepting();
    aws.receive(source, 50, collector);
    Map<String, CompletableFuture<String>> sends = new HashMap<>();
    for (int i = 0; i < MESSAGES; i++) {
      String ofSeveral = key == null ? null : key + i % 25;
      sends.put("m" + i, aws.send(channel, Aws.message("m" + i, ofSeveral)));
    }
    assertThat(aws.connection.sender().flush(PATIENCE)).isTrue();
    Set<String> confirmed = new HashSet<>();
    Set<String> rejected = new HashSet<>();
    sends.forEach(
        (body, send) -> {
          if (!send.isCompletedExceptionally()) {
            confirmed.add(body);
          } else if (SendingTest.failure(send).certainty() == Certainty.REJECTED) {
            rejected.add(body);
          }
        });

    await().atMost(PATIENCE).until(() -> handled(collector).containsAll(confirmed));
    gateway.chaos(() -> Fault.NONE);
    await().atMost(PATIENCE).until(() -> aws.count(source) == 0);
    assertThat(handled(collector)).noneMatch(rejected::contains);
    assertThat(confirmed).isNotEmpty();
  }

  private void spoilEveryFifthCall() {
    Random random = new Random(SEED);
    Fault[] faults = {
      Fault.THROTTLED, Fault.EXPIRED, Fault.FAILED, Fault.DONE_AND_FAILED, Fault.DONE_AND_CUT
    };
    gateway.chaos(
        () -> {
          synchronized (random) {
            return random.nextInt(5) == 0 ? faults[random.nextInt(faults.length)] : Fault.NONE;
          }
        });
  }

  private static Set<String> handled(Collector collector) {
    Set<String> texts = new HashSet<>();
    collector.deliveries.forEach(delivery -> texts.add(Collector.text(delivery)));
    return texts;
  }

  @Test
  void aSendThatWasDoneAndNotAnsweredIsUnknownAndNotSentAgain() {
    Queue queue = aws.queue(false);
    gateway.then("SendMessageBatch", Fault.DONE_AND_CUT);

    SendException e = SendingTest.failure(aws.send(queue, Aws.message("x")));

    assertThat(e.certainty()).isEqualTo(Certainty.UNKNOWN);
    assertThat(aws.count(queue)).isEqualTo(1);
    assertThat(gateway.calls("SendMessageBatch")).isEqualTo(1);
  }
}
