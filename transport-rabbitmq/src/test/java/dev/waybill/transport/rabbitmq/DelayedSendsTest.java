package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.transport.Topology.Mode;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DelayedSendsTest {
  private final CompletableFuture<String> stored = new CompletableFuture<>();
  private final AtomicInteger left = new AtomicInteger();
  private Runnable administration = () -> {};
  private Runnable whilePublishing = () -> {};

  private final Delays delays =
      new Delays(Wires.delays(Duration.ofMillis(1)), work -> {}, work -> administration = work);

  private final DelayedSends sends =
      new DelayedSends(
          delays,
          (target, properties, body, deadline, leave) -> {
            whilePublishing.run();
            return stored.whenComplete((receipt, error) -> leave.run());
          });

  @Test
  void what_is_being_published_when_all_is_closed_has_the_publisher_s_answer() {
    delays.mode(Mode.CREATE);
    CompletableFuture<String> answer = send();
    whilePublishing = sends::close;

    administration.run();
    administration.run();
    stored.completeExceptionally(
        SendException.unknown(ErrorCode.CLOSED, "It may have been stored.", null));

    assertThatThrownBy(answer::join)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class,
            error -> assertThat(error.certainty()).isEqualTo(Certainty.UNKNOWN));
    assertThat(left).hasValue(1);
  }

  @Test
  void what_waits_for_its_queues_when_all_is_closed_is_rejected_and_never_published() {
    delays.mode(Mode.CREATE);
    CompletableFuture<String> answer = send();
    AtomicInteger published = new AtomicInteger();
    whilePublishing = published::incrementAndGet;

    sends.close();
    administration.run();
    administration.run();

    assertThatThrownBy(answer::join)
        .cause()
        .isInstanceOfSatisfying(
            SendException.class,
            error -> assertThat(error.certainty()).isEqualTo(Certainty.REJECTED));
    assertThat(published).hasValue(0);
    assertThat(left).hasValue(1);
  }

  private CompletableFuture<String> send() {
    return sends.send(
        PendingSend.Target.queue("q"),
        new BasicProperties(),
        new byte[0],
        Duration.ofMillis(5),
        Duration.ofMinutes(1),
        left::incrementAndGet);
  }
}
