package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class KafkaMappingTest {
  private static final byte[] NOT_UTF_8 = {(byte) 0xff, 0, (byte) 0xfe};

  @Test
  void what_came_as_bytes_that_are_no_text_goes_back_as_the_same_bytes() {
    ProducerRecord<byte[], byte[]> foreign = new ProducerRecord<>("t", NOT_UTF_8, new byte[] {1});
    foreign.headers().add("trace", NOT_UTF_8).add("tenant", bytes("north"));

    ProducerRecord<byte[], byte[]> again =
        KafkaMapping.toRecord("t", KafkaMapping.toMessage(received(foreign)));

    assertThat(again.key()).isEqualTo(NOT_UTF_8);
    assertThat(again.headers().lastHeader("trace").value()).isEqualTo(NOT_UTF_8);
    assertThat(again.headers().lastHeader("tenant").value()).isEqualTo(bytes("north"));
  }

  @Test
  void a_text_that_only_begins_like_bytes_stays_a_text() {
    for (String text :
        List.of("base64:", "base64:?", "base64:AAAA", "base64:YQ==", "base64:/w", "base64:/x==")) {
      WireMessage message =
          new WireMessage(new byte[0], null, Map.of(), Map.of("h", text), text, null);

      ProducerRecord<byte[], byte[]> record = KafkaMapping.toRecord("t", message);

      assertThat(record.key()).isEqualTo(bytes(text));
      assertThat(record.headers().lastHeader("h").value()).isEqualTo(bytes(text));
    }
  }

  @Test
  void aMessageSurvivesTheWayThroughARecord() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("wb-ключ 键", "значение 值 😀\u0000\n");
    headers.put("wb-empty", "");
    for (int i = 0; i < 200; i++) {
      headers.put("wb-" + i, "v" + i);
    }
    WireMessage message =
        new WireMessage(
            NOT_UTF_8,
            "application/json; charset=utf-8",
            Map.of("id", "1", "type", "t", "source", "/s", "partitionkey", "schlüssel"),
            headers,
            "schlüssel",
            null);

    WireMessage read = KafkaMapping.toMessage(received(KafkaMapping.toRecord("t", message)));

    assertThat(read.body()).isEqualTo(NOT_UTF_8);
    assertThat(read.contentType()).isEqualTo(message.contentType());
    assertThat(read.attributes()).isEqualTo(message.attributes());
    assertThat(read.headers()).isEqualTo(message.headers());
    assertThat(read.key()).isEqualTo("schlüssel");
    assertThat(read.delay()).isNull();
  }

  @Test
  void whatAMessageDoesNotHaveIsNotMadeUp() {
    WireMessage bare = new WireMessage(new byte[0], null, Map.of(), Map.of(), null, null);

    ProducerRecord<byte[], byte[]> record = KafkaMapping.toRecord("t", bare);

    assertThat(record.value()).isEmpty();
    assertThat(record.key()).isNull();
    assertThat(record.headers()).isEmpty();
    WireMessage read = KafkaMapping.toMessage(received(record));
    assertThat(read.contentType()).isNull();
    assertThat(read.key()).isNull();
    assertThat(read.id()).isNull();
  }

  @Test
  void anEmptyKeyIsNotTheSameAsNone() {
    WireMessage message = new WireMessage(new byte[0], null, Map.of(), Map.of(), "", null);

    WireMessage read = KafkaMapping.toMessage(received(KafkaMapping.toRecord("t", message)));

    assertThat(read.key()).isEmpty();
  }

  @Test
  void aForeignRecordIsReadAsItIs() {
    Headers headers = new RecordHeaders();
    headers.add("trace", bytes("first")).add("trace", bytes("last"));
    headers.add("nothing", null).add("binary", NOT_UTF_8);

    WireMessage read = KafkaMapping.toMessage(record(NOT_UTF_8, null, headers));

    assertThat(read.body()).isEmpty();
    assertThat(read.key()).isEqualTo("base64:/wD+");
    assertThat(read.attributes()).isEmpty();
    assertThat(read.headers())
        .containsOnly(
            Map.entry("trace", "last"),
            Map.entry("nothing", ""),
            Map.entry("binary", "base64:/wD+"));
  }

  @Test
  void foreignCloudEventsAreReadWhateverTheCaseOfTheirNames() {
    Headers headers = new RecordHeaders();
    headers.add("CE_ID", bytes("1")).add("Ce_Type", bytes("t")).add("Content-Type", bytes("a/b"));
    headers.add("ce_not-a-name", bytes("x")).add("ce_", bytes("y"));

    WireMessage read = KafkaMapping.toMessage(record(null, bytes("body"), headers));

    assertThat(read.attributes()).containsOnly(Map.entry("id", "1"), Map.entry("type", "t"));
    assertThat(read.contentType()).isEqualTo("a/b");
    assertThat(read.headers()).containsOnlyKeys("ce_not-a-name", "ce_");
  }

  @Test
  void theContentTypeMayComeAsAnAttribute() {
    Headers headers = new RecordHeaders().add("ce_datacontenttype", bytes("a/b"));

    WireMessage read = KafkaMapping.toMessage(record(null, null, headers));

    assertThat(read.contentType()).isEqualTo("a/b");
    assertThat(read.attributes()).isEmpty();
  }

  @Test
  void aDeadLetterHasEverythingRawAndTheEvidence() {
    Headers headers = new RecordHeaders();
    headers.add("trace", bytes("first")).add("trace", bytes("last"));
    headers.add("nothing", null).add("binary", NOT_UTF_8).add("waybill-reason", bytes("earlier"));

    ProducerRecord<byte[], byte[]> letter =
        KafkaMapping.toDeadLetter(
            "x.dlq", record(NOT_UTF_8, null, headers), Map.of("waybill-reason", "now"));

    assertThat(letter.key()).isEqualTo(NOT_UTF_8);
    assertThat(letter.value()).isNull();
    assertThat(letter.headers().headers("trace")).hasSize(2);
    assertThat(letter.headers().lastHeader("nothing").value()).isNull();
    assertThat(letter.headers().lastHeader("binary").value()).isEqualTo(NOT_UTF_8);
    assertThat(letter.headers().headers("waybill-reason"))
        .singleElement()
        .satisfies(header -> assertThat(header.value()).isEqualTo(bytes("now")));
  }

  private static ConsumerRecord<byte[], byte[]> received(ProducerRecord<byte[], byte[]> sent) {
    return record(sent.key(), sent.value(), sent.headers());
  }

  private static ConsumerRecord<byte[], byte[]> record(byte[] key, byte[] value, Headers headers) {
    return new ConsumerRecord<>(
        "t", 0, 0, 0, TimestampType.CREATE_TIME, 0, 0, key, value, headers, Optional.empty());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
