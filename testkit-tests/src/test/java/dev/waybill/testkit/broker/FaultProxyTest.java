package dev.waybill.testkit.broker;

import static dev.waybill.testkit.broker.FaultProxy.Direction.TO_BROKER;
import static dev.waybill.testkit.broker.FaultProxy.Direction.TO_CLIENT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FaultProxyTest {

  private ServerSocket target;
  private FaultProxy proxy;
  private Socket client;
  private Socket broker;

  @BeforeEach
  void connect() throws IOException {
    target = Loopback.listen(0);
    proxy = FaultProxy.open().forwardTo(target.getLocalPort());
    client = Loopback.connect(proxy.port());
    broker = target.accept();
    client.setSoTimeout(10_000);
    broker.setSoTimeout(10_000);
  }

  @AfterEach
  void close() throws IOException {
    proxy.close();
    client.close();
    broker.close();
    target.close();
  }

  @Test
  void hands_through_both_ways() throws IOException {
    write(client, "request");
    assertThat(read(broker, 7)).isEqualTo("request");

    write(broker, "answer");
    assertThat(read(client, 6)).isEqualTo("answer");
  }

  @Test
  void hands_through_that_one_side_has_no_more_to_send() throws IOException {
    write(client, "last");
    client.shutdownOutput();
    assertThat(broker.getInputStream().readAllBytes()).isEqualTo("last".getBytes(UTF_8));

    write(broker, "answer");
    broker.close();
    assertThat(client.getInputStream().readAllBytes()).isEqualTo("answer".getBytes(UTF_8));
  }

  @Test
  void holds_one_direction_and_keeps_what_was_held() throws IOException {
    proxy.hold(TO_CLIENT);
    write(client, "request");
    assertThat(read(broker, 7)).isEqualTo("request");
    write(broker, "answer");
    assertSilent(client);

    proxy.heal();

    assertThat(read(client, 6)).isEqualTo("answer");
  }

  @Test
  void holds_both_directions_of_old_and_new_connections() throws IOException {
    proxy.hold();
    try (Socket late = Loopback.connect(proxy.port());
        Socket lateBroker = target.accept()) {
      write(client, "a");
      write(late, "b");
      write(lateBroker, "c");
      assertSilent(broker);
      assertSilent(lateBroker);
      assertSilent(late);

      proxy.heal();

      assertThat(read(broker, 1)).isEqualTo("a");
      assertThat(read(lateBroker, 1)).isEqualTo("b");
      assertThat(read(late, 1)).isEqualTo("c");
    }
  }

  @Test
  void resets_connections_and_accepts_new_ones() throws IOException {
    proxy.reset();

    assertReset(client);
    assertReset(broker);
    try (Socket next = Loopback.connect(proxy.port());
        Socket nextBroker = target.accept()) {
      write(next, "a");
      assertThat(read(nextBroker, 1)).isEqualTo("a");
    }
  }

  @Test
  void loses_a_held_answer_by_a_reset() throws IOException {
    proxy.hold(TO_CLIENT);
    write(client, "request");
    assertThat(read(broker, 7)).isEqualTo("request");
    write(broker, "answer");

    proxy.reset();

    assertReset(client);
  }

  @Test
  void refuses_new_connections_until_healed() throws IOException {
    proxy.refuse();
    assertThatThrownBy(() -> Loopback.connect(proxy.port())).isInstanceOf(ConnectException.class);
    write(client, "old");
    assertThat(read(broker, 3)).isEqualTo("old");

    proxy.heal();

    Loopback.connect(proxy.port()).close();
  }

  @Test
  void cuts_one_connection_after_so_many_bytes() throws IOException {
    proxy.cutAfter(TO_BROKER, 5);
    write(client, "abc");
    assertThat(read(broker, 3)).isEqualTo("abc");

    write(client, "defg");

    assertReset(client);
    try (Socket next = Loopback.connect(proxy.port());
        Socket nextBroker = target.accept()) {
      write(next, "longer than that");
      assertThat(read(nextBroker, 16)).isEqualTo("longer than that");
    }
  }

  @Test
  void hands_through_no_byte_beyond_a_cut() throws IOException {
    proxy.cutAfter(TO_BROKER, 5);
    proxy.delay(Duration.ofMillis(50));

    write(client, "abcdefg");

    assertReset(client);
    byte[] arrived = new byte[7];
    assertThatThrownBy(() -> readTo(broker, arrived)).isInstanceOf(IOException.class);
    assertThat(arrived[5]).isZero();
  }

  @Test
  void delays_each_way() throws IOException {
    proxy.delay(Duration.ofMillis(150));
    long start = System.nanoTime();

    write(client, "a");
    assertThat(read(broker, 1)).isEqualTo("a");
    write(broker, "b");
    assertThat(read(client, 1)).isEqualTo("b");

    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(300), Duration.ofSeconds(10));
  }

  @Test
  void a_delay_ends_with_its_healing() throws IOException {
    proxy.delay(Duration.ofHours(1));
    write(client, "a");
    assertSilent(broker);

    proxy.heal();

    assertThat(read(broker, 1)).isEqualTo("a");
  }

  @Test
  void resets_clients_while_the_broker_is_down() throws IOException {
    target.close();

    assertThatThrownBy(
            () -> {
              try (Socket next = Loopback.connect(proxy.port())) {
                next.setSoTimeout(10_000);
                next.getInputStream().read();
              }
            })
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  @Test
  void leads_an_address_through_itself() {
    String port = ":" + proxy.port();

    assertThat(proxy.through("amqp://u:1234@127.0.0.1:1234/a%2Fb"))
        .isEqualTo("amqp://u:1234@127.0.0.1" + port + "/a%2Fb");
    assertThat(proxy.through("aws://127.0.0.1:1234?region=r"))
        .isEqualTo("aws://127.0.0.1" + port + "?region=r");
    assertThatThrownBy(() -> proxy.through("kafka://127.0.0.1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'kafka://127.0.0.1' has no port to replace");
  }

  @Test
  void leaves_no_connection_and_no_thread() throws IOException {
    proxy.hold();
    write(client, "held");

    proxy.close();

    assertReset(client);
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().equals("waybill-fault-proxy")));
    assertThat(BrokerLife.isOpen(proxy.port())).isFalse();
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(UTF_8));
  }

  private static String read(Socket socket, int count) throws IOException {
    return new String(socket.getInputStream().readNBytes(count), UTF_8);
  }

  private static void readTo(Socket socket, byte[] bytes) throws IOException {
    for (int i = 0; i < bytes.length; i++) {
      int next = socket.getInputStream().read();
      if (next < 0) {
        throw new IOException("end after " + i);
      }
      bytes[i] = (byte) next;
    }
  }

  private static void assertReset(Socket socket) {
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  private static void assertSilent(Socket socket) throws IOException {
    socket.setSoTimeout(200);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    socket.setSoTimeout(10_000);
  }
}
