package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.amazonaws.services.sqs.model.Message;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SettlementTest {
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
  void anAcceptedMessageIsGoneAndASecondSettlementChangesNothing() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    aws.receive(queue, 5, collector);
    aws.sendAndWait(queue, Aws.message("1"));
    Delivery delivery = collector.next();

    assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.SETTLED);
    assertThat(Aws.settle(delivery, new Settlement.Release(Duration.ZERO, 0)))
        .isEqualTo(Result.SETTLED);
    assertThat(aws.count(queue)).isZero();
  }

  @Test
  void aReleasedMessageComesBackNotBeforeItsTimeAndAttemptsAreCounted() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    aws.receive(queue, 5, collector);
    aws.sendAndWait(queue, Aws.message("1"));
    Delivery first = collector.next();
    Aws.settle(first, new Settlement.Release(Duration.ZERO, 1));
    Delivery second = collector.next();
    long released = System.nanoTime();
    Aws.settle(second, new Settlement.Release(Duration.ofMillis(1_500), 2));
    Delivery third = collector.next();

    assertThat(Duration.ofNanos(System.nanoTime() - released))
        .isGreaterThanOrEqualTo(Duration.ofMillis(1_500));
    assertThat(List.of(first.attempt(), second.attempt(), third.attempt()))
        .containsExactly(1, 2, 3);
    assertThat(third.brokerId()).isEqualTo(first.brokerId());
    Aws.accept(third);
  }

  @Test
  void aRejectedMessageIsADeadLetterAsReceivedWithEvidence() {
    Topic topic = new Topic(Aws.unique("topic"), true);
    Subscription subscription = aws.subscription(topic, "sub");
    Collector collector = new Collector();
    aws.receive(subscription, 5, collector);
    WireMessage sent = Aws.message("{\"a\":1}", "k").withHeaders(Map.of("wb-h", "v"));
    aws.sendAndWait(topic, sent);
    Map<String, String> evidence = Map.of("waybill-dead-letter-reason", "größe \"no\"");

    assertThat(Aws.settle(collector.next(), new Settlement.Reject("no", evidence)))
        .isEqualTo(Result.SETTLED);

    assertThat(aws.count(subscription)).isZero();
    Message raw = aws.receiveRaw(subscription.deadLetterQueue()).get(0);
    assertThat(raw.getBody()).isEqualTo("{\"a\":1}");
    assertThat(raw.getMessageAttributes()).containsKeys("waybill", "ce_type", "waybill-evidence");
    assertThat(raw.getMessageAttributes().get("waybill-evidence").getStringValue())
        .contains("waybill-dead-letter-reason");
    aws.sqs()
        .changeMessageVisibility(
            aws.url(subscription.deadLetterQueue()), raw.getReceiptHandle(), 0);
    Collector dead = Collector.accepting();
    aws.receive(subscription.deadLetterQueue(), 5, dead);
    WireMessage read = dead.next().message();
    assertThat(read.attributes()).isEqualTo(sent.attributes());
    assertThat(read.headers()).containsEntry("wb-h", "v").containsAllEntriesOf(evidence);
    assertThat(read.key()).isEqualTo("k");
  }

  @Test
  void aMessageIsKeptWhenItsDeadLetterQueueIsGone() {
    Queue queue = aws.queue(false);
    Collector collector = new Collector();
    aws.receive(queue, 5, collector);
    aws.sendAndWait(queue, Aws.message("1"));
    Delivery delivery = collector.next();
    aws.sqs().deleteQueue(aws.url(queue.deadLetterQueue()));

    assertThat(delivery.settle(new Settlement.Reject("no", Map.of())).toCompletableFuture())
        .failsWithin(Duration.ofSeconds(20))
        .withThrowableThat()
        .havingCause()
        .isInstanceOfSatisfying(
            MessagingException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
              assertThat(e).hasMessageContaining(queue.deadLetterQueue().name());
            });
    assertThat(delivery.isOwned()).isTrue();
    assertThat(aws.count(queue)).isEqualTo(1);

    aws.prepare(List.of(queue), List.of(queue));
    assertThat(Aws.settle(delivery, new Settlement.Reject("no", Map.of())))
        .isEqualTo(Result.SETTLED);
    assertThat(aws.count(queue.deadLetterQueue())).isEqualTo(1);
    assertThat(aws.count(queue)).isZero();
  }

  @Test
  void aLeaseThatRunsOutIsLostGivesItsCreditBackAndIsNeverSettled() {
    try (Aws brief = Aws.withShortLease()) {
      Queue queue = brief.queue(false);
      Collector collector = new Collector();
      brief.receive(queue, 1, collector);
      brief.sendAndWait(queue, Aws.message("1"));
      Delivery late = collector.next();

      Delivery again = collector.next(Duration.ofSeconds(60));

      assertThat(late.isOwned()).isFalse();
      assertThat(Aws.settle(late, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
      assertThat(brief.count(queue)).isEqualTo(1);
      assertThat(again.attempt()).isEqualTo(2);
      assertThat(Aws.settle(again, Settlement.accept())).isEqualTo(Result.SETTLED);
      assertThat(brief.count(queue)).isZero();
    }
  }

  @Test
  void aLeaseThatIsRenewedLasts() {
    try (Aws brief = Aws.withShortLease()) {
      Queue queue = brief.queue(false);
      Collector collector = new Collector();
      brief.receive(queue, 5, collector);
      brief.sendAndWait(queue, Aws.message("renewed"));
      Delivery delivery = collector.next();
      brief.sendAndWait(queue, Aws.message("left alone"));

      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                delivery.renewLease();
                return collector.deliveries.stream().anyMatch(other -> other.attempt() == 2);
              });

      assertThat(collector.deliveries.stream().map(Collector::text)).containsOnly("left alone");
      assertThat(delivery.isOwned()).isTrue();
      assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.SETTLED);
    }
  }
}
