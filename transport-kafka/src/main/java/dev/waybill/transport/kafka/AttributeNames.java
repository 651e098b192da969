package dev.waybill.transport.kafka;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of CloudEvents attributes as Kafka headers, {@code ce_<name>}. Those that nearly every
 * message has are at hand, so that no text is made for them.
 */
final class AttributeNames {
  private static final String PREFIX = "ce_";
  private static final Map<String, String> HEADERS = new HashMap<>();
  private static final Map<String, String> ATTRIBUTES = new HashMap<>();

  /** Those whose value is the same in nearly all records of a topic. */
  private static final Map<String, RepeatedText> REPEATED =
      Map.of(
          "specversion", new RepeatedText(),
          "source", new RepeatedText(),
          "type", new RepeatedText(),
          "waybillkind", new RepeatedText());

  static {
    for (String name :
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
            "waybillreplyto")) {
      HEADERS.put(name, PREFIX + name);
      ATTRIBUTES.put(PREFIX + name, name);
    }
  }

  private AttributeNames() {}

  static String header(String attribute) {
    String known = HEADERS.get(attribute);
    return known == null ? PREFIX + attribute : known;
  }

  /** The attribute that a header is, in any case; null if it is none. */
  static @Nullable String attribute(String header) {
    String known = ATTRIBUTES.get(header);
    if (known != null || !header.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
      return known;
    }
    String name = header.substring(PREFIX.length()).toLowerCase(Locale.ROOT);
    return isName(name) ? name : null;
  }

  /** What keeps the last value of an attribute; null where each record has another. */
  static @Nullable RepeatedText repeated(String attribute) {
    return REPEATED.get(attribute);
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
