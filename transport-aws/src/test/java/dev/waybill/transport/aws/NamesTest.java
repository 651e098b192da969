package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.routing.Queue;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
  @ParameterizedTest
  @CsvSource({
    "orders,false,orders",
    "orders,true,orders.fifo",
    "orders.billing,false,orders_-billing",
    "orders.billing.dlq,false,orders_-billing_-dlq",
    "my_queue,true,my__queue.fifo",
    "a-b,false,a-b",
    "_-,false,__-",
    "._,true,_-__.fifo"
  })
  void dotsAndUnderscoresAreEscapedAndKeyedChannelsEndInFifo(
      String name, boolean keyed, String nativeName) {
    assertThat(Names.queue(new Queue(name, keyed))).isEqualTo(nativeName);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "a.b", "a_b", "a-b", "_-", "-_", "._", "_.", "..-__--.", "A9._-._-"})
  void theRuleIsReversible(String name) {
    for (boolean keyed : new boolean[] {false, true}) {
      Queue queue = new Queue(name, keyed);
      assertThat(Names.queueOf(Names.queue(queue))).isEqualTo(queue);
    }
  }
}
