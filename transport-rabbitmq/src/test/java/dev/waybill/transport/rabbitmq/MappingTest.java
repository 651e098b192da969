package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.GetResponse;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MappingTest extends RabbitTest {
  private final Queue queue = Wires.queue();

  @BeforeEach
  void createQueue() {
    create(queue);
  }

  @Test
  void attributesHeadersKeyAndContentTypeComeBackAsSent() throws Exception {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("wb-unicode-åß∂", "日本語 😀 \u0000 \r\n\t");
    headers.put("wb-empty", "");
    headers.put("wb-Case", "Kept");
    headers.put("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    headers.put("wb-long", "x".repeat(50_000));
    for (int i = 0; i < 300; i++) {
      headers.put("wb-many-" + i, "value " + i);
    }
    Map<String, String> attributes = new LinkedHashMap<>(Wires.message("").attributes());
    attributes.put("id", "i".repeat(300)); // over the native property's 255 bytes
    attributes.put("partitionkey", "Kunde-ä");
    attributes.put("correlationid", "");

    WireMessage read =
        roundTrip(
            new WireMessage(
                "{}".getBytes(StandardCharsets.UTF_8),
                "application/json; charset=utf-8",
                attributes,
                headers,
                "Kunde-ä",
                null));

    assertThat(read.attributes()).containsExactlyInAnyOrderEntriesOf(attributes);
    assertThat(read.headers()).containsExactlyInAnyOrderEntriesOf(headers);
    assertThat(read.key()).isEqualTo("Kunde-ä");
    assertThat(read.contentType()).isEqualTo("application/json; charset=utf-8");
    assertThat(read.delay()).isNull();
  }

  @Test
  void anyBytesAndNoBytesComeBackAsSent() throws Exception {
    byte[] all = new byte[70_000]; // three frames
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    Recording recording = receive(queue, 10);
    for (byte[] body : List.of(all, new byte[0])) {
      Wires.send(
          connection.sender(),
          queue,
          new WireMessage(body, null, Map.of("id", "1"), Map.of(), null, null));
    }

    assertThat(recording.delivery(0).message().body()).isEqualTo(all);
    assertThat(recording.delivery(1).message().body()).isEmpty();
    assertThat(recording.delivery(1).message().contentType()).isNull();
  }

  @Test
  void aForeignMessageIsDeliveredWithWhatItHas() throws Exception {
    Map<String, Object> headers = new HashMap<>();
    headers.put("text", "Grüße");
    headers.put("number", 42);
    headers.put("date", Date.from(Instant.parse("2026-03-01T12:30:00Z")));
    headers.put("list", List.of("a", 1L));
    headers.put("table", Map.of("inner", "b"));
    headers.put("flag", true);
    headers.put("nothing", null);
    headers.put("binary", new byte[] {(byte) 0xff, 0});
    headers.put("x-delivery-count", 7);
    try (Native raw = new Native(uri())) {
      raw.publish(queue.name(), new BasicProperties.Builder().headers(headers).build(), "plain");
    }

    Delivery delivery = receive(queue, 1).delivery(0);

    assertThat(delivery.attempt()).isEqualTo(1);
    assertThat(Recording.body(delivery)).isEqualTo("plain");
    assertThat(delivery.message().attributes()).isEmpty();
    assertThat(delivery.message().key()).isNull();
    assertThat(delivery.message().headers())
        .containsOnly(
            entry("text", "Grüße"),
            entry("number", "42"),
            entry("date", "2026-03-01T12:30:00Z"),
            entry("list", "[a, 1]"),
            entry("table", "{inner=b}"),
            entry("flag", "true"),
            entry("nothing", ""),
            entry("binary", "/wA="));
  }

  @Test
  void aMessageWithoutAnyPropertyIsDelivered() throws Exception {
    try (Native raw = new Native(uri())) {
      raw.publish(queue.name(), null, "");
    }

    WireMessage message = receive(queue, 1).delivery(0).message();

    assertThat(message.body()).isEmpty();
    assertThat(message.attributes()).isEmpty();
    assertThat(message.headers()).isEmpty();
  }

  @Test
  void cloudEventsAttributesOfOtherSpellingsAreRead() throws Exception {
    Map<String, Object> headers = new HashMap<>();
    headers.put("CE-Id", "1");
    headers.put("ce_source", "/other");
    headers.put("cloudEvents:type", "other.v1");
    headers.put("cloudEvents_PartitionKey", "k");
    headers.put("ce_subject", "loses");
    headers.put("ce-subject", "wins");
    headers.put("ce-datacontenttype", "text/csv");
    headers.put("ce-not-a-name", "stays");
    try (Native raw = new Native(uri())) {
      raw.publish(queue.name(), new BasicProperties.Builder().headers(headers).build(), "");
    }

    WireMessage message = receive(queue, 1).delivery(0).message();

    assertThat(message.attributes())
        .containsOnly(
            entry("id", "1"),
            entry("source", "/other"),
            entry("type", "other.v1"),
            entry("partitionkey", "k"),
            entry("subject", "wins"));
    assertThat(message.key()).isEqualTo("k");
    assertThat(message.contentType()).isEqualTo("text/csv");
    assertThat(message.headers()).containsOnly(entry("ce-not-a-name", "stays"));
  }

  @Test
  void aNativeClientCanReadOurMessages() throws Exception {
    WireMessage sent = Wires.message("{\"a\":1}", "k-1");

    Wires.send(connection.sender(), queue, sent);

    try (Native raw = new Native(uri())) {
      GetResponse read = raw.take(queue.name());
      BasicProperties properties = read.getProps();
      assertThat(read.getBody()).isEqualTo(sent.body());
      assertThat(properties.getContentType()).isEqualTo("text/plain");
      assertThat(properties.getMessageId()).isEqualTo(sent.id());
      assertThat(properties.getType()).isEqualTo("tests.message.v1");
      assertThat(properties.getTimestamp()).isEqualTo(Instant.parse("2026-03-01T12:30:00Z"));
      assertThat(properties.getDeliveryMode()).isEqualTo(2);
      Map<String, String> texts = new HashMap<>();
      properties.getHeaders().forEach((name, value) -> texts.put(name, value.toString()));
      texts.remove("x-delivery-count"); // the broker's
      assertThat(texts)
          .containsOnly(
              entry("ce-id", sent.id()),
              entry("ce-source", "/tests"),
              entry("ce-specversion", "1.0"),
              entry("ce-type", "tests.message.v1"),
              entry("ce-time", "2026-03-01T12:30:00Z"),
              entry("ce-partitionkey", "k-1"),
              entry("wb-tenant", "blue"));
    }
  }

  private WireMessage roundTrip(WireMessage message) throws Exception {
    Recording recording = receive(queue, 1);
    Wires.send(connection.sender(), queue, message);
    return recording.delivery(0).message();
  }
}
