package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Queue;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** In a class of its own: a connection that other tests share would start threads meanwhile. */
class ClosingTest {
  @Test
  void aClosedConnectionLeavesNoThread() {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Aws other = Aws.connect();
    Queue queue = other.queue(true);
    other.receive(queue, 5, new Collector());
    other.sendAndWait(queue, Aws.message("1", "k"));

    other.close();

    await()
        .atMost(Duration.ofSeconds(5))
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> !before.contains(thread))
                    .filteredOn(thread -> thread.getName().matches("waybill-aws.*|.*[Aa]ws.*"))
                    .isEmpty());
  }
}
