package dev.waybill;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RandomIdsTest {
  @Test
  void each_is_a_random_uuid() {
    List<UUID> ids = Stream.generate(RandomIds::next).limit(1_000).map(UUID::fromString).toList();

    assertThat(ids).allMatch(id -> id.version() == 4 && id.variant() == 2);
    assertThat(ids).extracting(UUID::toString).doesNotHaveDuplicates();
    long least = ids.stream().mapToLong(id -> Long.bitCount(id.getLeastSignificantBits())).sum();
    long most = ids.stream().mapToLong(id -> Long.bitCount(id.getMostSignificantBits())).sum();
    assertThat(least).as("about half of 62,000 random bits").isBetween(30_000L, 33_000L);
    assertThat(most).as("about half of 60,000 random bits").isBetween(29_000L, 32_000L);
    assertThat(ids).extracting(UUID::getMostSignificantBits).doesNotHaveDuplicates();
  }

  @Test
  void what_was_drawn_ahead_is_forgotten_soon() {
    AtomicLong nanos = new AtomicLong();
    AtomicLong looks = new AtomicLong();
    RandomIds ids =
        new RandomIds(
            () -> {
              looks.incrementAndGet();
              return nanos.get();
            });
    ids.draw();
    long perId = looks.getAndSet(0);
    ids.draw();
    assertThat(looks.getAndSet(0)).as("one look, at a batch that is fresh").isLessThan(perId);

    nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
    ids.draw();

    assertThat(looks.get()).as("a look at the old batch, for the new one, at it").isEqualTo(3);
  }

  @Test
  void none_is_given_twice_to_threads_that_ask_at_once() throws Exception {
    Set<String> given = ConcurrentHashMap.newKeySet();
    int threads = 8;
    int each = 5_000;
    Callable<Void> asking =
        () -> {
          IntStream.range(0, each).forEach(i -> given.add(RandomIds.next()));
          return null;
        };
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      for (var done : pool.invokeAll(Collections.nCopies(threads, asking))) {
        done.get();
      }
    } finally {
      pool.shutdownNow();
    }

    assertThat(given).hasSize(threads * each);
  }
}
