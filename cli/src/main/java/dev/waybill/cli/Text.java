package dev.waybill.cli;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Texts from brokers and users, made fit for a terminal. */
final class Text {
  private static final Pattern USER_INFO = Pattern.compile("(\\w://)[^\\s'\"]*@");
  private static final Pattern PARAMETER = Pattern.compile("([?&][\\w.-]+=)[^&\\s'\"]*");

  private Text() {}

  /** An error's sentences, without what may be a secret in a URI. */
  static String sentences(String message) {
    String blotted = USER_INFO.matcher(message).replaceAll("$1***@");
    return PARAMETER.matcher(blotted).replaceAll("$1***").strip();
  }

  /** One line, without control characters, which could do anything to a terminal. */
  static String line(@Nullable String text) {
    return text == null ? "-" : visible(text, false);
  }

  /** One line of at most so many characters. */
  static String cut(@Nullable String text, int most) {
    String line = line(text);
    return line.codePointCount(0, line.length()) <= most
        ? line
        : line.substring(0, line.offsetByCodePoints(0, most - 1)) + "…";
  }

  /** Several lines, with tabs. */
  static String lines(String text) {
    return visible(text, true);
  }

  private static String visible(String text, boolean lines) {
    StringBuilder visible = new StringBuilder(text.length());
    text.codePoints().map(c -> isHarmless(c, lines) ? c : 0xFFFD).forEach(visible::appendCodePoint);
    return visible.toString();
  }

  private static boolean isHarmless(int c, boolean lines) {
    return switch (Character.getType(c)) {
      case Character.CONTROL -> lines && (c == '\n' || c == '\t');
      case Character.FORMAT, Character.SURROGATE -> false; // such as those that turn the direction
      default -> true;
    };
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
