package dev.waybill.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WireMessageTest {
  private final byte[] body = "credit card 4711".getBytes(StandardCharsets.UTF_8);
  private final WireMessage message =
      new WireMessage(
          body,
          "text/plain",
          Map.of("id", "m-1", "subject", "top-secret"),
          Map.of("wb-token", "hush"),
          "key-7",
          Duration.ofSeconds(3));

  @Test
  void theTextHasNamesAndSizesButNoBodyAndNoValues() {
    assertThat(message).hasToString("WireMessage[id=m-1, 16 bytes, headers=[wb-token]]");
  }

  @Test
  void theTextOfAForeignMessageHasNoId() {
    WireMessage foreign = new WireMessage(new byte[0], null, Map.of(), Map.of(), null, null);

    assertThat(foreign).hasToString("WireMessage[id=null, 0 bytes, headers=[]]");
    assertThat(foreign.id()).isNull();
  }

  @Test
  void theBodyIsHandedOverAndTheMapsAreCopiedInTheirOrder() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("z", "1");
    headers.put("a", "2");
    WireMessage copied = new WireMessage(body, null, headers, headers, null, null);

    headers.put("late", "3");

    assertThat(copied.body()).isSameAs(body);
    assertThat(copied.headers().keySet()).containsExactly("z", "a");
    assertThat(copied.attributes().keySet()).containsExactly("z", "a");
    assertThatThrownBy(() -> copied.headers().put("x", "y"))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> copied.attributes().put("x", "y"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void moreHeadersReplaceThoseOfTheSameNameInANewMessage() {
    WireMessage more = message.withHeaders(Map.of("wb-token", "new", "waybill-reason", "broken"));

    assertThat(more.headers()).isEqualTo(Map.of("wb-token", "new", "waybill-reason", "broken"));
    assertThat(message.headers()).isEqualTo(Map.of("wb-token", "hush"));
    assertThat(more.body()).isSameAs(body);
    assertThat(more.contentType()).isEqualTo("text/plain");
    assertThat(more.attributes()).isEqualTo(message.attributes());
    assertThat(more.key()).isEqualTo("key-7");
    assertThat(more.delay()).isEqualTo(Duration.ofSeconds(3));
  }
}
