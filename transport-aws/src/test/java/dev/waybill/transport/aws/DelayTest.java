package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.WireMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Delays that SQS does not serve: by hops of what it does. */
class DelayTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static WireMessage delayed(Duration delay) {
    return new WireMessage(
        "x".getBytes(StandardCharsets.UTF_8), null, Map.of("id", "m-1"), Map.of(), null, delay);
  }

  @Test
  void aLongDelayBeginsWithTheLongestThatSqsHasAndCarriesItsTime() {
    long before = System.currentTimeMillis();

    OutgoingMessage toQueue = WireFormat.write(delayed(Duration.ofHours(3)), new Queue("q", false));
    OutgoingMessage toTopic =
        WireFormat.write(delayed(Duration.ofSeconds(3)), new Topic("t", false));
    OutgoingMessage brief =
        WireFormat.write(delayed(Duration.ofMinutes(15)), new Queue("q", false));

    assertThat(toQueue.delaySeconds()).isEqualTo(900);
    assertThat(due(toQueue)).isGreaterThanOrEqualTo(before + Duration.ofHours(3).toMillis());
    assertThat(toTopic.delaySeconds()).isZero();
    assertThat(due(toTopic)).isGreaterThanOrEqualTo(before + Duration.ofSeconds(3).toMillis());
    assertThat(brief.delaySeconds()).isEqualTo(900);
    assertThat(brief.attributes()).doesNotContainKey(WireFormat.DUE);
    assertThat(due(WireFormat.write(delayed(Duration.ofDays(400_000)), new Queue("q", false))))
        .isGreaterThan(before);
  }

  private static long due(OutgoingMessage message) {
    return Long.parseLong(String.valueOf(message.attributes().get(WireFormat.DUE).text()));
  }

  @Test
  void whatIsReceivedBeforeItIsDueGoesBackAndComesAsItsFirstAttemptWhenItIs() throws IOException {
    try (AwsGateway gateway = new AwsGateway(TestBrokers.aws().uri());
        Aws aws = Aws.connect(gateway.uri())) {
      Queue queue = aws.queue(false);
      String url = aws.url(queue);
      Collector collector = Collector.accepting();
      aws.receive(queue, 5, collector);

      // a machine that stands still may deliver the first ones only when they are due
      for (long ahead = 3_000; gateway.calls("SendMessageBatch") == 0; ahead *= 2) {
        assertThat(ahead).as("milliseconds, all over before it was received").isLessThan(60_000);
        long due = System.currentTimeMillis() + ahead;
        sendRaw(aws, url, due);
        var delivery = collector.next(PATIENCE);

        assertThat(System.currentTimeMillis()).isGreaterThanOrEqualTo(due);
        assertThat(delivery.attempt()).isEqualTo(1);
        assertThat(delivery.message().headers()).isEmpty();
      }

      assertThat(gateway.calls("SendMessageBatch")).isEqualTo(1);
      await().atMost(PATIENCE).until(() -> aws.count(queue) == 0);
      assertThat(collector.deliveries).isEmpty();
    }
  }

  private static void sendRaw(Aws aws, String url, long due) {
    aws.sqs()
        .sendMessage(
            new SendMessageRequest(url, "later")
                .withMessageAttributes(
                    Map.of(
                        WireFormat.DUE,
                        new MessageAttributeValue()
                            .withDataType("String")
                            .withStringValue(String.valueOf(due)))));
  }

  @Test
  void aHopThatFailsLeavesTheMessageWhereItWas() throws IOException {
    try (AwsGateway gateway = new AwsGateway(TestBrokers.aws().uri());
        Aws aws =
            Aws.connect(
                Aws.emulator(gateway.uri()).visibilityTimeout(Duration.ofSeconds(4)).build())) {
      Topic topic = new Topic(Aws.unique("topic"), false);
      var subscription = aws.subscription(topic, "sub");
      gateway.then("SendMessageBatch", AwsGateway.Fault.FAILED);
      Collector collector = Collector.accepting();
      aws.receive(subscription, 5, collector);

      aws.sendAndWait(topic, delayed(Duration.ofSeconds(1)));

      assertThat(Collector.text(collector.next(PATIENCE))).isEqualTo("x");
      await().atMost(PATIENCE).until(() -> aws.count(subscription) == 0);
    }
  }

  /** The copy would be stored, and the message not deleted: it would be handled twice. */
  @Test
  void theLeaseOfAMessageIsKeptWhileItsCopyIsStored() throws IOException {
    try (AwsGateway gateway = new AwsGateway(TestBrokers.aws().uri());
        Aws aws =
            Aws.connect(
                Aws.emulator(gateway.uri()).visibilityTimeout(Duration.ofSeconds(4)).build())) {
      Topic topic = new Topic(Aws.unique("topic"), false);
      var subscription = aws.subscription(topic, "sub");
      gateway.hold("SendMessageBatch");
      Collector collector = Collector.accepting();
      aws.receive(subscription, 5, collector);

      aws.sendAndWait(topic, delayed(Duration.ofMinutes(20)));
      await().atMost(PATIENCE).until(() -> gateway.calls("SendMessageBatch") >= 1);

      await().atMost(PATIENCE).until(() -> gateway.calls("ChangeMessageVisibilityBatch") >= 1);
      gateway.letGo("SendMessageBatch");
      await().atMost(PATIENCE).until(() -> gateway.calls("DeleteMessageBatch") >= 1);
    }
  }
}
