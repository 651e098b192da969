package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What breaks: brokers, connections, consumers; and that nothing is lost by it. */
abstract class FaultCases extends ContractSupport {
  private static final String NO_CONNECTION = "the harness can not disturb a connection";

  @Test
  @Case(value = "I1", alone = true)
  void a_broker_that_restarts_during_traffic_loses_nothing_that_it_has_confirmed() {
    BrokerFaults broker = harness().brokerFaults();
    if (broker == null) {
      notProvable("the harness can not stop the broker");
      return;
    }
    Traffic traffic = new Traffic();
    try (MessageBus bus = bus(harness().transport(), traffic)) {
      int settled = handledAndSettled(bus, traffic);
      sendRounds(bus, traffic, 3);
      restart(broker, bus, traffic);
      goesOn(bus, traffic);
      assertThat(traffic.again()).allMatch(charge -> charge.number() > settled);
    }
    traffic.assertKept();
  }

  @Test
  @Case(value = "F3", needs = Feature.ORDER_PER_KEY, keyed = true, alone = true)
  void the_order_per_key_is_kept_when_the_broker_or_an_instance_fails() {
    BrokerFaults broker = harness().brokerFaults();
    if (broker == null) {
      notProvable("the harness can not stop the broker");
    }
    Traffic traffic = new Traffic();
    try (MessageBus bus = bus(harness().transport(), traffic)) {
      MessageBus other = bus(harness().transport(), traffic);
      try (other) {
        sendRounds(bus, traffic, 3);
        if (broker != null) {
          restart(broker, bus, traffic);
        }
        goesOn(bus, traffic);
        sendRounds(bus, traffic, 5);
      }
      goesOn(bus, traffic);
    }
    traffic.assertKept();
  }

  @Test
  @Case("I2")
  void a_connection_that_is_cut_while_messages_are_sent_received_and_settled_loses_nothing() {
    disturb(ConnectionFaults::cut);
  }

  @Test
  @Case("I2")
  void a_half_open_connection_while_messages_are_sent_received_and_settled_loses_nothing() {
    disturb(ConnectionFaults::hold);
  }

  @Test
  @Case("I2")
  void answers_that_are_lost_while_messages_are_sent_received_and_settled_lose_nothing() {
    disturb(ConnectionFaults::holdAnswers);
  }

  @Test
  @Case("I2")
  void slow_answers_while_messages_are_sent_received_and_settled_lose_nothing() {
    disturb(way -> way.delay(Duration.ofMillis(150)));
  }

  private void disturb(Consumer<ConnectionFaults> fault) {
    ConnectionFaults way = harness().connectionFaults();
    if (way == null) {
      notProvable(NO_CONNECTION);
      return;
    }
    Traffic traffic = new Traffic();
    try (way) {
      try (MessageBus bus = bus(way.transport(), traffic)) {
        int settled = handledAndSettled(bus, traffic);
        traffic.hold();
        sendRounds(bus, traffic, 3);
        until("handlers that run", () -> traffic.running() == Traffic.KEYS.size());
        fault.accept(way);
        traffic.send(bus);
        traffic.letGo();
        until("an answer to each send", traffic::isAnswered);
        way.heal();
        goesOn(bus, traffic);
        assertThat(traffic.again()).allMatch(charge -> charge.number() > settled);
      } finally {
        traffic.letGo();
        way.heal();
      }
    }
    traffic.assertKept();
  }

  @Test
  @Case("I3")
  void what_a_consumer_that_is_killed_had_in_hand_is_handled_by_another() {
    ConnectionFaults way = harness().connectionFaults();
    Recorder<Charge> handled = new Recorder<>();
    if (way == null) {
      notProvable("the harness can not end a consumer without a word");
    }
    try {
      killed(way);
    } finally {
      if (way != null) {
        way.cut();
        way.heal();
        way.close();
      }
    }
    try (MessageBus other =
        here.charging(c -> c.onCommand(Charge.class, (m, x) -> handled.add(m.payload())))) {
      other.send(new Charge("b", 2)).join();
      List<Charge> all = await(handled, 2);
      assertThat(all).containsExactlyInAnyOrder(new Charge("a", 1), new Charge("b", 2));
    }
  }

  /** A bus that ends in the middle of a message, where it can without a word to the broker. */
  private void killed(@Nullable ConnectionFaults way) {
    CountDownLatch never = new CountDownLatch(1);
    Recorder<Charge> begun = new Recorder<>();
    try (MessageBus bus =
        here.bus(way == null ? harness().transport() : way.transport())
            .drainTimeout(Duration.ZERO)
            .consume(
                here.keyedQueue,
                c ->
                    c.onCommand(
                        Charge.class,
                        (m, x) -> {
                          begun.add(m.payload());
                          never.await();
                        }))
            .start()) {
      bus.send(new Charge("a", 1)).join();
      await(begun, 1);
      if (way != null) {
        way.hold();
      }
    }
  }

  @Test
  @Case("I3")
  void a_handler_whose_message_went_to_another_is_told() {
    ConnectionFaults way = harness().connectionFaults();
    if (way == null) {
      notProvable("the harness can not disturb a connection");
      return;
    }
    Recorder<HandlerContext> first = new Recorder<>();
    Recorder<Charge> second = new Recorder<>();
    CountDownLatch go = new CountDownLatch(1);
    try (way;
        MessageBus one =
            here.bus(way.transport())
                .drainTimeout(Duration.ZERO)
                .consume(
                    here.keyedQueue,
                    c ->
                        c.onCommand(
                            Charge.class,
                            (m, x) -> {
                              first.add(x);
                              go.await();
                            }))
                .start()) {
      one.send(new Charge("a", 1)).join();
      HandlerContext context = await(first, 1).get(0);
      assertThat(context.isOwnershipLost()).isFalse();
      try (MessageBus other =
          here.charging(c -> c.onCommand(Charge.class, (m, x) -> second.add(m.payload())))) {
        assertThat(other.describe()).contains(here.keyedQueue);
        if (harness().clock() == null) {
          way.hold();
          await(second, 1);
          way.heal();
        } else { // a broker in this JVM has one way for all
          way.cut();
        }
        until("the handler to be told", context::isOwnershipLost);
        go.countDown();
      }
    }
  }

  @Test
  @Case("I4")
  void instances_that_come_and_go_under_load_lose_nothing_and_keep_the_order_per_key() {
    Traffic traffic = new Traffic();
    AtomicBoolean enough = new AtomicBoolean();
    int changes = 4;
    List<MessageBus> instances = new ArrayList<>();
    try (MessageBus sender = here.bus().start()) {
      instances.add(bus(harness().transport(), traffic));
      CompletableFuture<Void> load = beside(() -> load(sender, traffic, enough));
      try {
        for (int change = 0; change < changes; change++) {
          MessageBus next = bus(harness().transport(), traffic);
          instances.add(next);
          moves(traffic);
          instances.remove(0).close();
          moves(traffic);
        }
      } finally {
        enough.set(true);
        until("the end of the load", load::isDone);
      }
      load.join();
      until("all that was confirmed to be handled", traffic::isHandled);
    } finally {
      instances.forEach(MessageBus::close);
    }
    traffic.assertKept();
    assertThat(traffic.again().size())
        .as("handled again, at most what was open at each of %d changes", 2 * changes)
        .isLessThanOrEqualTo(2 * changes * Traffic.MOST_OPEN);
  }

  /** Sends until it is enough, and never far ahead of the handlers. */
  private static void load(MessageBus sender, Traffic traffic, AtomicBoolean enough) {
    while (!enough.get()) {
      confirmed(traffic.send(sender));
      traffic.awaitRoom(enough::get);
    }
  }

  /** Waits until some more has been handled. */
  private void moves(Traffic traffic) {
    int before = traffic.count();
    until("more to be handled", () -> traffic.count() >= before + 20);
  }

  @Test
  @Case("I5")
  void credentials_that_the_broker_refuses_fail_the_start_typed_and_leave_nothing() {
    Transport refused = harness().refusedTransport();
    if (refused == null) {
      notProvable("the harness has no credentials that the broker refuses");
      return;
    }
    MessageBus.Builder bus =
        here.bus(refused)
            .consume(here.plainQueue, c -> c.onCommand(ContractCase.Refresh.class, (m, x) -> {}));
    assertThatThrownBy(() -> bus.start().close())
        .isInstanceOfSatisfying(
            MessagingException.class,
            failure ->
                assertThat(failure.code())
                    .isIn(ErrorCode.NOT_AUTHENTICATED, ErrorCode.NOT_AUTHORISED));
  }

  private MessageBus bus(Transport transport, Traffic traffic) {
    return here.bus(transport)
        .sendTimeout(sendTimeout())
        .consume(here.keyedQueue, traffic::consume)
        .start();
  }

  private static void sendRounds(MessageBus bus, Traffic traffic, int rounds) {
    for (int round = 0; round < rounds; round++) {
      confirmed(traffic.send(bus));
    }
  }

  /** Sends, and waits until it is handled and settled; returns the last number. */
  private int handledAndSettled(MessageBus bus, Traffic traffic) {
    sendRounds(bus, traffic, 2);
    until("the first to be settled", () -> traffic.isHandled() && bus.inFlight() == 0);
    pass(untilSettled()); // the broker's part, of which nobody is told
    return traffic.last();
  }

  /** Restarts the broker; what is sent while it is down has its answer before it is up again. */
  private void restart(BrokerFaults broker, MessageBus bus, Traffic traffic) {
    broker.stop();
    try {
      traffic.send(bus);
      until("an answer to each send", traffic::isAnswered);
    } finally {
      broker.start();
    }
  }

  /** Sends are confirmed again, and all that was is handled. */
  private void goesOn(MessageBus bus, Traffic traffic) {
    until(
        "a send that is confirmed",
        () -> {
          List<CompletableFuture<?>> answers = new ArrayList<>(traffic.send(bus));
          until("an answer to each send", traffic::isAnswered);
          return answers.stream().noneMatch(CompletableFuture::isCompletedExceptionally);
        });
    until("all that was confirmed to be handled", traffic::isHandled);
  }

  /** Enough for an answer on a busy machine, which a virtual clock does not know. */
  private Duration sendTimeout() {
    return Duration.ofSeconds(harness().clock() == null ? 10 : 3);
  }

  /** In which a transport that collects its settlements has told them to the broker. */
  private Duration untilSettled() {
    return Duration.ofSeconds(harness().clock() == null ? 3 : 1);
  }
}
