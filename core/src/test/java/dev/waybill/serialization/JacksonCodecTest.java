package dev.waybill.serialization;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JacksonCodecTest {
  private static final String SECRET = "4111-1111-1111-1111";

  private final JacksonCodec codec = JacksonCodec.upTo(10_000);

  record Order(String id, long cents, List<Line> lines) {}

  record Line(String sku, BigDecimal price) {}

  record Times(Instant at, LocalDate day, Duration lasted, OffsetDateTime there) {}

  record Empty() {}

  record Maybe(Optional<String> name) {}

  record Anything(Object value) {}

  record Checked(int cents) {
    Checked {
      if (cents < 0) {
        throw new IllegalArgumentException("negative: " + cents);
      }
    }
  }

  public static final class Bean {
    private String name = "";

    public String getName() {
      return name;
    }

    public void setName(String name) {
      this.name = name;
    }
  }

  @Test
  void a_record_goes_there_and_back_as_plain_json() {
    Order order = new Order("o-1", 995, List.of(new Line("sku-7", new BigDecimal("1.10"))));

    assertThat(text(order))
        .isEqualTo("{\"id\":\"o-1\",\"cents\":995,\"lines\":[{\"sku\":\"sku-7\",\"price\":1.10}]}");
    assertThat(codec.decode(codec.encode(order), Order.class)).isEqualTo(order);
  }

  @Test
  void a_bean_goes_there_and_back() {
    Bean bean = new Bean();
    bean.setName("n");

    assertThat(codec.decode(codec.encode(bean), Bean.class).getName()).isEqualTo("n");
  }

  @Test
  void a_record_without_components_is_an_empty_object() {
    assertThat(text(new Empty())).isEqualTo("{}");
    assertThat(decode("{}", Empty.class)).isEqualTo(new Empty());
  }

  @Test
  void times_are_iso_text_and_keep_their_offset() {
    Times times =
        new Times(
            Instant.parse("2026-01-02T03:04:05.678Z"),
            LocalDate.of(2026, 1, 2),
            Duration.ofSeconds(90),
            OffsetDateTime.parse("2026-01-02T03:04:05+02:00"));

    assertThat(text(times))
        .isEqualTo(
            "{\"at\":\"2026-01-02T03:04:05.678Z\",\"day\":\"2026-01-02\",\"lasted\":\"PT1M30S\",\"there\":\"2026-01-02T03:04:05+02:00\"}");
    assertThat(codec.decode(codec.encode(times), Times.class)).isEqualTo(times);
  }

  @Test
  void text_of_any_script_goes_there_and_back() {
    Order order = new Order("ä€\uD83D\uDE00\u0000\n", 0, List.of());

    assertThat(codec.decode(codec.encode(order), Order.class)).isEqualTo(order);
  }

  @Test
  void an_optional_is_refused_and_not_written_as_a_bean() {
    MessagingException refused =
        catchThrowableOfType(
            MessagingException.class, () -> codec.encode(new Maybe(Optional.of("x"))));

    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
    assertThat(refused)
        .hasMessage(
            Maybe.class.getName() + " can't be written as JSON: InvalidDefinitionException");
  }

  @Test
  void unknown_properties_are_tolerated() {
    assertThat(decode("{\"id\":\"o-1\",\"cents\":5,\"colour\":{\"deep\":[1]}}", Order.class))
        .isEqualTo(new Order("o-1", 5, null));
  }

  @Test
  void what_is_no_json_of_the_class_is_undecodable() {
    for (String body :
        List.of(
            "",
            " ",
            "{",
            "[]",
            "\"text\"",
            "{\"id\":\"a\"} x",
            "{\"id\":\"a\"}{\"id\":\"b\"}",
            "{\"cents\":\"many\"}",
            "{\"cents\":1e400}",
            "{'id':'a'}",
            "\uFFFF")) {
      assertThat(undecodable(body, Order.class).code()).isEqualTo(ErrorCode.UNDECODABLE);
    }
  }

  @Test
  void the_json_null_is_undecodable() {
    assertThat(undecodable("null", Order.class))
        .hasMessage("the body is the JSON null, not a Order");
  }

  @Test
  void an_empty_body_is_undecodable() {
    assertThat(undecodable("", Order.class))
        .hasMessageStartingWith("the body is not a JSON Order: MismatchedInputException");
  }

  @Test
  void nesting_is_bounded() {
    assertThat(decode(nested(JacksonCodec.MAX_DEPTH - 1), Anything.class)).isNotNull();
    assertThat(undecodable(nested(JacksonCodec.MAX_DEPTH), Anything.class).code())
        .isEqualTo(ErrorCode.UNDECODABLE);
    assertThat(undecodable("[".repeat(5_000), Anything.class).code())
        .isEqualTo(ErrorCode.UNDECODABLE);
  }

  @Test
  void nesting_is_bounded_on_the_way_out_too() {
    Object value = "end";
    for (int i = 0; i < JacksonCodec.MAX_DEPTH; i++) {
      value = List.of(value);
    }
    Anything deep = new Anything(value);

    assertThat(catchThrowableOfType(MessagingException.class, () -> codec.encode(deep)).code())
        .isEqualTo(ErrorCode.INVALID_MESSAGE);
  }

  @Test
  void the_length_of_a_number_is_bounded() {
    assertThat(decode("{\"value\":" + "9".repeat(200) + "}", Anything.class)).isNotNull();
    assertThat(undecodable("{\"value\":" + "9".repeat(201) + "}", Anything.class).code())
        .isEqualTo(ErrorCode.UNDECODABLE);
  }

  @Test
  void the_size_of_a_body_is_bounded() {
    JacksonCodec small = JacksonCodec.upTo(20);
    byte[] fits = "{\"value\":\"1234567\" }".getBytes(UTF_8);
    byte[] over = "{\"value\":\"1234567\"  }".getBytes(UTF_8);

    assertThat(fits).hasSize(20);
    assertThat(small.decode(fits, Anything.class)).isEqualTo(new Anything("1234567"));
    assertThat(
            catchThrowableOfType(MessagingException.class, () -> small.decode(over, Anything.class))
                .code())
        .isEqualTo(ErrorCode.UNDECODABLE);
  }

  @Test
  void a_codec_has_a_positive_bound() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JacksonCodec.upTo(0))
        .withMessage("maxBodyBytes is 0: give a positive size");
  }

  @Test
  void the_largest_bound_is_an_array_as_long_as_can_be() {
    assertThat(JacksonCodec.upTo(Integer.MAX_VALUE).decode("{}".getBytes(UTF_8), Empty.class))
        .isEqualTo(new Empty());
  }

  @Test
  void an_error_does_not_quote_the_body() {
    for (String body :
        List.of(
            "{\"cents\":\"" + SECRET + "\"}",
            "{\"lines\":{\"" + SECRET + "\":1}}",
            "{\"id\":\"" + SECRET,
            SECRET,
            "\"" + SECRET + "\"",
            "{\"lines\":[{\"price\":\"" + SECRET + "\"}]}",
            "{} " + SECRET)) {
      MessagingException refused = undecodable(body, Order.class);

      assertThat(refused.getMessage()).doesNotContain(SECRET).doesNotContain("4111");
      assertThat(stackTrace(refused)).as(body).doesNotContain("4111");
    }
  }

  @Test
  void an_error_says_where_and_what_kind() {
    assertThat(undecodable("{\"id\":\"a\",\n \"cents\":\"x\"}", Order.class))
        .hasMessage("the body is not a JSON Order: InvalidFormatException at line 2, column 10");
  }

  @Test
  void a_constructor_that_refuses_is_named_without_its_words() {
    assertThat(undecodable("{\"cents\":-5}", Checked.class))
        .hasMessageStartingWith(
            "the body is not a JSON Checked: ValueInstantiationException (IllegalArgumentException) at line 1");
  }

  @Test
  void a_class_named_in_the_body_has_no_effect() {
    String gadget = "javax.swing.JEditorPane";

    assertThat(decode("{\"value\":[\"" + gadget + "\",{\"page\":\"x\"}]}", Anything.class))
        .isEqualTo(new Anything(List.of(gadget, Map.of("page", "x"))));
    assertThat(decode("{\"value\":{\"@class\":\"" + gadget + "\"}}", Anything.class))
        .isEqualTo(new Anything(Map.of("@class", gadget)));
    assertThat(decode("{\"@class\":\"" + gadget + "\",\"id\":\"a\",\"cents\":1}", Order.class))
        .isEqualTo(new Order("a", 1, null));
  }

  @Test
  void a_number_is_not_changed_to_fit_nor_made_up() {
    for (String body :
        List.of(
            "{\"id\":\"a\",\"cents\":9.95}", "{\"id\":\"a\",\"cents\":null}", "{\"id\":\"a\"}")) {
      assertThat(undecodable(body, Order.class))
          .hasMessageStartingWith("the body is not a JSON Order: ");
    }
  }

  @Test
  void json_is_what_is_written() {
    assertThat(codec.contentType()).isEqualTo("application/json");
  }

  @Test
  void json_in_all_its_names_is_read_and_so_is_what_has_no_name() {
    assertThat(
            List.of(
                "application/json",
                "Application/JSON",
                "application/json; charset=utf-8",
                "application/json;charset=UTF-8;v=1",
                " application/json ",
                "text/json",
                "application/vnd.acme.order+json",
                "application/problem+json; charset=utf-8"))
        .allMatch(codec::reads);
    assertThat(codec.reads(null)).isTrue();
  }

  @Test
  void what_is_not_json_or_a_whole_cloud_event_is_not_read() {
    assertThat(
            List.of(
                "",
                "text/plain",
                "application/xml",
                "application/octet-stream",
                "application/cloudevents+json",
                "application/cloudevents-batch+json; charset=utf-8",
                "application/jsonl",
                "application/x-json-but-not",
                "image/svg+xml"))
        .noneMatch(codec::reads);
  }

  @Test
  void an_applications_own_mapper_is_taken_as_it_is() {
    JacksonCodec own = JacksonCodec.with(JsonMapper.builder().build());

    assertThat(
            catchThrowableOfType(
                    MessagingException.class,
                    () -> own.decode("{\"unknown\":1}".getBytes(UTF_8), Empty.class))
                .code())
        .isEqualTo(ErrorCode.UNDECODABLE);
  }

  private String text(Object payload) {
    return new String(codec.encode(payload), UTF_8);
  }

  private <T> T decode(String body, Class<T> type) {
    return codec.decode(body.getBytes(UTF_8), type);
  }

  private MessagingException undecodable(String body, Class<?> type) {
    return catchThrowableOfType(MessagingException.class, () -> decode(body, type));
  }

  private static String nested(int depth) {
    return "{\"value\":" + "[".repeat(depth) + "]".repeat(depth) + "}";
  }

  private static String stackTrace(Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text, true));
    return text.toString();
  }
}
