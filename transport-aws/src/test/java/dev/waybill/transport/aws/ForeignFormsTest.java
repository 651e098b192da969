package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.sns.model.MessageAttributeValue;
import com.amazonaws.services.sns.model.PublishRequest;
import com.amazonaws.services.sqs.model.Message;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages that SNS has wrapped, and CloudEvents that are all in the body. */
class ForeignFormsTest {
  private static final String ENVELOPE =
      "{\"Type\":\"Notification\",\"TopicArn\":\"arn:aws:sns:eu-west-1:1:t\",\"Message\":\"inner\"}";

  @Test
  void whatSnsHasWrappedIsUnwrappedWhereTheTransportIsToldSoAndItsDeadLetterIsAsReceived() {
    Topic topic = new Topic(Aws.unique("topic"), false);
    Subscription subscription = new Subscription(topic, "sub");
    try (Aws aws =
        Aws.connect(
            Aws.emulator(TestBrokers.aws().uri()).unwrapping(subscription.name()).build())) {
      aws.subscription(topic, "sub");
      Collector collector = new Collector();
      aws.receive(subscription, 5, collector);
      WireMessage sent = Aws.message("ours").withHeaders(Map.of("wb-h", "v"));
      aws.sendAndWait(topic, sent);
      Delivery ours = collector.next();
      assertThat(Collector.text(ours)).isEqualTo("ours");
      assertThat(ours.message().attributes()).isEqualTo(sent.attributes());
      assertThat(ours.message().headers()).isEqualTo(sent.headers());
      Aws.settle(ours, new Settlement.Reject("no", Map.of("waybill-reason", "no")));

      aws.sns()
          .publish(
              new PublishRequest(
                      aws.sns().createTopic(Names.topic(topic)).getTopicArn(), "{\"a\":1}")
                  .withMessageAttributes(
                      Map.of(
                          "color",
                          new MessageAttributeValue()
                              .withDataType("String")
                              .withStringValue("red"))));
      Delivery foreign = collector.next();
      assertThat(Collector.text(foreign)).isEqualTo("{\"a\":1}");
      assertThat(foreign.message().headers()).isEqualTo(Map.of("color", "red"));
      Aws.accept(foreign);

      Collector dead = Collector.accepting();
      Message raw = aws.receiveRaw(subscription.deadLetterQueue()).get(0);
      assertThat(raw.getBody()).contains("\"Type\":\"Notification\"");
      aws.sqs()
          .changeMessageVisibility(
              aws.url(subscription.deadLetterQueue()), raw.getReceiptHandle(), 0);
      aws.receive(subscription.deadLetterQueue(), 5, dead);
      WireMessage letter = dead.next().message();
      assertThat(letter.body()).isEqualTo("ours".getBytes(StandardCharsets.UTF_8));
      assertThat(letter.attributes()).isEqualTo(sent.attributes());
      assertThat(letter.headers()).containsEntry("waybill-reason", "no");
    }
  }

  @Test
  void aTextThatOnlyLooksWrappedIsLeftAlone() {
    assertThat(SnsEnvelope.unwrap(received("{\"Type\":\"Notification\"}")).body())
        .isEqualTo("{\"Type\":\"Notification\"}");
    assertThat(SnsEnvelope.unwrap(received("plain")).body()).isEqualTo("plain");
    assertThat(SnsEnvelope.unwrap(received(ENVELOPE)).body()).isEqualTo("inner");
    assertThat(WireFormat.read(received(ENVELOPE), false).body())
        .isEqualTo(ENVELOPE.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"data\":{\"n\":1},%s}|{\"n\":1}|application/json",
        "{\"data\":[12345678901234567890.10,1E+400,0.1000000000000000055],%s}|[12345678901234567890.10,1E+400,0.1000000000000000055]|application/json",
        "{\"datacontenttype\":\"text/plain\",\"data\":\"größe\",%s}|größe|text/plain",
        "{\"datacontenttype\":\"application/json\",\"data\":\"text\",%s}|\"text\"|application/json",
        "{\"datacontenttype\":\"a/b\",\"data_base64\":\"aGk=\",%s}|hi|a/b",
        "{%s}|''|application/json"
      })
  void aCloudEventInStructuredModeIsTakenApart(String form, String body, String contentType) {
    String context =
        "\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":\"/s\",\"type\":\"t.v1\",\"count\":7";
    WireMessage read = WireFormat.read(structured(form.formatted(context)), false);

    assertThat(read.attributes())
        .isEqualTo(
            Map.of(
                "specversion", "1.0", "id", "e-1", "source", "/s", "type", "t.v1", "count", "7"));
    assertThat(read.body()).isEqualTo(body.getBytes(StandardCharsets.UTF_8));
    assertThat(read.contentType()).isEqualTo(contentType);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/cloudevents+json|no json",
        "application/cloudevents+json|{\"id\":\"without a version\"}",
        "application/cloudevents+json|{\"specversion\":\"1.0\",\"data_base64\":\"?\"}",
        "application/json|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
        "application/cloudevents-batch+json|[]"
      })
  void whatIsNoStructuredEventIsLeftAsItIs(String contentType, String body) {
    WireMessage read = WireFormat.read(received(body, contentType), false);

    assertThat(read.body()).isEqualTo(body.getBytes(StandardCharsets.UTF_8));
    assertThat(read.contentType()).isEqualTo(contentType);
    assertThat(read.attributes()).isEmpty();
  }

  private static ReceivedMessage structured(String body) {
    return received(body, "application/cloudevents+json; charset=UTF-8");
  }

  private static ReceivedMessage received(String body, String contentType) {
    return new ReceivedMessage(
        "sqs-1",
        "handle",
        body,
        Map.of("content-type", NativeAttribute.string(contentType)),
        null,
        1);
  }

  private static ReceivedMessage received(String body) {
    return new ReceivedMessage("sqs-1", "handle", body, Map.of(), null, 1);
  }
}
