package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import dev.waybill.routing.Source;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualClockTest {
  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

  private final VirtualClock clock = VirtualClock.startingAt(START);

  @Test
  void timeStandsStillUntilItIsAdvanced() {
    assertThat(clock.instant()).isEqualTo(START);
    clock.advance(Duration.ofSeconds(90));
    assertThat(clock.instant()).isEqualTo(START.plusSeconds(90));
    assertThat(clock).hasToString("VirtualClock[2026-03-01T12:01:30Z]");
  }

  @Test
  void timeDoesNotGoBack() {
    assertThatIllegalArgumentException().isThrownBy(() -> clock.advance(Duration.ofNanos(-1)));
  }

  @Test
  void theClockOfAnotherZoneTellsTheSameTime() {
    Clock there = clock.withZone(ZoneId.of("Asia/Tokyo"));
    clock.advance(Duration.ofSeconds(1));

    assertThat(there.instant()).isEqualTo(clock.instant());
    assertThat(there.getZone()).isEqualTo(ZoneId.of("Asia/Tokyo"));
    assertThat(there.withZone(clock.getZone())).isSameAs(clock);
  }

  @Test
  void whatIsDueIsHandedOverAtItsTimeOverAllBrokersInOrder() {
    List<String> log = Collections.synchronizedList(new ArrayList<>());
    try (TransportConnection one = logging(log);
        TransportConnection two = logging(log)) {
      send(one, "c", 3);
      send(two, "b", 2);
      send(one, "a", 1);

      clock.advance(Duration.ofSeconds(5));

      assertThat(log)
          .containsExactly(
              "a at 2026-03-01T12:00:01Z",
              "b at 2026-03-01T12:00:02Z",
              "c at 2026-03-01T12:00:03Z");
      assertThat(clock.instant()).isEqualTo(START.plusSeconds(5));
    }
  }

  @Test
  void aListenerMayAdvanceTheClock() {
    List<String> log = Collections.synchronizedList(new ArrayList<>());
    InMemoryBroker broker = InMemoryBroker.create(clock);
    try (TransportConnection connection = broker.transport().connect(Scene.DEADLINE)) {
      prepare(connection);
      connection.receive(
          Scene.QUEUE,
          10,
          new Logging(log) {
            @Override
            public void delivered(Delivery delivery) {
              super.delivered(delivery);
              clock.advance(Duration.ofSeconds(1));
            }
          });
      send(connection, "later", 1);
      connection
          .sender()
          .send(Scene.QUEUE, Scene.message("now", null, null), Scene.DEADLINE)
          .join();

      await().until(() -> log.size() == 2);
      assertThat(log)
          .containsExactly("now at 2026-03-01T12:00:00Z", "later at 2026-03-01T12:00:01Z");
    }
  }

  private TransportConnection logging(List<String> log) {
    TransportConnection connection =
        InMemoryBroker.create(clock).transport().connect(Scene.DEADLINE);
    prepare(connection);
    connection.receive(Scene.QUEUE, 10, new Logging(log));
    return connection;
  }

  private static void prepare(TransportConnection connection) {
    connection.prepare(Scene.topology((Source) Scene.QUEUE), Topology.Mode.CREATE);
  }

  private static void send(TransportConnection connection, String text, int seconds) {
    connection
        .sender()
        .send(Scene.QUEUE, Scene.message(text, null, Duration.ofSeconds(seconds)), Scene.DEADLINE)
        .join();
  }

  private class Logging implements Handing {
    private final List<String> log;

    Logging(List<String> log) {
      this.log = log;
    }

    @Override
    public void delivered(Delivery delivery) {
      log.add(Listening.text(delivery) + " at " + clock.instant());
    }
  }
}
