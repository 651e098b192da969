package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Event;
import dev.waybill.Metadata;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.MessageKind;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class WireMappingTest {
  private static final byte[] BODY = {0, 1, (byte) 0xff};

  private final Metadata full =
      new Metadata(
          "m-1",
          "orders.placed.v1",
          "order-service",
          Instant.parse("2026-01-02T03:04:05.678Z"),
          "o-1 ä€\uD83D\uDE00",
          "conversation",
          "cause",
          "replies",
          Instant.parse("2026-01-02T04:04:05Z"),
          null,
          headers());

  private static Map<String, String> headers() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("tenant", "acme");
    headers.put("empty", "");
    headers.put("odd", "ä€\uD83D\uDE00\t\n\"");
    headers.put("traceparent", "00-1-2-01");
    headers.put("tracestate", "a=b");
    return headers;
  }

  @ParameterizedTest
  @EnumSource(MessageKind.class)
  void all_metadata_goes_there_and_back(MessageKind kind) {
    WireMessage wire = WireMapping.encode(kind, full, BODY, "application/json");

    assertThat(WireMapping.decode(wire, () -> "q@1")).isEqualTo(full);
    assertThat(wire.attributes())
        .containsEntry("specversion", "1.0")
        .containsEntry("waybillkind", kind.wireName());
    assertThat(wire.body()).isSameAs(BODY);
    assertThat(wire.contentType()).isEqualTo("application/json");
    assertThat(wire.key()).isEqualTo(full.key());
  }

  @Test
  void the_attributes_are_those_of_cloud_events_and_its_extensions() {
    WireMessage wire = encoded(full);

    assertThat(wire.attributes())
        .isEqualTo(
            Map.ofEntries(
                Map.entry("specversion", "1.0"),
                Map.entry("id", "m-1"),
                Map.entry("source", "order-service"),
                Map.entry("type", "orders.placed.v1"),
                Map.entry("time", "2026-01-02T03:04:05.678Z"),
                Map.entry("waybillkind", "event"),
                Map.entry("partitionkey", "o-1 ä€\uD83D\uDE00"),
                Map.entry("correlationid", "conversation"),
                Map.entry("causationid", "cause"),
                Map.entry("expirytime", "2026-01-02T04:04:05Z"),
                Map.entry("waybillreplyto", "replies")));
    assertThat(wire.attributes().keySet()).allMatch(name -> name.matches("[a-z0-9]{1,20}"));
  }

  @Test
  void what_is_not_there_is_not_written() {
    WireMessage wire = encoded(minimal());

    assertThat(wire.attributes())
        .containsOnlyKeys("specversion", "id", "source", "type", "waybillkind");
    assertThat(wire.headers()).isEmpty();
    assertThat(wire.key()).isNull();
    assertThat(wire.delay()).isNull();
  }

  @Test
  void a_delay_is_a_send_option_and_is_not_read_back() {
    WireMessage wire = encoded(minimal().withDelay(Duration.ofSeconds(5)));

    assertThat(wire.delay()).isEqualTo(Duration.ofSeconds(5));
    assertThat(WireMapping.decode(wire, () -> "q@1").delay()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ce_id",
        "ce-id",
        "cloudEvents:id",
        "waybill-dead-letter-reason",
        "CC",
        "BCC",
        "x-death",
        "user-id",
        "expiration",
        "content-type",
        "wb-x",
        "wb-wb-x",
        "AWS.Trace",
        "Traceparent"
      })
  void a_users_header_never_takes_a_native_name_or_one_of_evidence(String name) {
    Metadata metadata = minimal().withHeader(name, "v");
    WireMessage wire = encoded(metadata);

    assertThat(wire.headers()).isEqualTo(Map.of("wb-" + name, "v"));
    assertThat(WireMapping.decode(wire, () -> "q@1")).isEqualTo(metadata);
  }

  @ParameterizedTest
  @ValueSource(strings = {"traceparent", "tracestate"})
  void the_trace_keeps_its_w3c_names(String name) {
    WireMessage wire = encoded(minimal().withHeader(name, "v"));

    assertThat(wire.headers()).isEqualTo(Map.of(name, "v"));
  }

  @Test
  void a_foreign_message_has_defaults() {
    WireMessage foreign =
        FakeDelivery.wire("{}", Map.of(), Map.of("x-foreign", "1", "wb-tenant", "acme"), "k");

    assertThat(WireMapping.decode(foreign, () -> "orders-0@42"))
        .isEqualTo(
            Metadata.withId("orders-0@42")
                .withKey("k")
                .withHeaders(Map.of("x-foreign", "1", "tenant", "acme")));
  }

  @Test
  void an_empty_id_is_none() {
    assertThat(WireMapping.decode(foreign(Map.of("id", "")), () -> "q@1").id()).isEqualTo("q@1");
  }

  @Test
  void evidence_is_not_shown_as_a_users_header() {
    WireMessage wire =
        FakeDelivery.wire("{}", Map.of(), Map.of("waybill-dead-letter-reason", "x"), null);

    assertThat(WireMapping.decode(wire, () -> "q@1").headers()).isEmpty();
  }

  @Test
  void our_own_header_wins_over_a_native_one_of_its_name() {
    WireMessage wire =
        FakeDelivery.wire("{}", Map.of(), Map.of("wb-tenant", "ours", "tenant", "native"), null);

    assertThat(WireMapping.decode(wire, () -> "q@1").headers()).isEqualTo(Map.of("tenant", "ours"));
  }

  @Test
  void a_foreign_time_with_an_offset_is_read() {
    assertThat(
            WireMapping.decode(foreign(Map.of("time", "2026-01-02t03:04:05+02:00")), () -> "q@1")
                .time())
        .isEqualTo(Instant.parse("2026-01-02T01:04:05Z"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "1767323045"})
  void a_malformed_time_is_undecodable(String text) {
    for (String name : List.of("time", "expirytime")) {
      MessagingException refused =
          catchThrowableOfType(
              MessagingException.class,
              () -> WireMapping.checkedExpiry(foreign(Map.of(name, text))));

      assertThat(refused.code()).isEqualTo(ErrorCode.UNDECODABLE);
      assertThat(refused)
          .hasMessage(
              "the CloudEvents attribute '%s' is not a time in RFC 3339 form with an offset"
                  .formatted(name));
    }
  }

  @Test
  void a_required_attribute_is_not_empty() {
    refused(
        Metadata.withId("").withType("t").withSource("s"),
        "the CloudEvents attribute 'id' must not be empty");
    refused(minimal().withSource(""), "the CloudEvents attribute 'source' must not be empty");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\u0000", "a\nb", "\u007f", "\u0085"})
  void an_attribute_has_no_control_characters(String text) {
    refused(
        minimal().withKey(text),
        "the CloudEvents attribute 'partitionkey' must not contain control characters");
    refused(
        minimal().withCorrelationId(text),
        "the CloudEvents attribute 'correlationid' must not contain control characters");
    refused(
        minimal().withReplyTo(text),
        "the CloudEvents attribute 'waybillreplyto' must not contain control characters");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ab\uD83D", "ab\uDE00", "ab\uD83Dx", "ab\uDE00\uD83D"})
  void half_a_surrogate_pair_is_refused(String text) {
    refused(
        minimal().withHeader("tenant", text),
        "the value of the header 'tenant' has half of a surrogate pair at 2, which UTF-8 can't"
            + " carry");
    refused(
        minimal().withKey(text),
        "the value of the header 'partitionkey' has half of a surrogate pair at 2, which UTF-8"
            + " can't carry");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\n", "ä", "\u007f"})
  void a_headers_name_is_visible_ascii(String name) {
    refused(
        minimal().withHeader(name, "v"),
        "the header name '%s' has to be 1 to 200 visible ASCII characters".formatted(name));
  }

  @Test
  void a_headers_name_has_200_characters_at_most() {
    assertThat(encoded(minimal().withHeader("x".repeat(200), "v")).headers()).hasSize(1);
    refused(
        minimal().withHeader("x".repeat(201), "v"),
        "the header name '%s' has to be 1 to 200 visible ASCII characters"
            .formatted("x".repeat(201)));
  }

  @Test
  void a_time_that_rfc_3339_can_not_write_is_refused_and_not_sent_unreadable() {
    refused(
        minimal().withExpiresAt(Instant.MAX),
        "the CloudEvents attribute 'expirytime' is beyond the years 0 to 9999, which RFC 3339 can't"
            + " write; leave it out for \"never\"");
    refused(
        minimal().withTime(Instant.MIN),
        "the CloudEvents attribute 'time' is beyond the years 0 to 9999, which RFC 3339 can't"
            + " write; leave it out for \"never\"");
    Instant last = Instant.parse("9999-12-31T23:59:59.999999999Z");
    assertThat(WireMapping.decode(encoded(minimal().withExpiresAt(last)), () -> "q@1").expiresAt())
        .isEqualTo(last);
  }

  @Test
  void the_kind_makes_the_envelope() {
    Metadata metadata = minimal();

    assertThat(WireMapping.envelope(MessageKind.COMMAND, "p", () -> metadata))
        .isEqualTo(Command.of("p", metadata));
    assertThat(WireMapping.envelope(MessageKind.EVENT, "p", () -> metadata))
        .isEqualTo(Event.of("p", metadata));
    assertThat(WireMapping.envelope(MessageKind.DOCUMENT, "p", () -> metadata))
        .isEqualTo(Document.of("p", metadata));
  }

  @Test
  void the_expiry_of_a_message_is_that_of_its_metadata() {
    Instant expiry = Instant.parse("2026-01-02T03:04:05.006Z");

    assertThat(WireMapping.checkedExpiry(encoded(minimal().withExpiresAt(expiry))))
        .isEqualTo(expiry);
    assertThat(WireMapping.checkedExpiry(encoded(minimal()))).isNull();
  }

  private static Metadata minimal() {
    return Metadata.withId("m-1").withType("t").withSource("s");
  }

  private static WireMessage foreign(Map<String, String> attributes) {
    return FakeDelivery.wire("{}", attributes, Map.of(), null);
  }

  private static WireMessage encoded(Metadata metadata) {
    return WireMapping.encode(MessageKind.EVENT, metadata, BODY, "application/json");
  }

  private static void refused(Metadata metadata, String message) {
    MessagingException refused =
        catchThrowableOfType(MessagingException.class, () -> encoded(metadata));

    assertThat(refused).hasMessage(message);
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
  }
}
