package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TestBusTest {
  record OrderPlaced(String orderId) {}

  sealed interface Payable permits Bill {}

  record Bill(String orderId) implements Payable {}

  record Billed(String orderId) {}

  private static final Routes ROUTES =
      Routes.define(
          r -> {
            r.event(OrderPlaced.class).named("order-placed.v1").toTopic("orders");
            r.command(Bill.class).named("bill.v1").toQueue("bills").keyedBy(Bill::orderId);
            r.event(Billed.class).named("billed.v1").toTopic("billed");
          });

  private static final AtomicInteger FAILURES = new AtomicInteger();

  @RegisterExtension
  static final TestBusExtension EACH = TestBus.over(ROUTES).with(TestBusTest::shop).eachTest();

  private static void shop(MessageBus.Builder bus) {
    bus.subscribe(
            "orders",
            "billing",
            c ->
                c.onEvent(
                    OrderPlaced.class,
                    (event, context) -> context.send(new Bill(event.payload().orderId()))))
        .consume(
            "bills",
            c ->
                c.onCommand(
                        Bill.class,
                        (command, context) -> {
                          if (command.payload().orderId().equals("bad")) {
                            throw new IllegalStateException("never");
                          }
                          if (FAILURES.getAndDecrement() > 0) {
                            throw new IllegalStateException("not yet");
                          }
                          context.publish(new Billed(command.payload().orderId()));
                        })
                    .onFailure(retry(0).thenAfter(Duration.ofMinutes(10)).thenDeadLetter()));
  }

  @Test
  void what_handlers_send_has_been_handled_when_nothing_is_in_flight(TestBus test) {
    FAILURES.set(0);
    test.bus().publish(new OrderPlaced("1")).join();
    test.quiesce();
    test.assertSent(Bill.class).containsExactly(new Bill("1"));
    test.assertHandled(Bill.class).containsExactly(new Bill("1"));
    test.assertSent(Billed.class).containsExactly(new Billed("1"));
    test.assertRetried(Bill.class).isEmpty();
    test.assertDeadLettered(Bill.class).isEmpty();
  }

  @Test
  void a_backoff_of_ten_minutes_is_over_when_the_time_is_advanced(TestBus test) {
    FAILURES.set(1);
    test.bus().send(new Bill("1")).join();
    test.quiesce();
    test.assertHandled(Bill.class).isEmpty();
    test.advance(Duration.ofMinutes(9));
    test.assertHandled(Bill.class).isEmpty();
    test.advance(Duration.ofMinutes(1));
    test.assertRetried(Bill.class).containsExactly(new Bill("1"));
    test.assertHandled(Bill.class).containsExactly(new Bill("1"));
  }

  @Test
  void what_is_given_up_is_found_among_the_dead_letters(TestBus test) {
    FAILURES.set(0);
    test.bus().send(new Bill("bad")).join();
    test.advance(Duration.ofMinutes(10));
    test.assertDeadLettered(Bill.class).containsExactly(new Bill("bad"));
    assertThat(test.history()).contains("attempt 2 failed");
  }

  @Test
  void a_dead_letter_that_cannot_be_read_is_shown_as_evidence(TestBus test) {
    FAILURES.set(0);
    foreign(test, "{\"orderId\":[1]}", "bill.v1");
    foreign(test, "{}", "unheard-of.v1");
    test.bus().send(new Bill("bad")).join();
    test.advance(Duration.ofMinutes(10));
    test.assertDeadLettered(Bill.class).containsExactly(new Bill("bad"));
    test.assertUndecodable()
        .satisfiesExactlyInAnyOrder(
            line ->
                assertThat(line)
                    .startsWith("dead letter bill.v1, id f-bill.v1: ")
                    .contains("; can't be read as Bill: "),
            line ->
                assertThat(line)
                    .startsWith("dead letter unheard-of.v1, id f-unheard-of.v1: no route")
                    .endsWith("; of no type of the routes"));
    assertThat(test.history()).contains("can't be read as Bill");
  }

  @Test
  void a_dead_letter_is_read_by_the_codec_of_the_bus() {
    try (TestBus test =
        TestBus.over(ROUTES).with(bus -> bus.codec(new Csv())).with(TestBusTest::bad).start()) {
      test.bus().send(new Bill("bad")).join();
      test.quiesce();
      test.assertUndecodable().isEmpty();
      test.assertDeadLettered(Bill.class).containsExactly(new Bill("bad"));
    }
  }

  @Test
  void a_dead_letter_is_found_by_an_interface_of_its_class() {
    try (TestBus test = TestBus.over(ROUTES).with(TestBusTest::bad).start()) {
      test.bus().send(new Bill("bad")).join();
      test.quiesce();
      test.assertDeadLettered(Payable.class).containsExactly(new Bill("bad"));
      test.assertDeadLettered(OrderPlaced.class).isEmpty();
    }
  }

  @Test
  void a_dead_letter_without_a_type_name_is_of_the_only_type_of_its_channel() {
    try (TestBus test = TestBus.over(ROUTES).with(TestBusTest::bad).start()) {
      foreign(test, "{\"orderId\":\"bad\"}", Map.of("id", "f-1"));
      test.quiesce();
      test.assertDeadLettered(Bill.class).containsExactly(new Bill("bad"));
      test.assertUndecodable().isEmpty();
    }
  }

  private static void bad(MessageBus.Builder bus) {
    bus.consume(
        "bills",
        c ->
            c.onCommand(
                    Bill.class,
                    (bill, context) -> {
                      throw new IllegalStateException("never");
                    })
                .onFailure(noRetry()));
  }

  /** Bills as their order's id. */
  private static final class Csv implements Codec {
    @Override
    public String contentType() {
      return "text/csv";
    }

    @Override
    public boolean reads(@Nullable String contentType) {
      return "text/csv".equals(contentType);
    }

    @Override
    public byte[] encode(Object payload) {
      return ((Bill) payload).orderId().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public <T> T decode(byte[] body, Class<T> type) {
      return type.cast(new Bill(new String(body, StandardCharsets.UTF_8)));
    }
  }

  private static void foreign(TestBus test, String body, String type) {
    foreign(
        test, body, Map.of("id", "f-" + type, "source", "s", "specversion", "1.0", "type", type));
  }

  private static void foreign(TestBus test, String body, Map<String, String> attributes) {
    InMemoryTransport transport = InMemoryTransport.builder().broker(test.broker()).build();
    Duration patience = Duration.ofSeconds(10);
    try (TransportConnection connection = transport.connect(patience)) {
      WireMessage message =
          new WireMessage(
              body.getBytes(StandardCharsets.UTF_8), null, attributes, Map.of(), null, null);
      connection.sender().send(ROUTES.queue("bills"), message, patience).join();
    }
  }

  @Test
  void an_assertion_that_fails_prints_the_whole_history(TestBus test) {
    FAILURES.set(0);
    test.bus().send(new Bill("1")).join();
    test.quiesce();
    assertThatThrownBy(() -> test.assertSent(OrderPlaced.class).isNotEmpty())
        .hasMessageContaining("sent OrderPlaced")
        .hasMessageContaining("sent        Bill[orderId=1] to the queue bills")
        .hasMessageContaining("handled     Bill[orderId=1] from the queue bills, attempt 1")
        .hasMessageContaining("sent        Billed[orderId=1] to the topic billed");
  }

  @Test
  void a_handler_that_hangs_is_told_with_the_history() {
    CountDownLatch never = new CountDownLatch(1);
    TestBus.Builder stuck =
        TestBus.over(ROUTES)
            .with(
                bus ->
                    bus.drainTimeout(Duration.ZERO)
                        .consume(
                            "bills",
                            c ->
                                c.onCommand(Bill.class, (command, context) -> never.await())
                                    .onFailure(noRetry())));
    try (TestBus test = stuck.start()) {
      test.bus().send(new Bill("1")).join();
      assertThatThrownBy(test::quiesce)
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("1 messages are still in flight")
          .hasMessageContaining("Bill[orderId=1]");
    }
  }

  @Test
  void a_leak_check_names_the_thread_that_is_left() throws InterruptedException {
    LeakCheck leaks = LeakCheck.begin();
    CountDownLatch end = new CountDownLatch(1);
    Thread left =
        new Thread(
            () -> {
              try {
                end.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "waybill-left");
    left.start();
    assertThatThrownBy(() -> leaks.assertNothingIsLeft(Duration.ofMillis(50)))
        .isInstanceOf(AssertionError.class)
        .hasMessage("threads are left after PT0.05S: [waybill-left]");
    end.countDown();
    left.join();
    leaks.assertNothingIsLeft(Duration.ofSeconds(5));
  }
}
