package dev.waybill.transport.support;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of CloudEvents attributes as a broker's headers: a prefix and the attribute's name.
 * Those that nearly every message has are at hand, so that no text is made for them. Thread-safe.
 */
public final class AttributeNames {
  private static final List<String> USUAL =
      List.of(
          "specversion",
          "id",
          "source",
          "type",
          "time",
          "subject",
          "datacontenttype",
          "partitionkey",
          "correlationid",
          "causationid",
          "expirytime",
          "waybillkind",
          "waybillreplyto");

  private final String prefix;
  private final List<String> prefixes = new ArrayList<>();
  private final Map<String, String> headers = new HashMap<>();
  private final Map<String, String> attributes = new HashMap<>();

  /** Of those whose value is the same in nearly all messages. */
  private final Map<String, RepeatedText> repeated =
      Map.of(
          "specversion", new RepeatedText(),
          "source", new RepeatedText(),
          "type", new RepeatedText(),
          "waybillkind", new RepeatedText());

  /**
   * Names with a prefix.
   *
   * @param prefix is written, and read in any case; in lower case
   * @param alsoRead are read as well, in any case; in lower case
   */
  public AttributeNames(String prefix, String... alsoRead) {
    this.prefix = prefix;
    prefixes.add(prefix);
    prefixes.addAll(List.of(alsoRead));
    for (String name : USUAL) {
      headers.put(name, prefix + name);
      attributes.put(prefix + name, name);
    }
  }

  /** The header that an attribute is written as. */
  public String header(String attribute) {
    String known = headers.get(attribute);
    return known == null ? prefix + attribute : known;
  }

  /** The attribute that a header is; null if it is none. */
  public @Nullable String attribute(String header) {
    String known = attributes.get(header);
    if (known != null) {
      return known;
    }
    for (String each : prefixes) {
      if (header.regionMatches(true, 0, each, 0, each.length())) {
        String name = header.substring(each.length()).toLowerCase(Locale.ROOT);
        return isName(name) ? name : null;
      }
    }
    return null;
  }

  /** What keeps the last value of an attribute; null where each message has another. */
  public @Nullable RepeatedText repeated(String attribute) {
    return repeated.get(attribute);
  }

  private static boolean isName(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
        return false;
      }
    }
    return !text.isEmpty();
  }
}
