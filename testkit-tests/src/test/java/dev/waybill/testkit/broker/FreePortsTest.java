package dev.waybill.testkit.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
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
  void what_a_jvm_draws_from_is_claimed_so_that_no_other_draws_from_it() {
    List<Integer> claims =
        Stream.generate(FreePorts::next).limit(450).map(FreePorts::claim).distinct().toList();
    System.gc(); // closes a socket that nobody keeps

    assertThat(claims).hasSizeGreaterThan(2);
    await()
        .during(Duration.ofMillis(200))
        .atMost(Duration.ofSeconds(20))
        .until(() -> claims.stream().noneMatch(FreePortsTest::isFree));
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = Loopback.listen(port)) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }

  @Test
  void a_port_is_below_those_of_outgoing_connections() {
    assertThat(IntStream.generate(FreePorts::next).limit(50).boxed().toList())
        .allMatch(port -> port >= 15_000 && port < 32_000);
  }
}
