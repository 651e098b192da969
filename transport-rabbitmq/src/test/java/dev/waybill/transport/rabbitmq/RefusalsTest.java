package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Connection;
import dev.waybill.error.SendException;
import dev.waybill.testkit.broker.TestBrokers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A queue that takes nothing, beside others that do, on one connection. */
class RefusalsTest {
  /** Long for an answer, however busy the machine; what is refused is soon refused for so long. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  private final RabbitThreads threads = new RabbitThreads();
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final String full = Wires.name("full");
  private final String open = Wires.name("open");
  private Native raw;
  private RabbitLink link;
  private PublishLoop loop;

  @BeforeEach
  void connect() throws Exception {
    String uri = TestBrokers.rabbitmq().uri();
    raw = new Native(uri);
    raw.channel.queueDeclare(
        full,
        true,
        false,
        false,
        Map.of("x-queue-type", "quorum", "x-max-length", 1, "x-overflow", "reject-publish"));
    raw.channel.queueDeclare(open, true, false, false, Map.of("x-queue-type", "quorum"));
    link = new RabbitLink(RabbitUri.settings(uri), "publish", threads, blocking);
    link.open(Wires.DEADLINE);
    loop = new PublishLoop(link, threads, SILENCE);
    loop.start();
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    loop.close();
    link.close();
    blocking.shutdownNow();
    raw.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void a_queue_that_stays_full_costs_no_connection_and_no_other_message() throws Exception {
    Connection before = link.connection();
    fill();
    List<CompletableFuture<String>> others = new ArrayList<>();
    long end = System.nanoTime() + SILENCE.multipliedBy(2).toNanos();

    while (System.nanoTime() < end) {
      others.add(send(open));
      assertThat(failure(send(full)).certainty()).isEqualTo(SendException.Certainty.UNKNOWN);
    }

    for (CompletableFuture<String> other : others) {
      assertThat(other.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isNotEmpty();
    }
    assertThat(link.connection()).isSameAs(before);
  }

  /** As after the loss of a leader, when a channel is not told that its queue has room again. */
  @Test
  void a_channel_that_goes_on_refusing_is_replaced_and_nothing_on_it_becomes_unknown()
      throws Exception {
    try (ScriptedBroker broker = new ScriptedBroker("3.10.8")) {
      broker.refuseOnFirstChannel("stuck");
      RabbitLink scripted =
          new RabbitLink(RabbitUri.settings(broker.uri()), "publish", threads, blocking);
      scripted.open(Wires.DEADLINE);
      PublishLoop publishing = new PublishLoop(scripted, threads, Duration.ofMillis(50));
      publishing.start();
      Connection before = scripted.connection();
      List<CompletableFuture<String>> others = new ArrayList<>();

      await()
          .atMost(Wires.DEADLINE)
          .pollInterval(Duration.ofMillis(10))
          .until(
              () -> {
                others.add(send(publishing, "fine"));
                return !isRefused(send(publishing, "stuck"));
              });

      for (CompletableFuture<String> other : others) {
        assertThat(other.get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS)).isNotEmpty();
      }
      assertThat(scripted.connection()).isSameAs(before);
      publishing.close();
      scripted.close();
    }
  }

  private void fill() throws Exception {
    boolean refused = false;
    while (!refused) {
      refused = isRefused(send(full));
    }
  }

  private static boolean isRefused(CompletableFuture<String> answer) throws Exception {
    return answer
        .handle((receipt, error) -> error != null)
        .get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  private static SendException failure(CompletableFuture<String> answer) throws Exception {
    return (SendException)
        answer.handle((receipt, error) -> error).get(Wires.DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  private CompletableFuture<String> send(String queue) {
    return send(loop, queue);
  }

  private static CompletableFuture<String> send(PublishLoop by, String queue) {
    PendingSend send =
        new PendingSend(
            PendingSend.Target.queue(queue),
            new BasicProperties.Builder().deliveryMode(2).build(),
            "x".getBytes(StandardCharsets.UTF_8),
            () -> {});
    assertThat(by.write(send)).isTrue();
    return send.answer();
  }
}
