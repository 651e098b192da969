package dev.waybill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetadataTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  @Test
  void fresh_metadata_has_an_id_of_its_own_and_nothing_else() {
    Metadata one = Metadata.create();

    assertThat(one.id()).isNotEqualTo(Metadata.create().id());
    assertThat(one).isEqualTo(Metadata.withId(one.id()));
    assertThat(one.type()).isNull();
    assertThat(one.headers()).isEmpty();
  }

  @Test
  void each_part_is_changed_alone() {
    Metadata base = Metadata.withId("1");

    assertThat(base.withType("t").type()).isEqualTo("t");
    assertThat(base.withSource("s").source()).isEqualTo("s");
    assertThat(base.withTime(NOON).time()).isEqualTo(NOON);
    assertThat(base.withKey("k").key()).isEqualTo("k");
    assertThat(base.withCorrelationId("c").correlationId()).isEqualTo("c");
    assertThat(base.withCausationId("c").causationId()).isEqualTo("c");
    assertThat(base.withReplyTo("r").replyTo()).isEqualTo("r");
    assertThat(base.withExpiresAt(NOON).expiresAt()).isEqualTo(NOON);
    assertThat(base.withDelay(Duration.ofSeconds(1)).delay()).isEqualTo(Duration.ofSeconds(1));
    assertThat(base.withHeader("h", "v").header("h")).isEqualTo("v");
    assertThat(base).isEqualTo(Metadata.withId("1"));
  }

  @Test
  void a_chain_of_changes_keeps_all_of_them() {
    Metadata all = everything();

    assertThat(all)
        .isEqualTo(
            new Metadata(
                "1",
                "t",
                "s",
                NOON,
                "k",
                "co",
                "ca",
                "r",
                NOON,
                Duration.ofSeconds(1),
                Map.of("h", "v")));
    assertThat(undone(all)).isEqualTo(Metadata.withId("1"));
  }

  @Test
  void headers_are_a_copy_and_keep_their_order() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("z", "1");
    headers.put("a", "2");
    Metadata metadata = Metadata.withId("1").withHeaders(headers);

    headers.put("m", "3");

    assertThat(metadata.headers().keySet()).containsExactly("z", "a");
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(() -> metadata.headers().put("m", "3"));
  }

  @Test
  void a_header_of_the_same_name_is_replaced() {
    Metadata metadata = Metadata.withId("1").withHeader("a", "1").withHeader("a", "2");

    assertThat(metadata.headers()).isEqualTo(Map.of("a", "2"));
    assertThat(metadata.header("b")).isNull();
  }

  @Test
  void metadata_without_an_id_or_with_half_a_header_is_refused() {
    assertThatNullPointerException().isThrownBy(() -> Metadata.withId(null)).withMessage("id");
    assertThatNullPointerException()
        .isThrownBy(() -> Metadata.create().withHeader("tenant", null))
        .withMessage("the value of the header 'tenant'");
    assertThatNullPointerException()
        .isThrownBy(() -> Metadata.create().withHeader(null, "acme"))
        .withMessage("the name of a header");
  }

  private static Metadata everything() {
    return Metadata.withId("1")
        .withHeader("h", "v")
        .withDelay(Duration.ofSeconds(1))
        .withExpiresAt(NOON)
        .withReplyTo("r")
        .withCausationId("ca")
        .withCorrelationId("co")
        .withKey("k")
        .withTime(NOON)
        .withSource("s")
        .withType("t");
  }

  private static Metadata undone(Metadata metadata) {
    return metadata
        .withType(null)
        .withSource(null)
        .withTime(null)
        .withKey(null)
        .withCorrelationId(null)
        .withCausationId(null)
        .withReplyTo(null)
        .withExpiresAt(null)
        .withDelay(null)
        .withHeaders(Map.of());
  }

  @Test
  void its_text_has_no_values_of_headers() {
    assertThat(Metadata.withId("m-1").withHeader("authorization", "Bearer secret").toString())
        .contains("m-1", "authorization")
        .doesNotContain("secret");
  }
}
