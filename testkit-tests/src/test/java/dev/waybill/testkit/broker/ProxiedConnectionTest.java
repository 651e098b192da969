package dev.waybill.testkit.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.testkit.ConnectionFaults;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ProxiedConnectionTest {

  private static final Transport TRANSPORT = Transport.at("memory:");

  private ServerSocket target;
  private FaultProxy proxy;

  @BeforeEach
  void open() throws IOException {
    target = Loopback.listen(0);
    proxy = FaultProxy.open().forwardTo(target.getLocalPort());
  }

  @AfterEach
  void close() throws IOException {
    proxy.close();
    target.close();
  }

  @Test
  void gives_the_transport_an_address_that_leads_through_the_proxy() throws IOException {
    TestBroker broker =
        new RunningBroker(BrokerKind.AWS, "aws://127.0.0.1:" + target.getLocalPort() + "?region=r");
    List<String> addresses = new ArrayList<>();

    try (ConnectionFaults faults =
        ProxiedConnection.to(
            broker,
            address -> {
              addresses.add(address);
              return TRANSPORT;
            })) {
      assertThat(faults.transport()).isSameAs(TRANSPORT);
      assertThat(addresses).singleElement().asString().matches("aws://127.0.0.1:\\d+\\?region=r");
      String port = addresses.get(0).replaceAll("aws://127.0.0.1:(\\d+).*", "$1");
      assertThat(port).isNotEqualTo(String.valueOf(target.getLocalPort()));
      try (Socket client = Loopback.connect(Integer.parseInt(port));
          Socket broken = target.accept()) {
        client.setSoTimeout(10_000);
        broken.getOutputStream().write('a');
        assertThat(client.getInputStream().read()).isEqualTo('a');

        faults.cut();

        assertThatThrownBy(() -> client.getInputStream().read())
            .isInstanceOf(SocketException.class);
      }
    }
  }

  @Test
  void lets_the_answers_vanish_and_what_is_sent_arrive() throws IOException {
    try (ConnectionFaults faults = ProxiedConnection.through(proxy, TRANSPORT);
        Socket client = Loopback.connect(proxy.port());
        Socket broker = target.accept()) {
      client.setSoTimeout(300);
      broker.setSoTimeout(10_000);
      faults.holdAnswers();
      client.getOutputStream().write("request".getBytes(UTF_8));
      assertThat(broker.getInputStream().readNBytes(7)).isEqualTo("request".getBytes(UTF_8));
      broker.getOutputStream().write('a');
      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);

      faults.heal();
      client.setSoTimeout(10_000);

      assertThat(client.getInputStream().read()).isEqualTo('a');
    }
  }

  @Test
  void opens_the_same_proxy_again_after_it_was_closed() throws IOException {
    ProxiedConnection.through(proxy, TRANSPORT).close();
    assertThat(BrokerLife.isOpen(proxy.port())).isFalse();

    try (ConnectionFaults again = ProxiedConnection.through(proxy, TRANSPORT);
        Socket client = Loopback.connect(proxy.port());
        Socket broker = target.accept()) {
      client.getOutputStream().write('a');
      assertThat(broker.getInputStream().read()).isEqualTo('a');
      again.cut();
    }
  }
}
