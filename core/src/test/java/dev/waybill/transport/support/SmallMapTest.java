package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SmallMapTest {
  @Test
  void is_the_map_that_a_linked_hash_map_is() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      SmallMap map = new SmallMap();
      Map<String, String> model = new LinkedHashMap<>();
      int puts = random.nextInt(40);
      for (int i = 0; i < puts; i++) {
        String name = "name" + random.nextInt(30);
        String value = "value" + random.nextInt();
        assertThat(map.put(name, value)).isEqualTo(model.put(name, value));
      }
      assertThat(map).isEqualTo(model).hasSameHashCodeAs(model).hasSize(model.size());
      assertThat(map.entrySet()).containsExactlyElementsOf(model.entrySet());
      Map<String, String> walked = new LinkedHashMap<>();
      map.forEach(walked::put);
      assertThat(walked.entrySet()).containsExactlyElementsOf(model.entrySet());
      assertThat(map.keySet()).containsExactlyElementsOf(model.keySet());
      for (int i = 0; i < 30; i++) {
        String name = "name" + i;
        assertThat(map.get(name)).isEqualTo(model.get(name));
        assertThat(map.containsKey(name)).isEqualTo(model.containsKey(name));
      }
    }
  }

  @Test
  void has_nothing_under_what_is_no_name_of_it() {
    SmallMap map = new SmallMap();
    map.put("a", "1");
    Object number = 1;
    assertThat(map.get(null)).isNull();
    assertThat(map.get(number)).isNull();
    assertThat(map.containsKey(null)).isFalse();
    var entries = map.entrySet().iterator();
    entries.next();
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(entries::next);
  }

  @Test
  void refuses_nulls_and_removal() {
    SmallMap map = new SmallMap();
    assertThatExceptionOfType(NullPointerException.class).isThrownBy(() -> map.put(null, "1"));
    assertThatExceptionOfType(NullPointerException.class).isThrownBy(() -> map.put("a", null));
    map.put("a", "1");
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(() -> map.remove("a"));
  }
}
