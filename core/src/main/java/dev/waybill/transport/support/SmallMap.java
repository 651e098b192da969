package dev.waybill.transport.support;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A map of a few texts, such as the attributes of a message, in the order of their first {@link
 * #put}: two arrays' worth of memory and no hashing. Looking up takes time in proportion to its
 * size; with more than some tens of entries another map is better. Nothing can be removed.
 *
 * <p>Not thread-safe while it is filled; nulls are refused.
 */
public final class SmallMap extends AbstractMap<String, String> {
  private static final int ROOM = 8;

  /** Name, value, name, value, … */
  private @Nullable String[] texts = new String[2 * ROOM];

  private int end;

  /** An empty map. */
  public SmallMap() {}

  @Override
  public @Nullable String put(String name, String value) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
    int at = indexOf(name);
    if (at >= 0) {
      String before = texts[at + 1];
      texts[at + 1] = value;
      return before;
    }
    if (end == texts.length) {
      texts = Arrays.copyOf(texts, 2 * end);
    }
    texts[end] = name;
    texts[end + 1] = value;
    end += 2;
    return null;
  }

  @Override
  public @Nullable String get(@Nullable Object name) {
    int at = indexOf(name);
    return at < 0 ? null : texts[at + 1];
  }

  @Override
  public boolean containsKey(@Nullable Object name) {
    return indexOf(name) >= 0;
  }

  @Override
  public void forEach(BiConsumer<? super String, ? super String> action) {
    for (int i = 0; i < end; i += 2) {
      action.accept(Objects.requireNonNull(texts[i]), Objects.requireNonNull(texts[i + 1]));
    }
  }

  @Override
  public int size() {
    return end / 2;
  }

  /** Names are mostly literals, so that most are found without a look at their characters. */
  private int indexOf(@Nullable Object name) {
    for (int i = 0; i < end; i += 2) {
      if (texts[i] == name) {
        return i;
      }
    }
    for (int i = 0; i < end; i += 2) {
      if (Objects.equals(texts[i], name)) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public Set<Map.Entry<String, String>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public int size() {
        return SmallMap.this.size();
      }

      @Override
      public Iterator<Map.Entry<String, String>> iterator() {
        return new Entries();
      }
    };
  }

  private final class Entries implements Iterator<Map.Entry<String, String>> {
    private int at;

    @Override
    public boolean hasNext() {
      return at < end;
    }

    @Override
    public Map.Entry<String, String> next() {
      if (at >= end) {
        throw new NoSuchElementException();
      }
      at += 2;
      return Map.entry(
          Objects.requireNonNull(texts[at - 2]), Objects.requireNonNull(texts[at - 1]));
    }
  }
}
