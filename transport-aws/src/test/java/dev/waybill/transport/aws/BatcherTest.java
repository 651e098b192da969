package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BatcherTest {
  private record Entry(String name, Duration remaining) implements Batcher.Entry {
    @Override
    public Object lane() {
      return this;
    }

    @Override
    public long size() {
      return 1;
    }
  }

  @Test
  void anEntryWithLittleTimeDoesNotWaitForAsLongAsOthers() throws InterruptedException {
    BlockingQueue<List<Entry>> calls = new LinkedBlockingQueue<>();
    try (Timer timer = new Timer()) {
      Batcher<Entry> batcher =
          new Batcher<>(
              new Batcher.Rules(1, 100, 10, Duration.ofDays(1), underWay -> false),
              timer,
              entries -> {
                calls.add(entries);
                return CompletableFuture.completedFuture(List.of());
              });
      Entry patient = new Entry("patient", Duration.ofDays(2));
      Entry hasty = new Entry("hasty", Duration.ofMillis(20));

      batcher.add(patient);
      batcher.add(hasty);

      assertThat(calls.poll(60, TimeUnit.SECONDS)).containsExactly(patient, hasty);
    }
  }
}
