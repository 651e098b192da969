package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MessagesTravelUnchangedTest {
  private final Scene scene = new Scene(Scene.QUEUE, Scene.BILLING);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void everyPartOfAMessageArrivesAsItWasSent() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("wb-empty", "");
    headers.put("wb-ünïcode 😀", "naïve — 日本語 \u0000 \n");
    for (int i = 0; i < 200; i++) {
      headers.put("wb-" + i, "v".repeat(i));
    }
    Map<String, String> attributes = Map.of("id", "m-1", "type", "t", "partitionkey", "k");
    byte[] body = new byte[256];
    for (int i = 0; i < body.length; i++) {
      body[i] = (byte) i;
    }

    scene.send(
        Scene.QUEUE, new WireMessage(body, "application/json", attributes, headers, "k", null));

    WireMessage received = scene.listen(Scene.QUEUE).next().message();
    assertThat(received.body()).containsExactly(body);
    assertThat(received.contentType()).isEqualTo("application/json");
    assertThat(received.attributes()).isEqualTo(attributes);
    assertThat(received.headers()).isEqualTo(headers);
    assertThat(received.key()).isEqualTo("k");
  }

  @Test
  void aForeignMessageWithNothingButAnEmptyBodyArrives() {
    scene.send(
        Scene.QUEUE, new WireMessage(new byte[0], null, Map.of(), Map.of("x", "y"), null, null));

    WireMessage received = scene.listen(Scene.QUEUE).next().message();
    assertThat(received.body()).isEmpty();
    assertThat(received.contentType()).isNull();
    assertThat(received.id()).isNull();
    assertThat(received.key()).isNull();
    assertThat(received.headers()).containsExactly(Map.entry("x", "y"));
  }

  @Test
  void theDelayIsForTheBrokerAndNotReceived() {
    scene.send(Scene.QUEUE, Scene.message("late", null, Duration.ofSeconds(1)));
    Listening listening = scene.listen(Scene.QUEUE);

    scene.clock.advance(Duration.ofSeconds(1));

    assertThat(listening.next().message().delay()).isNull();
  }

  @Test
  void sendersAndReceiversKnowAMessageByTheSameNameInAQueue() {
    String sent = scene.send(Scene.QUEUE, "m");

    assertThat(sent).isEqualTo("payments@1");
    assertThat(scene.listen(Scene.QUEUE).next().brokerId()).isEqualTo(sent);
  }

  @Test
  void aCopyIsKnownByItsSubscription() {
    assertThat(scene.send(Scene.TOPIC, "m")).isEqualTo("orders@1");
    assertThat(scene.listen(Scene.BILLING).next().brokerId()).isEqualTo("orders.billing@1");
  }
}
