package dev.waybill.testkit.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FreePortsTest {

  @Test
  void no_port_is_handed_out_twice() {
    List<Integer> ports = Stream.generate(FreePorts::next).parallel().limit(500).toList();

    assertThat(ports).doesNotHaveDuplicates();
  }

  @Test
  void a_port_is_below_those_of_outgoing_connections() {
    assertThat(IntStream.generate(FreePorts::next).limit(50).boxed().toList())
        .allMatch(port -> port >= 15_000 && port < 32_000);
  }
}
