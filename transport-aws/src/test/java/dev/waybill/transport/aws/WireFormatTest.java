package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.routing.Queue;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WireFormatTest {
  private static final Map<String, String> ATTRIBUTES =
      Map.of("id", "m-1", "type", "orders.placed.v1", "source", "/shop", "specversion", "1.0");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "\u0000",
        "\u0001\u001f\u007f\u009f",
        "line\r\nline\ttab",
        "\"quoted\" \\ back / slash",
        "größe 漢字 عربى",
        "\uD83D\uDE9A lorry",
        "\uFFFE\uFFFF",
        "\uD83D half a pair",
        "<xml>&amp;</xml>",
        "{\"json\":null}"
      })
  void anyStringSurvivesAsKeyContentTypeAttributeAndHeader(String odd) {
    WireMessage sent =
        new WireMessage(
            "x".getBytes(StandardCharsets.UTF_8),
            odd,
            Map.of("id", "m-1", "subject", odd),
            WireFormat.hasWritableNames(named(odd))
                ? Map.of("wb-odd", odd, "wb-" + odd, "value")
                : Map.of("wb-odd", odd),
            odd,
            null);

    OutgoingMessage outgoing = write(sent, true);
    WireMessage read = roundTrip(sent, true);

    assertThat(read.contentType()).isEqualTo(odd);
    assertThat(read.key()).isEqualTo(odd);
    assertThat(read.attributes()).isEqualTo(sent.attributes());
    assertThat(read.headers()).isEqualTo(sent.headers());
    assertThat(outgoing.attributes().values())
        .allSatisfy(attribute -> assertThat(attribute.text()).isNotEmpty().matches(Legal::xml));
    assertThat(outgoing.groupId()).matches("[!-~]{1,128}");
  }

  @Test
  void theSizeIsCountedInBytesOfUtf8() {
    for (String text :
        List.of("", "plain", "größe \u0001\u007F\u0080\u07FF", "\u0800漢字\uFFFD", "a😀b")) {
      assertThat(NativeAttribute.utf8Length(text))
          .isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
    }
  }

  @Test
  void aTextBodyGoesAsItIs() {
    OutgoingMessage outgoing = write(message("{\"größe\":1}"), false);

    assertThat(outgoing.body()).isEqualTo("{\"größe\":1}");
    assertThat(outgoing.attributes()).doesNotContainKey(WireFormat.ENCODING);
  }

  @Test
  void bytesThatSqsDoesNotTakeGoInBase64() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    for (byte[] body : new byte[][] {all, {0}, {'a', 0x1b}, {(byte) 0xC3}}) {
      WireMessage sent = new WireMessage(body, null, ATTRIBUTES, Map.of(), null, null);
      assertThat(write(sent, false).attributes()).containsKey(WireFormat.ENCODING);
      assertThat(roundTrip(sent, false).body()).isEqualTo(body);
    }
  }

  @Test
  void anEmptyBodyStaysEmpty() {
    WireMessage read = roundTrip(message(""), false);

    assertThat(read.body()).isEmpty();
    assertThat(write(message(""), false).body()).isEqualTo("-");
  }

  @Test
  void aThousandHeadersTakeNoMoreThanEightAttributes() {
    Map<String, String> headers = new TreeMap<>();
    for (int i = 0; i < 1_000; i++) {
      headers.put("wb-" + i, "v" + i);
    }
    WireMessage sent =
        new WireMessage(new byte[] {0}, "text/plain", ATTRIBUTES, headers, "k", null);

    assertThat(write(sent, true).attributes()).hasSizeLessThanOrEqualTo(8);
    assertThat(roundTrip(sent, true).headers()).isEqualTo(headers);
  }

  @Test
  void whatFilterPoliciesAndOthersNeedIsThereAsPlainAttributes() {
    Map<String, NativeAttribute> attributes = write(message("x"), false).attributes();

    assertThat(attributes.get("ce_type").text()).isEqualTo("orders.placed.v1");
    assertThat(attributes.get("ce_id").text()).isEqualTo("m-1");
    assertThat(attributes.get("contentType").text()).isEqualTo("text/plain");
  }

  @Test
  void aForeignMessageIsDeliveredWithWhatItHas() {
    Map<String, NativeAttribute> attributes =
        Map.of(
            "color", NativeAttribute.string("red"),
            "count", new NativeAttribute("Number.int", "7", null),
            "Content-Type", NativeAttribute.string("application/json"),
            "CE_Type", NativeAttribute.string("other.v1"),
            "blob", new NativeAttribute("Binary", null, new byte[] {1}));

    WireMessage read = WireFormat.read(received("{}", attributes, "g-1"), true);

    assertThat(read.body()).isEqualTo("{}".getBytes(StandardCharsets.UTF_8));
    assertThat(read.headers()).isEqualTo(Map.of("color", "red", "count", "7"));
    assertThat(read.contentType()).isEqualTo("application/json");
    assertThat(read.attributes()).isEqualTo(Map.of("type", "other.v1"));
    assertThat(read.key()).isEqualTo("g-1");
    assertThat(WireFormat.read(received("{}", attributes, "g-1"), false).key()).isNull();
  }

  @Test
  void metadataThatIsNotJsonMakesAMessageForeign() {
    WireMessage read =
        WireFormat.read(
            received("x", Map.of(WireFormat.METADATA, NativeAttribute.string("{no")), null), false);

    assertThat(read.attributes()).isEmpty();
    assertThat(read.headers()).isEqualTo(Map.of(WireFormat.METADATA, "{no"));
  }

  @Test
  void aDeadLetterIsTheMessageAsReceivedWithEvidenceBesideIt() {
    OutgoingMessage sent = write(message("x"), true);
    ReceivedMessage received = received(sent.body(), sent.attributes(), sent.groupId());

    OutgoingMessage dead = WireFormat.deadLetter(received, Map.of("waybill-reason", "no"), true);
    OutgoingMessage again =
        WireFormat.deadLetter(
            received(dead.body(), dead.attributes(), null), Map.of("waybill-more", "yes"), false);

    assertThat(dead.body()).isEqualTo(sent.body());
    assertThat(dead.attributes()).containsAllEntriesOf(sent.attributes());
    assertThat(dead.groupId()).isNull();
    WireMessage read = WireFormat.read(received(again.body(), again.attributes(), null), false);
    assertThat(read.headers())
        .containsAllEntriesOf(Map.of("wb-h", "v", "waybill-reason", "no", "waybill-more", "yes"));
  }

  @Test
  void aForeignMessageWithTenAttributesHasRoomForEvidenceToo() {
    Map<String, NativeAttribute> attributes = new LinkedHashMap<>();
    Map<String, String> headers = new LinkedHashMap<>();
    for (int i = 0; i < 10; i++) {
      attributes.put("a" + i, NativeAttribute.string("v" + i));
      headers.put("a" + i, "v" + i);
    }
    headers.put("waybill-reason", "no");

    OutgoingMessage dead =
        WireFormat.deadLetter(
            received("x", attributes, null), Map.of("waybill-reason", "no"), false);

    assertThat(dead.attributes()).hasSize(10);
    assertThat(WireFormat.read(received("x", dead.attributes(), null), false).headers())
        .isEqualTo(headers);
  }

  @Test
  void aMessageSentOnceMoreOnPurposeHasAnotherDeduplicationId() {
    WireMessage first = message("x");
    WireMessage resent = message("x");
    WireMessage replayed = first.withHeaders(Map.of("waybill-replay", "1"));

    assertThat(Ids.deduplication(first)).isEqualTo(Ids.deduplication(resent));
    assertThat(Ids.deduplication(replayed))
        .isNotEqualTo(Ids.deduplication(first))
        .matches("[!-~]{1,128}");
  }

  @Test
  void messagesOfTwoSourcesWithOneIdAreNotTakenForCopies() {
    assertThat(Ids.deduplication(from(Map.of("id", "1001", "source", "/shop"))))
        .isNotEqualTo(Ids.deduplication(from(Map.of("id", "1001", "source", "/import"))))
        .isNotEqualTo(Ids.deduplication(from(Map.of("id", "1001"))));
    assertThat(Ids.deduplication(from(Map.of("id", "1001")))).isEqualTo("1001");
  }

  private static WireMessage from(Map<String, String> attributes) {
    return new WireMessage(new byte[0], null, attributes, Map.of(), null, null);
  }

  @Test
  void theGroupOfAForeignMessageIsEvidenceAndTheKeyOfItsDeadLetter() {
    ReceivedMessage foreign = received("x", Map.of(), "acct-7");

    OutgoingMessage keyed = WireFormat.deadLetter(foreign, Map.of(), true);
    OutgoingMessage share = WireFormat.deadLetter(foreign, Map.of(), false);

    WireMessage read = WireFormat.read(received("x", keyed.attributes(), null), false);
    assertThat(read.key()).isEqualTo("acct-7");
    assertThat(read.headers()).containsEntry("waybill-dead-letter-key", "acct-7");
    assertThat(WireFormat.unread(received("x", keyed.attributes(), null), false).key())
        .isEqualTo("acct-7");
    assertThat(WireFormat.read(received("x", share.attributes(), null), false).key()).isNull();
  }

  @Test
  void theSizeIsCountedAsAwsDoes() {
    OutgoingMessage message =
        new OutgoingMessage(
            "größe",
            Map.of(
                "a",
                NativeAttribute.string("bb"),
                "b",
                new NativeAttribute("Binary", null, new byte[3])),
            null,
            null,
            0);

    assertThat(message.size()).isEqualTo(7 + (1 + 6 + 2) + (1 + 6 + 3));
  }

  @Test
  void whatIsPrintedHasNoPayload() {
    OutgoingMessage outgoing = write(message("secret"), true);

    assertThat(outgoing.toString()).doesNotContain("secret");
    assertThat(received("secret", Map.of(), null).toString()).doesNotContain("secret");
  }

  private static WireMessage message(String body) {
    return new WireMessage(
        body.getBytes(StandardCharsets.UTF_8),
        "text/plain",
        ATTRIBUTES,
        Map.of("wb-h", "v"),
        null,
        null);
  }

  private static WireMessage named(String name) {
    return new WireMessage(new byte[0], null, Map.of(), Map.of(name, "value"), null, null);
  }

  private static OutgoingMessage write(WireMessage message, boolean fifo) {
    return WireFormat.write(message, new Queue("q", fifo));
  }

  private static WireMessage roundTrip(WireMessage sent, boolean fifo) {
    OutgoingMessage outgoing = write(sent, fifo);
    return WireFormat.read(
        received(outgoing.body(), outgoing.attributes(), outgoing.groupId()), fifo);
  }

  private static ReceivedMessage received(
      String body, Map<String, NativeAttribute> attributes, String groupId) {
    return new ReceivedMessage("sqs-1", "handle", body, attributes, groupId, 1);
  }

  /** The characters that SQS takes, written down a second time. */
  private static final class Legal {
    static boolean xml(String text) {
      return text.matches("[\\t\\n\\r\\x{20}-\\x{D7FF}\\x{E000}-\\x{FFFD}\\x{10000}-\\x{10FFFF}]*");
    }
  }
}
