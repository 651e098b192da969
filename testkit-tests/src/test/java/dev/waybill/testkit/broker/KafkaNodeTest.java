package dev.waybill.testkit.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class KafkaNodeTest {

  @Test
  void an_id_that_would_be_taken_for_an_option_is_drawn_again() {
    Iterator<UUID> uuids =
        List.of(new UUID(0xf800_0000_0000_0000L, 1), new UUID(0xfc00_0000_0000_0000L, 1))
            .iterator();

    assertThat(KafkaNode.newId(uuids::next)).isEqualTo("_AAAAAAAAAAAAAAAAAAAAQ");
  }
}
