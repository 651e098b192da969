package dev.waybill.testkit.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the suite can't do to the example: let a program die. */
class FileLeaseTest {
  private static final Queue QUEUE = new Queue("work", false);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @Test
  void what_nobody_renews_or_settles_comes_again_and_its_first_owner_is_told(@TempDir Path folder) {
    FileTransport transport = new FileTransport(folder, Duration.ofSeconds(1));
    List<Delivery> deliveries = new CopyOnWriteArrayList<>();
    try (TransportConnection connection = transport.connect(PATIENCE)) {
      Topology topology =
          new Topology(List.of(QUEUE), List.of(QUEUE), List.of(QUEUE.deadLetterQueue()));
      assertThat(connection.prepare(topology, Topology.Mode.CREATE)).isEmpty();
      connection.receive(QUEUE, 5, listener(deliveries));
      WireMessage message =
          new WireMessage(new byte[] {1}, null, Map.of("id", "1"), Map.of(), null, null);
      connection.sender().send(QUEUE, message, PATIENCE).join();
      await().atMost(PATIENCE).until(() -> deliveries.size() >= 2);
      Delivery first = deliveries.get(0);
      assertThat(first.isOwned()).isFalse();
      assertThat(first.settle(Settlement.accept()))
          .isCompletedWithValue(Settlement.Result.NOT_OWNED);
      assertThat(deliveries.get(1).message().id()).isEqualTo("1");
    }
  }

  private static Receiver.Listener listener(List<Delivery> deliveries) {
    return new Receiver.Listener() {
      @Override
      public void delivered(Delivery delivery) {
        deliveries.add(delivery);
      }

      @Override
      public void failed(MessagingException problem) {
        throw new AssertionError(problem);
      }

      @Override
      public void recovered() {}
    };
  }
}
