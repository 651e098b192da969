package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8Test {
  @ParameterizedTest
  @ValueSource(
      strings = {"", "plain", "schlüssel", "значение 值 😀", "its own \uFFFD mark", "\u0000\n"})
  void a_text_is_read_as_it_was_written(String text) {
    assertThat(Utf8.decode(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
  }

  @Test
  void any_bytes_are_text_or_not_as_the_jdks_strict_decoder_says() {
    Random random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(6)];
      random.nextBytes(bytes);
      String strict;
      try {
        strict = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException e) {
        strict = null;
      }
      assertThat(Utf8.decode(bytes)).isEqualTo(strict);
    }
  }
}
