package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AttributeMapTest {
  private static final List<String> USUAL = List.of(AttributeMap.usualNames());

  @Test
  void is_a_map_whose_usual_names_come_first_in_their_order() {
    List<String> names = new ArrayList<>(USUAL);
    for (int i = 0; i < 20; i++) {
      names.add("other" + i);
    }
    Random random = new Random(7);
    for (int round = 0; round < 500; round++) {
      AttributeMap map = new AttributeMap();
      Map<String, String> put = new LinkedHashMap<>();
      int puts = random.nextInt(60);
      for (int i = 0; i < puts; i++) {
        String name = new String(names.get(random.nextInt(names.size())).toCharArray());
        String value = "value" + random.nextInt();
        if (random.nextBoolean()) {
          assertThat(map.put(name, value)).isEqualTo(put.put(name, value));
        } else {
          map.putUnread(name, value.getBytes(StandardCharsets.UTF_8));
          put.put(name, value);
        }
      }
      Map<String, String> model = usualFirst(put);
      assertThat(map).isEqualTo(model).hasSameHashCodeAs(model).hasSize(model.size());
      assertThat(map.entrySet()).containsExactlyElementsOf(model.entrySet());
      Map<String, String> walked = new LinkedHashMap<>();
      map.forEach(walked::put);
      assertThat(walked.entrySet()).containsExactlyElementsOf(model.entrySet());
      assertThat(map.keySet()).containsExactlyElementsOf(model.keySet());
      for (String name : names) {
        assertThat(map.get(name)).isEqualTo(model.get(name));
        assertThat(map.containsKey(name)).isEqualTo(model.containsKey(name));
      }
    }
  }

  private static Map<String, String> usualFirst(Map<String, String> put) {
    Map<String, String> ordered = new LinkedHashMap<>();
    USUAL.stream().filter(put::containsKey).forEach(name -> ordered.put(name, put.get(name)));
    put.forEach(ordered::putIfAbsent);
    return ordered;
  }

  @Test
  void has_nothing_under_what_is_no_name_of_it() {
    AttributeMap map = new AttributeMap();
    map.put("id", "1");
    Object number = 1;
    assertThat(map.get(null)).isNull();
    assertThat(map.get(number)).isNull();
    assertThat(map.get("other")).isNull();
    assertThat(map.containsKey(null)).isFalse();
    var entries = map.entrySet().iterator();
    entries.next();
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(entries::next);
  }

  @Test
  void makes_a_text_of_bytes_once_when_somebody_asks_for_it() {
    List<String> read = new ArrayList<>();
    AttributeMap map =
        new AttributeMap(
            (name, bytes) -> {
              read.add(name);
              return name + " is " + new String(bytes, StandardCharsets.UTF_8);
            });
    map.putUnread("id", new byte[] {'1'});
    map.putUnread("source", new byte[] {'2'});
    map.freeze();

    assertThat(map.containsKey("id")).isTrue();
    assertThat(map.size()).isEqualTo(2);
    assertThat(map.get("type")).isNull();
    assertThat(read).isEmpty();
    assertThat(map.get("source")).isEqualTo("source is 2").isSameAs(map.get("source"));
    assertThat(read).containsExactly("source");
    assertThat(map).isEqualTo(Map.of("id", "id is 1", "source", "source is 2"));
    assertThat(read).containsExactly("source", "id");
  }

  @Test
  void refuses_nulls_and_removal() {
    AttributeMap map = new AttributeMap();
    assertThatExceptionOfType(NullPointerException.class).isThrownBy(() -> map.put(null, "1"));
    assertThatExceptionOfType(NullPointerException.class).isThrownBy(() -> map.put("id", null));
    assertThatExceptionOfType(NullPointerException.class)
        .isThrownBy(() -> map.putUnread(null, new byte[0]));
    assertThatExceptionOfType(NullPointerException.class)
        .isThrownBy(() -> map.putUnread("id", null));
    map.put("id", "1");
    map.put("other", "2");
    for (String name : List.of("id", "other")) {
      assertThatExceptionOfType(UnsupportedOperationException.class)
          .isThrownBy(() -> map.remove(name));
    }
  }

  @Test
  void is_as_it_was_when_it_was_frozen() {
    AttributeMap map = new AttributeMap();
    map.put("id", "1");
    map.put("other", "2");
    assertThat(map.freeze()).isSameAs(map);
    for (String name : List.of("id", "source", "other", "another")) {
      assertThatExceptionOfType(UnsupportedOperationException.class)
          .isThrownBy(() -> map.put(name, "3"));
      assertThatExceptionOfType(UnsupportedOperationException.class)
          .isThrownBy(() -> map.putUnread(name, new byte[] {'3'}));
    }
    map.entrySet()
        .forEach(
            entry ->
                assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(() -> entry.setValue("3")));
    assertThat(map).containsExactly(Map.entry("id", "1"), Map.entry("other", "2"));
  }
}
