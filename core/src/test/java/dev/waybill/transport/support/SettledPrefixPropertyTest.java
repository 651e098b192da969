package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.support.SettledPrefix.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Any history of a tracker, against a model that keeps each id by itself. */
class SettledPrefixPropertyTest {
  enum Kind {
    ADD,
    SETTLE,
    SKIP,
    COPY
  }

  /** What is done: to the id that is so far on, or to the one of that number. */
  record Step(Kind kind, int number) {}

  /** Each id there was, and whether it is settled. */
  private static final class Model {
    final TreeMap<Long, Boolean> ids = new TreeMap<>();
    long next;

    Model(long start) {
      this.next = start;
    }

    Model copy() {
      Model copy = new Model(next);
      copy.ids.putAll(ids);
      return copy;
    }

    long end() {
      return ids.entrySet().stream()
          .filter(id -> !id.getValue())
          .map(id -> id.getKey())
          .findFirst()
          .orElse(next);
    }

    /** The settled ids and the gaps from the end on, up to the highest id that was settled. */
    List<Long> beyond() {
      List<Long> beyond = new ArrayList<>();
      long highest =
          ids.entrySet().stream()
              .filter(id -> id.getValue())
              .mapToLong(id -> id.getKey())
              .max()
              .orElse(-1);
      for (long id = end(); id <= highest; id++) {
        if (ids.getOrDefault(id, true)) {
          beyond.add(id);
        }
      }
      return beyond;
    }
  }

  @Property
  void a_tracker_agrees_with_a_plain_model(
      @ForAll("starts") long start, @ForAll("histories") List<Step> history) {
    SettledPrefix prefix = new SettledPrefix(start);
    Model model = new Model(start);
    for (Step step : history) {
      if (step.kind() == Kind.COPY) {
        SettledPrefix original = prefix;
        Model before = model.copy();
        prefix = prefix.copy();
        change(prefix, model, new Step(Kind.SETTLE, step.number()));
        change(prefix, model, new Step(Kind.ADD, 1));
        agree(original, before); // whatever became of the copy
      } else {
        change(prefix, model, step);
      }
      agree(prefix, model);
    }
  }

  private static void change(SettledPrefix prefix, Model model, Step step) {
    switch (step.kind()) {
      case ADD -> {
        long id = model.next + step.number() % 4;
        prefix.add(id);
        model.ids.put(id, false);
        model.next = id + 1;
      }
      case SETTLE -> {
        if (!model.ids.isEmpty()) {
          long id = List.copyOf(model.ids.keySet()).get(step.number() % model.ids.size());
          assertThat(prefix.settle(id)).isEqualTo(!model.ids.put(id, true));
        }
      }
      case SKIP -> {
        long id = model.next + step.number() % 8 - 2; // backwards changes nothing
        prefix.skipTo(id);
        model.next = Math.max(model.next, id);
      }
      case COPY -> throw new IllegalArgumentException("no change");
    }
  }

  private static void agree(SettledPrefix prefix, Model model) {
    assertThat(prefix.end()).as("end").isEqualTo(model.end());
    assertThat(prefix.next()).as("next").isEqualTo(model.next);
    assertThat(prefix.open())
        .as("open")
        .isEqualTo((int) model.ids.values().stream().filter(settled -> !settled).count());
    List<Long> beyond = new ArrayList<>();
    for (Range range : prefix.settledBeyond()) {
      for (long id = range.from(); id < range.to(); id++) {
        beyond.add(id);
      }
    }
    assertThat(beyond).as("settled beyond").isEqualTo(model.beyond());
  }

  @Provide
  Arbitrary<Long> starts() {
    return Arbitraries.longs().between(0, 1_000);
  }

  @Provide
  Arbitrary<List<Step>> histories() {
    Arbitrary<Kind> kinds =
        Arbitraries.of(Kind.ADD, Kind.ADD, Kind.SETTLE, Kind.SETTLE, Kind.SKIP, Kind.COPY);
    Arbitrary<Integer> numbers = Arbitraries.integers().between(0, 200);
    return Combinators.combine(kinds, numbers).as(Step::new).list().ofMaxSize(120);
  }
}
