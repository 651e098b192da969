package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PendingSendsTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final PendingSends pending = new PendingSends(timer);

  @AfterEach
  void end() {
    timer.shutdownNow();
  }

  @Test
  void what_its_caller_still_waits_to_hand_over_is_not_unknown_when_others_are_late() {
    PendingSend taken = send(Duration.ofMillis(20));
    PendingSend refused = send(Duration.ofMillis(10));
    taken.handTo(producer());
    pending.watch(taken);

    refused.handTo(new FullUntil(taken.answer()));

    assertThat(certainty(taken)).isEqualTo(Certainty.UNKNOWN);
    assertThat(certainty(refused)).isEqualTo(Certainty.REJECTED);
  }

  @Test
  void what_was_handed_over_too_late_is_unknown_at_once() {
    PendingSend late = send(Duration.ZERO);
    late.handTo(producer());

    pending.watch(late);

    assertThat(certainty(late)).isEqualTo(Certainty.UNKNOWN);
  }

  private PendingSend send(Duration deadline) {
    PendingSend send =
        new PendingSend(
            new ProducerRecord<>("topic", new byte[0]),
            deadline,
            Runnable::run,
            pending,
            () -> false,
            error -> {},
            new Repetitions(producer()));
    pending.add(send);
    return send;
  }

  /** Takes records, and answers to none. */
  private static MockProducer<byte[], byte[]> producer() {
    return new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static Certainty certainty(PendingSend send) {
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    var unused = send.answer().whenComplete((id, error) -> failure.complete(error));
    return ((SendException) failure.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join())
        .certainty();
  }

  /** Has no room until something has an answer, and then none either. */
  private static final class FullUntil extends MockProducer<byte[], byte[]> {
    private final CompletableFuture<String> answer;

    FullUntil(CompletableFuture<String> answer) {
      this.answer = answer;
    }

    @Override
    public synchronized Future<RecordMetadata> send(
        ProducerRecord<byte[], byte[]> record, Callback callback) {
      var unused =
          answer.handle((id, error) -> id).orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
      callback.onCompletion(null, new BufferExhaustedException("full"));
      return new CompletableFuture<>();
    }
  }
}
