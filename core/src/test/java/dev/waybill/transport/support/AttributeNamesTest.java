package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
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
  void a_repeated_text_is_read_again_only_when_it_changes() {
    RepeatedText types = names.repeated("type");
    assertThat(types).isNotNull();
    assertThat(names.repeated("id")).isNull();
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
