package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a foreign sender wrote that is no UTF-8: three bytes for each, once it has been read. */
class DeadLettersTest {
  private static final String LONG = "\uFFFD".repeat(86);

  static Stream<Arguments> properties() {
    return Stream.of(
        property("content-type", BasicProperties.Builder::contentType),
        property("content-encoding", BasicProperties.Builder::contentEncoding),
        property("correlation-id", BasicProperties.Builder::correlationId),
        property("reply-to", BasicProperties.Builder::replyTo),
        property("expiration", BasicProperties.Builder::expiration),
        property("message-id", BasicProperties.Builder::messageId),
        property("type", BasicProperties.Builder::type),
        property("user-id", BasicProperties.Builder::userId),
        property("app-id", BasicProperties.Builder::appId),
        property("cluster-id", BasicProperties.Builder::clusterId));
  }

  @ParameterizedTest
  @MethodSource("properties")
  void a_property_that_is_too_long_to_be_written_again_is_kept_as_a_header(
      String name, BiFunction<BasicProperties.Builder, String, BasicProperties.Builder> property) {
    BasicProperties received = property.apply(new BasicProperties.Builder(), LONG).build();

    BasicProperties letter = DeadLetters.of(received, Map.of("waybill-reason", "because"));

    assertThat(letter.getHeaders())
        .containsEntry("waybill-original-" + name, LONG)
        .containsEntry("waybill-reason", "because");
    assertThat(MessageWriter.frameSize(letter)).isPositive();
  }

  @ParameterizedTest
  @MethodSource("properties")
  void what_can_not_be_written_is_refused_before_it_is_tried(
      String name, BiFunction<BasicProperties.Builder, String, BasicProperties.Builder> property) {
    BasicProperties tooLong = property.apply(new BasicProperties.Builder(), LONG).build();

    assertRefused(tooLong);
  }

  @Test
  void a_headers_name_that_is_too_long_is_cut() {
    BasicProperties received = new BasicProperties.Builder().headers(Map.of(LONG, "value")).build();

    BasicProperties letter = DeadLetters.of(received, Map.of());

    assertThat(letter.getHeaders()).containsValue("value");
    assertThat(MessageWriter.frameSize(letter)).isPositive();
    assertRefused(received);
  }

  private static void assertRefused(BasicProperties properties) {
    assertThatThrownBy(() -> MessageWriter.frameSizeAtMost(properties))
        .isInstanceOfSatisfying(
            SendException.class,
            error -> assertThat(error.code()).isEqualTo(ErrorCode.INVALID_MESSAGE));
  }

  private static Arguments property(
      String name, BiFunction<BasicProperties.Builder, String, BasicProperties.Builder> property) {
    return Arguments.of(name, property);
  }
}
