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
  /**
   * Messages of one sender have the same header at the same place; beyond this one it is looked up.
   */
  private static final int PLACES = 16;

  /** Longer ones are not kept. */
  private static final int LONGEST = 64;

  private final String prefix;
  private final List<String> prefixes = new ArrayList<>();
  private final Map<String, String> headers = new HashMap<>();
  private final Map<String, Header> known = new HashMap<>();

  /** What was there the last time; whatever a thread sees of it is true, if not the newest. */
  private final @Nullable Header[] last = new Header[PLACES];

  /** Of those whose value is often the same in messages that follow each other. */
  private final Map<String, RepeatedText> repeated =
      Map.of(
          "specversion", new RepeatedText(),
          "source", new RepeatedText(),
          "type", new RepeatedText(),
          "time", new RepeatedText(),
          "waybillkind", new RepeatedText());

  /**
   * What a header's name says.
   *
   * @param name as it was written
   * @param attribute the attribute that it is; null if it is none
   * @param repeated what keeps the last value; null where each message has another
   */
  public record Header(String name, @Nullable String attribute, @Nullable RepeatedText repeated) {}

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
    for (String name : AttributeMap.usualNames()) {
      headers.put(name, prefix + name);
      known.put(prefix + name, new Header(prefix + name, name, repeated.get(name)));
    }
  }

  /** The header that an attribute is written as. */
  public String header(String attribute) {
    String usual = headers.get(attribute);
    return usual == null ? prefix + attribute : usual;
  }

  /** The attribute that a header is; null if it is none. */
  public @Nullable String attribute(String header) {
    Header usual = known.get(header);
    return usual == null ? unusual(header) : usual.attribute();
  }

  /**
   * What a header's name says.
   *
   * @param place of the header among those of its message, from 0: where it is the same as in the
   *     last message, nothing has to be looked up
   */
  public Header read(String header, int place) {
    Header before = place < PLACES ? last[place] : null;
    if (before != null && before.name().equals(header)) {
      return before;
    }
    Header now = known.get(header);
    if (now == null) {
      String attribute = unusual(header);
      now = new Header(header, attribute, attribute == null ? null : repeated.get(attribute));
    }
    if (place < PLACES && header.length() <= LONGEST) {
      last[place] = now;
    }
    return now;
  }

  private @Nullable String unusual(String header) {
    for (String each : prefixes) {
      if (header.regionMatches(true, 0, each, 0, each.length())) {
        String name = header.substring(each.length()).toLowerCase(Locale.ROOT);
        return isName(name) ? name : null;
      }
    }
    return null;
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
