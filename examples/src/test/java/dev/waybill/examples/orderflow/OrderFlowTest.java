package dev.waybill.examples.orderflow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.testkit.broker.AwsTestBroker;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The order flow's history is the one on its page, whatever carries it. */
class OrderFlowTest {
  private static final Path PAGE = Path.of("01-order-flow.md");

  @Test
  void the_history_over_memory_is_the_one_on_the_page() throws Exception {
    assertThat(historyOver("memory:" + UUID.randomUUID())).isEqualTo(historyOnThePage());
  }

  @Test
  void the_history_over_kafka_is_the_same() throws Exception {
    assertHistoryIsTheSameOver(KafkaTestBroker.start());
  }

  @Test
  void the_history_over_rabbitmq_is_the_same() throws Exception {
    assertHistoryIsTheSameOver(RabbitTestBroker.start());
  }

  @Test
  void the_history_over_sns_and_sqs_is_the_same() throws Exception {
    assertHistoryIsTheSameOver(AwsTestBroker.start());
  }

  private static void assertHistoryIsTheSameOver(TestBroker broker) throws Exception {
    try (broker) {
      assertThat(historyOver(broker.uri())).isEqualTo(historyOnThePage());
    }
  }

  private static String historyOver(String uri) throws InterruptedException {
    History history = new History(row -> {});
    boolean complete = OrderFlowRun.over(Transport.at(uri), history);
    assertThat(complete).as("complete in time:%n%s", Tables.history(history.rows())).isTrue();
    return Tables.history(history.rows());
  }

  private static String historyOnThePage() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf("```text\norder ") + "```text\n".length();
    return page.substring(begin, page.indexOf("```", begin));
  }
}
