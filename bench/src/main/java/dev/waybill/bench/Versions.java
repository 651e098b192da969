package dev.waybill.bench;

import java.security.CodeSource;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Versions of libraries, many of which tell theirs in the name of the jar alone. */
final class Versions {
  private static final Pattern JAR = Pattern.compile("-(\\d[^/]*)\\.jar$");

  private Versions() {}

  /** That of the jar that a class is from, or {@code JDK}. */
  static String of(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    if (source == null) {
      return "JDK";
    }
    Matcher matcher = JAR.matcher(source.getLocation().getPath());
    return matcher.find() ? matcher.group(1) : "unknown";
  }
}
