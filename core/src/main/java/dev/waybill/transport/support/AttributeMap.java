package dev.waybill.transport.support;

import java.nio.charset.StandardCharsets;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The CloudEvents attributes of a message by their bare names. Those that nearly every message has
 * have a place of their own, in whose order they are walked through, and need no hashing; any
 * others come after them, in the order of their first {@link #put}. Nothing can be removed.
 *
 * <p>A transport may {@linkplain #putUnread put in} the bytes of a value, of which a text is made
 * when somebody asks for it: most attributes of most messages nobody asks for.
 *
 * <p>Not thread-safe while it is filled; nulls are refused.
 */
public final class AttributeMap extends AbstractMap<String, String> {
  private static final String[] NAMES = {
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
    "waybillreplyto"
  };

  /** Each a text, or the bytes of one that nobody has asked for yet. */
  private final @Nullable Object[] usual = new Object[NAMES.length];

  private final BiFunction<String, byte[], String> reading;
  private int size;
  private @Nullable Map<String, String> others;
  private boolean frozen;

  /** An empty map, of whose bytes texts are made as of UTF-8. */
  public AttributeMap() {
    this((name, bytes) -> new String(bytes, StandardCharsets.UTF_8));
  }

  /**
   * An empty map.
   *
   * @param reading makes a text of an attribute's bytes, given its name; on any thread
   */
  public AttributeMap(BiFunction<String, byte[], String> reading) {
    this.reading = reading;
  }

  /** The names that have a place of their own, in its order. */
  static String[] usualNames() {
    return NAMES.clone();
  }

  /** The place of a name, which is that in {@link #NAMES}; -1 if it has none of its own. */
  private static int place(@Nullable Object name) {
    if (!(name instanceof String text)) {
      return -1;
    }
    return switch (text) {
      case "specversion" -> 0;
      case "id" -> 1;
      case "source" -> 2;
      case "type" -> 3;
      case "time" -> 4;
      case "subject" -> 5;
      case "datacontenttype" -> 6;
      case "partitionkey" -> 7;
      case "correlationid" -> 8;
      case "causationid" -> 9;
      case "expirytime" -> 10;
      case "waybillkind" -> 11;
      case "waybillreplyto" -> 12;
      default -> -1;
    };
  }

  /**
   * Puts an attribute in.
   *
   * @throws UnsupportedOperationException if the map is {@link #freeze frozen}
   */
  @Override
  public @Nullable String put(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    int place = place(name);
    String before = get(name, place);
    put(name, place, value);
    return before;
  }

  /**
   * Puts an attribute in, of which a text is made when somebody asks for it.
   *
   * @param value handed over: nobody changes it afterwards
   * @throws UnsupportedOperationException if the map is {@link #freeze frozen}
   */
  public void putUnread(String name, byte[] value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    int place = place(name);
    put(name, place, place < 0 ? reading.apply(name, value) : value);
  }

  private void put(String name, int place, Object value) {
    if (frozen) {
      throw new UnsupportedOperationException("the attributes of a message can't be changed");
    }
    boolean isNew;
    if (place >= 0) {
      isNew = usual[place] == null;
      usual[place] = value;
    } else {
      others = others == null ? new LinkedHashMap<>() : others;
      isNew = others.put(name, (String) value) == null;
    }
    size += isNew ? 1 : 0;
  }

  /** From now on it can't be changed; returns itself. */
  public AttributeMap freeze() {
    frozen = true;
    return this;
  }

  @Override
  public @Nullable String get(@Nullable Object name) {
    return get(name, place(name));
  }

  private @Nullable String get(@Nullable Object name, int place) {
    if (place >= 0) {
      return text(place);
    }
    return others == null ? null : others.get(name);
  }

  private @Nullable String text(int place) {
    Object value = usual[place];
    if (value instanceof byte[] unread) {
      value = reading.apply(NAMES[place], unread);
      usual[place] = value; // any thread may: it is the same text
    }
    return (String) value;
  }

  @Override
  public boolean containsKey(@Nullable Object name) {
    int place = place(name);
    return place >= 0 ? usual[place] != null : get(name) != null;
  }

  @Override
  public void forEach(BiConsumer<? super String, ? super String> action) {
    for (int place = 0; place < NAMES.length; place++) {
      String value = text(place);
      if (value != null) {
        action.accept(NAMES[place], value);
      }
    }
    if (others != null) {
      others.forEach(action);
    }
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public Set<Map.Entry<String, String>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public int size() {
        return size;
      }

      @Override
      public Iterator<Map.Entry<String, String>> iterator() {
        return new Entries();
      }
    };
  }

  private final class Entries implements Iterator<Map.Entry<String, String>> {
    private final Iterator<Map.Entry<String, String>> after =
        others == null
            ? Map.<String, String>of().entrySet().iterator()
            : others.entrySet().iterator();

    private int place;

    @Override
    public boolean hasNext() {
      while (place < NAMES.length && usual[place] == null) {
        place++;
      }
      return place < NAMES.length || after.hasNext();
    }

    @Override
    public Map.Entry<String, String> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      if (place == NAMES.length) {
        Map.Entry<String, String> other = after.next();
        return Map.entry(other.getKey(), other.getValue());
      }
      String name = NAMES[place];
      String value = Objects.requireNonNull(text(place));
      place++;
      return Map.entry(name, value);
    }
  }
}
