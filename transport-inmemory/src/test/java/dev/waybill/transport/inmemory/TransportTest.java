package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TransportTest {
  @Test
  void theUriWithoutANameMakesABrokerEachTime() {
    InMemoryTransport one = (InMemoryTransport) Transport.at("memory:");
    InMemoryTransport two = (InMemoryTransport) Transport.at("memory:");

    assertThat(one.broker()).isNotSameAs(two.broker());
    assertThat(one.name()).isEqualTo("inmemory");
    assertThat(one.address()).isEqualTo("memory:");
  }

  @Test
  void theUriWithANameSharesABroker() {
    InMemoryTransport one = (InMemoryTransport) Transport.at("memory:shared-1");
    InMemoryTransport two = (InMemoryTransport) Transport.at("MEMORY:shared-1");

    assertThat(one.broker())
        .isSameAs(two.broker())
        .isSameAs(InMemoryBroker.named("shared-1"))
        .isNotSameAs(InMemoryBroker.named("shared-2"));
    assertThat(one.address()).isEqualTo("memory:shared-1");
    assertThat(one).hasToString("InMemoryTransport[memory:shared-1]");
  }

  @Test
  void aUriThatIsNotOneOfOursIsRefusedWithoutItsSecrets() {
    assertThatThrownBy(() -> Transport.at("memory://user:secret@host/x"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "'memory://***@host/x' names a host, and the in-memory broker has none: write memory: or memory:name.");
    assertThatThrownBy(() -> Transport.at("memory:a b"))
        .hasMessage(
            "'a b' can't be the name of an in-memory broker: use up to 100 letters, digits, '.', '_' and '-'.");
    assertThatThrownBy(() -> Transport.at("memory:x?size=1"))
        .hasMessage(
            "'memory:x?size=***' has the unknown parameter 'size'; this transport has none.");
  }

  @Test
  void everythingIsNativeButExpiry() {
    Capabilities capabilities = InMemoryTransport.builder().build().capabilities(true);

    for (Feature feature : Feature.values()) {
      Level expected = feature == Feature.EXPIRY ? Level.EMULATED : Level.NATIVE;
      assertThat(capabilities.support(feature).level()).as("%s", feature).isEqualTo(expected);
    }
    assertThat(capabilities.support(Feature.DELAY).serves(Duration.ofDays(100_000))).isTrue();
    assertThat(capabilities.maxBodyBytes()).isEqualTo(16 * 1024 * 1024);
    assertThat(capabilities.leaseDuration()).isNull();
  }

  @Test
  void limitsAndLeasesAreTheBuilders() {
    Capabilities capabilities =
        InMemoryTransport.builder()
            .maxBodyBytes(7)
            .leaseDuration(Duration.ofSeconds(3))
            .build()
            .capabilities(false);

    assertThat(capabilities.maxBodyBytes()).isEqualTo(7);
    assertThat(capabilities.leaseDuration()).isEqualTo(Duration.ofSeconds(3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> InMemoryTransport.builder().maxBodyBytes(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> InMemoryTransport.builder().leaseDuration(Duration.ZERO));
  }

  @Test
  void theConnectionUnwrapsToTheBroker() {
    InMemoryTransport transport = InMemoryTransport.builder().build();
    try (TransportConnection connection = transport.connect(Scene.DEADLINE)) {
      assertThat(connection.unwrap(InMemoryBroker.class)).containsSame(transport.broker());
      assertThat(connection.unwrap(String.class)).isEmpty();
      assertThat(connection.brokerVersion()).startsWith("Waybill in-memory broker");
    }
  }

  @Test
  void aNamedBrokerThatNobodyHasIsGarbage() {
    for (int i = 0; i < 1_000; i++) {
      InMemoryBroker.named("passing-" + i);
    }
    await()
        .until(
            () -> {
              System.gc();
              return InMemoryBroker.namesInUse() < 100;
            });
  }

  @Test
  void lookingInsideShowsEveryMessageInOrderAndChangesNothing() {
    try (Scene scene = new Scene(Scene.KEYED)) {
      scene.send(Scene.KEYED, Scene.message("delayed", "a", Duration.ofSeconds(1)));
      scene.send(Scene.KEYED, "a", "waiting");
      scene.send(Scene.KEYED, "a", "behind");
      scene.send(Scene.KEYED, "b", "open");
      scene.send(Scene.KEYED, "c", "ready");
      Listening listening = scene.listen(Scene.KEYED, 1);
      Scene.release(listening.next(), Duration.ofMinutes(1));
      scene.settleDown();

      for (int look = 0; look < 2; look++) {
        assertThat(scene.broker.messages("orders-in"))
            .extracting(
                message -> new String(message.body(), java.nio.charset.StandardCharsets.UTF_8))
            .containsExactly("waiting", "behind", "open", "ready", "delayed");
        assertThat(
                Map.of(
                    "size", scene.broker.size("orders-in"),
                    "unsettled", scene.broker.unsettled("orders-in"),
                    "waiting", scene.broker.waiting("orders-in")))
            .isEqualTo(Map.of("size", 5, "unsettled", 1, "waiting", 2));
      }
    }
  }

  @Test
  void lookingIntoWhatIsMissingSaysWhatThereIs() {
    try (Scene scene = new Scene(Scene.QUEUE)) {
      assertThatThrownBy(() -> scene.broker.size("paymnts"))
          .isInstanceOfSatisfying(
              MessagingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
          .hasMessage(
              "The in-memory broker has no queue or subscription 'paymnts'; it has [payments, payments.dlq].");
    }
  }
}
