package dev.waybill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class KafkaDeskTest extends DeskCases {
  private TestBroker broker;

  @Override
  String uri() {
    return (broker == null ? TestBrokers.kafka() : broker).uri() + "?partitions=1";
  }

  @Test
  void what_is_decided_is_not_called_done_when_the_last_commit_fails() {
    try (KafkaTestBroker own = KafkaTestBroker.start()) {
      broker = own;
      deadLetters(2);
      AtomicBoolean paused = new AtomicBoolean();

      String called =
          command(
              soFar -> {
                if (soFar.contains("Only 1 of ") && paused.compareAndSet(false, true)) {
                  own.pause(); // all that is to come is the decision, which is only committed
                }
              },
              "discard",
              "-q",
              payments(),
              "--limit",
              "1",
              "--yes");
      own.resume();

      assertThat(paused).isTrue();
      assertThat(called)
          .startsWith("1 Only 1 of ")
          .contains("1 dead letter discarded.")
          .contains(
              "Dead letters of the queue %s that were decided about may be there again, since that is not stored: "
                  .formatted(payments()));
    }
  }
}
