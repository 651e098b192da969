package dev.waybill.cli;

import dev.waybill.DeadLetter;
import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterFilter;
import dev.waybill.routing.Source;
import dev.waybill.transport.support.Utf8;
import java.io.PrintWriter;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Dead letters for people. */
final class Letters {
  private static final int REASON = 80;

  private Letters() {}

  /** A table that has a row for each. */
  static Table table() {
    return new Table("OF", "ID", "TYPE", "ATTEMPTS", "FAILED", "REASON");
  }

  static void row(Table table, Source source, DeadLetterBatch.Entry entry) {
    DeadLetter letter = entry.letter();
    table.row(
        source.name(),
        Text.line(letter.messageId()),
        Text.line(letter.typeName()),
        String.valueOf(letter.attempts()),
        text(DeadLetterFilter.timeOf(letter)),
        Text.cut(why(letter), REASON));
  }

  private static String why(DeadLetter letter) {
    return letter.exceptionMessage() == null
        ? letter.reason()
        : letter.reason() + ": " + letter.exceptionMessage();
  }

  /** All of one. */
  static void print(PrintWriter out, DeadLetterBatch.Entry entry) {
    DeadLetter letter = entry.letter();
    field(out, "id", letter.messageId());
    field(out, "type", letter.typeName());
    field(out, "reason", letter.reason());
    field(out, "exception", letter.exceptionClass());
    field(out, "", letter.exceptionMessage());
    field(out, "channel", letter.channel());
    field(out, "subscription", letter.subscription());
    field(out, "attempts", String.valueOf(letter.attempts()));
    field(out, "first failure", text(letter.firstFailure()));
    field(out, "last failure", text(letter.lastFailure()));
    field(out, "key", entry.stored().key());
    field(out, "content type", entry.stored().contentType());
    fields(out, "attributes", entry.stored().attributes());
    fields(out, "headers", letter.message().headers());
    byte[] body = entry.stored().body();
    String text = Utf8.decode(body);
    out.println();
    out.println(
        text == null ? "base64:" + Base64.getEncoder().encodeToString(body) : Text.lines(text));
  }

  private static void fields(PrintWriter out, String name, Map<String, String> values) {
    out.println(name);
    values.forEach((key, value) -> field(out, "  " + Text.line(key), value));
  }

  private static void field(PrintWriter out, String name, @Nullable String value) {
    if (!name.isEmpty() || value != null) {
      out.println("%-16s  %s".formatted(name, Text.line(value)));
    }
  }

  private static String text(@Nullable Object value) {
    return value == null ? "-" : value.toString();
  }
}
