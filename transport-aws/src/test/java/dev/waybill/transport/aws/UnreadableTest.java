package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import dev.waybill.MessageBus;
import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Messages that are there and can't be read: a number of JSON may be beyond all that Java has. */
class UnreadableTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TYPE = "application/cloudevents+json";
  private static final String BODY = "{\"specversion\":\"1.0\",\"type\":\"x\",\"n\":1e99999999999}";

  record Order(String key, int number) {}

  @Test
  void aMessageThatCantBeReadIsADeadLetterAsReceivedAndThoseBehindItInItsGroupGoOn() {
    String name = Aws.unique("orders");
    Queue queue = new Queue(name, true);
    Routes routes =
        Routes.define(
            r -> r.command(Order.class).named("order.v1").toQueue(name).keyedBy(Order::key));
    List<Integer> handled = new CopyOnWriteArrayList<>();
    try (Aws aws = Aws.connect()) {
      aws.prepare(List.of(queue), List.of(queue));
      sendUnreadable(aws, queue, "a");
      try (MessageBus bus =
          MessageBus.over(aws.transport)
              .routes(routes)
              .consume(
                  name,
                  c ->
                      c.onCommand(
                          Order.class, (order, context) -> handled.add(order.payload().number())))
              .start()) {
        bus.send(new Order("a", 1)).join();

        await().atMost(PATIENCE).until(() -> handled.equals(List.of(1)));
        await().atMost(PATIENCE).until(() -> aws.count(queue) == 0);
      }

      Message raw = aws.receiveRaw(queue.deadLetterQueue()).get(0);
      assertThat(raw.getBody()).isEqualTo(BODY);
      assertThat(raw.getMessageAttributes().get("contentType").getStringValue()).isEqualTo(TYPE);
      aws.sqs()
          .changeMessageVisibility(aws.url(queue.deadLetterQueue()), raw.getReceiptHandle(), 0);
      Collector dead = Collector.accepting();
      aws.receive(queue.deadLetterQueue(), 5, dead);
      Delivery letter = dead.next();
      assertThat(letter.message().body()).isEqualTo(BODY.getBytes(StandardCharsets.UTF_8));
      assertThat(letter.message().headers())
          .containsEntry("contentType", TYPE)
          .containsEntry(
              "waybill-dead-letter-reason", "the message could not be read: NumberFormatException")
          .containsEntry("waybill-dead-letter-channel", name);
      assertThat(letter.readFailure().code()).isEqualTo(ErrorCode.UNDECODABLE);
      assertThat(letter.readFailure()).hasNoCause();
    }
  }

  @Test
  void evidenceThatCantBeReadIsNoneAndKeepsNobodyFromTheirMessages() {
    try (Aws aws = Aws.connect()) {
      Queue queue = aws.queue(true);
      aws.sqs()
          .sendMessage(
              new SendMessageRequest(aws.url(queue), "poison")
                  .withMessageGroupId("a")
                  .withMessageDeduplicationId(Aws.unique("id"))
                  .withMessageAttributes(
                      Map.of(
                          WireFormat.EVIDENCE,
                          new MessageAttributeValue()
                              .withDataType("String")
                              .withStringValue("{\"x\":1e99999999999}"))));
      aws.sendAndWait(queue, Aws.message("behind", "b"));
      Collector collector = new Collector();
      aws.receive(queue, 5, collector);

      List<Delivery> both = collector.next(2);

      assertThat(both.stream().map(Collector::text)).containsExactlyInAnyOrder("poison", "behind");
      for (Delivery delivery : both) {
        assertThat(delivery.readFailure()).isNull();
        assertThat(Aws.settle(delivery, new Settlement.Reject("because", Map.of("why", "so"))))
            .isEqualTo(Result.SETTLED);
      }
      assertThat(aws.count(queue.deadLetterQueue())).isEqualTo(2);
    }
  }

  private static void sendUnreadable(Aws aws, Queue queue, String group) {
    aws.sqs()
        .sendMessage(
            new SendMessageRequest(aws.url(queue), BODY)
                .withMessageGroupId(group)
                .withMessageDeduplicationId(Aws.unique("id"))
                .withMessageAttributes(
                    Map.of(
                        "contentType",
                        new MessageAttributeValue().withDataType("String").withStringValue(TYPE))));
  }
}
