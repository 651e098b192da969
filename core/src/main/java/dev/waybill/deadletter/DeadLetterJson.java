package dev.waybill.deadletter;

import dev.waybill.DeadLetter;
import dev.waybill.routing.Source;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.support.Utf8;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Dead letters as JSON, one a line, with nothing left out: the body in base 64, and beside it as
 * text where it is one; content type, key, CloudEvents attributes, and all headers as they are
 * stored, the evidence among them.
 */
public final class DeadLetterJson {
  private final StringBuilder out = new StringBuilder("{");

  private DeadLetterJson() {}

  /** One line, without its end. What is unknown is null. */
  public static String line(Source source, DeadLetterBatch.Entry entry) {
    DeadLetterJson json = new DeadLetterJson();
    DeadLetter letter = entry.letter();
    WireMessage stored = entry.stored();
    json.text("source", source.name());
    json.text("id", letter.messageId());
    json.text("type", letter.typeName());
    json.text("reason", letter.reason());
    json.text("exceptionClass", letter.exceptionClass());
    json.text("exceptionMessage", letter.exceptionMessage());
    json.text("channel", letter.channel());
    json.text("subscription", letter.subscription());
    json.name("attempts");
    json.out.append(letter.attempts());
    json.text("firstFailure", orNull(letter.firstFailure()));
    json.text("lastFailure", orNull(letter.lastFailure()));
    json.text("contentType", stored.contentType());
    json.text("key", stored.key());
    json.texts("attributes", stored.attributes());
    json.texts("headers", stored.headers());
    json.text("body", Base64.getEncoder().encodeToString(stored.body()));
    json.text("bodyText", Utf8.decode(stored.body()));
    return json.out.append('}').toString();
  }

  private static @Nullable String orNull(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  private void texts(String name, Map<String, String> values) {
    name(name);
    out.append('{');
    values.forEach(this::text);
    out.append('}');
  }

  private void text(String name, @Nullable String value) {
    name(name);
    if (value == null) {
      out.append("null");
    } else {
      quoted(value);
    }
  }

  private void name(String name) {
    if (out.charAt(out.length() - 1) != '{') {
      out.append(',');
    }
    quoted(name);
    out.append(':');
  }

  /**
   * What a terminal would act on, or show as something else; and halves of surrogate pairs, which
   * UTF-8 could not carry.
   */
  private static boolean isUnsafe(char c) {
    return Character.isISOControl(c)
        || Character.getType(c) == Character.FORMAT
        || Character.isSurrogate(c)
        || c == 0x2028
        || c == 0x2029;
  }

  private void quoted(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (isUnsafe(c)) {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
