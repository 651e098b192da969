package dev.waybill.store.jdbc;

import java.util.LinkedHashMap;
import java.util.Map;

/** Names and values as a text that people can read: a line each, {@code name=value}. */
final class TextMap {
  private TextMap() {}

  static String write(Map<String, String> texts) {
    StringBuilder lines = new StringBuilder();
    texts.forEach(
        (name, value) -> {
          escape(lines, name);
          lines.append('=');
          escape(lines, value);
          lines.append('\n');
        });
    return lines.toString();
  }

  private static void escape(StringBuilder line, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\\' -> line.append("\\\\");
        case '=' -> line.append("\\e");
        case '\n' -> line.append("\\n");
        case '\0' -> line.append("\\0"); // which PostgreSQL's texts can't have
        default -> line.append(c);
      }
    }
  }

  static Map<String, String> read(String lines) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (int begin = 0; begin < lines.length(); ) {
      int end = lines.indexOf('\n', begin);
      int equals = lines.indexOf('=', begin);
      if (end < 0 || equals < 0 || equals > end) {
        throw new IllegalArgumentException("not lines of name=value, from character " + begin);
      }
      texts.put(plain(lines, begin, equals), plain(lines, equals + 1, end));
      begin = end + 1;
    }
    return texts;
  }

  private static String plain(String lines, int begin, int end) {
    String text = lines.substring(begin, end);
    if (text.indexOf('\\') < 0) {
      return text;
    }
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        i++;
        c =
            switch (text.charAt(i)) {
              case 'e' -> '=';
              case 'n' -> '\n';
              case '0' -> '\0';
              default -> text.charAt(i);
            };
      }
      plain.append(c);
    }
    return plain.toString();
  }
}
