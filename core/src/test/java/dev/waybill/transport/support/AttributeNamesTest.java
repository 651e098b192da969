package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttributeNamesTest {
  private final AttributeNames names = new AttributeNames("ce-", "cloudevents:");

  @ParameterizedTest
  @ValueSource(strings = {"id", "type", "waybillkind", "theirs2"})
  void an_attribute_is_read_from_the_header_that_it_is_written_as(String attribute) {
    assertThat(names.header(attribute)).isEqualTo("ce-" + attribute);
    assertThat(names.attribute(names.header(attribute))).isEqualTo(attribute);
  }

  @ParameterizedTest
  @CsvSource({"CE-Id, id", "cloudEvents:type, type", "ce-Theirs, theirs", "CLOUDEVENTS:x1, x1"})
  void other_spellings_are_read_too(String header, String attribute) {
    assertThat(names.attribute(header)).isEqualTo(attribute);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "id", "ce-", "ce_id", "ce-two words", "ce-ö", "cloudevents:", "xce-id"})
  void what_is_no_attribute_is_none(String header) {
    assertThat(names.attribute(header)).isNull();
  }

  @Test
  void a_header_says_the_same_at_every_place_and_after_every_other() {
    List<String> headers =
        List.of("ce-id", "CE-Type", "wb-tenant", "ce-theirs", "traceparent", "x".repeat(70));
    Random random = new Random(11);
    for (int i = 0; i < 1_000; i++) {
      String header = new String(headers.get(random.nextInt(headers.size())).toCharArray());
      AttributeNames.Header read = names.read(header, random.nextInt(20));
      assertThat(read.name()).isEqualTo(header);
      assertThat(read.attribute()).isEqualTo(names.attribute(header));
    }
    assertThat(names.read("CE-Type", 3).repeated())
        .isSameAs(names.read("ce-type", 3).repeated())
        .isNotNull();
  }

  @Test
  void a_repeated_text_is_read_again_only_when_it_changes() {
    RepeatedText types = names.read("ce-type", 0).repeated();
    assertThat(types).isNotNull();
    assertThat(names.read("ce-id", 1).repeated()).isNull();
    List<String> read = new ArrayList<>();
    List<String> given = new ArrayList<>();
    for (String text : List.of("a", "a", "b", "b", "a")) {
      given.add(
          types.of(
              text.getBytes(StandardCharsets.UTF_8),
              bytes -> {
                read.add(text);
                return new String(bytes, StandardCharsets.UTF_8);
              }));
    }
    assertThat(given).containsExactly("a", "a", "b", "b", "a");
    assertThat(read).containsExactly("a", "b", "a");
  }

  @Test
  void a_long_text_is_not_kept() {
    RepeatedText types = new RepeatedText();
    byte[] bytes = "x".repeat(300).getBytes(StandardCharsets.UTF_8);
    String first = types.of(bytes, AttributeNamesTest::text);
    assertThat(types.of(bytes, AttributeNamesTest::text)).isEqualTo(first).isNotSameAs(first);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
