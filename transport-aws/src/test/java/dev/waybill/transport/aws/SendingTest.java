package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.sqs.model.Message;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SendingTest {
  private static Aws aws;

  @BeforeAll
  static void connect() {
    aws = Aws.connect();
  }

  @AfterAll
  static void close() {
    aws.close();
  }

  @Test
  void aSendCompletesWithTheBrokersMessageId() {
    Queue queue = aws.queue(false);

    String id = aws.send(queue, Aws.message("hello")).orTimeout(10, TimeUnit.SECONDS).join();

    assertThat(aws.receiveRaw(queue)).extracting(Message::getMessageId).containsExactly(id);
  }

  @Test
  void aConsumerWithoutThisLibraryReadsThePlainBodyAndTheMetadata() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(
        queue,
        new WireMessage(
            "{\"cents\":995}".getBytes(java.nio.charset.StandardCharsets.UTF_8),
            "application/json",
            Map.of("id", "m-1", "type", "orders.placed.v1"),
            Map.of("wb-tenant", "größe"),
            null,
            null));

    Message raw = aws.receiveRaw(queue).get(0);

    assertThat(raw.getBody()).isEqualTo("{\"cents\":995}");
    assertThat(raw.getMessageAttributes().get("ce_type").getStringValue())
        .isEqualTo("orders.placed.v1");
    assertThat(raw.getMessageAttributes().get("contentType").getStringValue())
        .isEqualTo("application/json");
    assertThat(raw.getMessageAttributes().get("waybill").getStringValue())
        .contains("\"wb-tenant\":\"größe\"");
  }

  @Test
  void aSendToAMissingQueueOrTopicIsRejectedAsNotFound() {
    for (Channel missing :
        List.of(
            new Queue(Aws.unique("missing"), false),
            new Queue(Aws.unique("missing"), true),
            new Topic(Aws.unique("missing"), false))) {
      SendException e = failure(aws.send(missing, Aws.message("x")));

      assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
      assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(e).hasMessageContaining(missing.toString());
    }
  }

  @Test
  void aQueueThatWasDeletedAndMadeAgainIsFoundAgain() {
    Queue queue = aws.queue(false);
    aws.sendAndWait(queue, Aws.message("1"));
    aws.sqs().deleteQueue(aws.url(queue));

    assertThat(failure(aws.send(queue, Aws.message("2"))).code()).isEqualTo(ErrorCode.NOT_FOUND);
    aws.prepare(List.of(queue), List.of());
    aws.sendAndWait(queue, Aws.message("3"));
  }

  @Test
  void theLargestBodyOfAnyBytesFitsAndALargerMessageIsRefusedBeforeItIsSent() {
    Topic topic = new Topic(Aws.unique("topic"), false);
    Queue queue = aws.queue(false);
    aws.prepare(List.of(topic), List.of());
    byte[] largest = new byte[Limits.MAX_BODY_BYTES];
    byte[] larger = new byte[Limits.MAX_MESSAGE_BYTES];
    Map<String, String> headers = Map.of("wb-h", "x".repeat(Limits.MAX_HEADER_BYTES - 4));

    for (Channel channel : List.of(queue, topic)) {
      aws.sendAndWait(channel, new WireMessage(largest, null, Map.of(), headers, null, null));
      SendException e =
          failure(aws.send(channel, new WireMessage(larger, null, Map.of(), headers, null, null)));
      assertThat(e.code()).isEqualTo(ErrorCode.TOO_LARGE);
      assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
    }
    assertThat(aws.count(queue)).isEqualTo(1);
  }

  @Test
  void aDelayIsKeptByQueuesAndTopicsAndRefusedByNameWhereThereAreKeys() {
    Queue queue = aws.queue(false);
    Topic topic = new Topic(Aws.unique("topic"), false);
    Subscription subscription = aws.subscription(topic, "sub");
    for (Source source : List.of(queue, subscription)) {
      Collector collector = Collector.accepting();
      aws.receive(source, 5, collector);
      long start = System.nanoTime();
      aws.sendAndWait(source.channel(), delayed(Duration.ofMillis(1500)));
      collector.next();

      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isGreaterThan(Duration.ofMillis(1500));
    }
    for (Channel keyed : List.of(aws.queue(true), new Topic(Aws.unique("topic"), true))) {
      SendException e = failure(aws.send(keyed, delayed(Duration.ofSeconds(1))));
      assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED);
      assertThat(e).hasMessageContaining(keyed.toString()).hasMessageContaining("FIFO");
    }
  }

  @Test
  void manySendsAtOnceAllArriveAndFlushWaitsForThem() {
    Queue queue = aws.queue(false);
    List<CompletableFuture<String>> sends = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      sends.add(aws.send(queue, Aws.message("m" + i)));
    }

    assertThat(aws.connection.sender().flush(Duration.ofSeconds(30))).isTrue();

    assertThat(sends).allSatisfy(send -> assertThat(send).isCompleted());
    assertThat(aws.count(queue)).isEqualTo(60);
  }

  @Test
  void theSameMessageSentTwiceToAKeyedQueueIsStoredOnce() {
    Queue queue = aws.queue(true);
    WireMessage message = Aws.message("x", "k");
    aws.sendAndWait(queue, message);
    aws.sendAndWait(queue, message);

    assertThat(aws.count(queue)).isEqualTo(1);
  }

  @Test
  void aSendAfterCloseIsRejectedAsClosed() {
    Aws other = Aws.connect();
    Queue queue = other.queue(false);
    other.close();

    SendException e = failure(other.send(queue, Aws.message("x")));

    assertThat(e.code()).isEqualTo(ErrorCode.CLOSED);
    assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
  }

  static SendException failure(CompletableFuture<String> send) {
    assertThat(send)
        .failsWithin(Duration.ofSeconds(20))
        .withThrowableThat()
        .withCauseInstanceOf(SendException.class);
    // not wrapped, so that dependents see the code at once
    return (SendException) send.handle((id, e) -> e).join();
  }

  private static WireMessage delayed(Duration delay) {
    return new WireMessage(
        "x".getBytes(java.nio.charset.StandardCharsets.UTF_8),
        null,
        Map.of(),
        Map.of(),
        null,
        delay);
  }
}
