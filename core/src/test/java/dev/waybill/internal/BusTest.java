package dev.waybill.internal;

import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.internal.Contracts.payment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.error.ConfigurationException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderPlaced;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Release;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BusTest {
  private static final class Audit implements Interceptor {}

  private FakeTransport transport = new FakeTransport();
  private final List<String> handled = new CopyOnWriteArrayList<>();

  @AfterEach
  void no_thread_is_left() {
    await().until(() -> waybillThreads().isEmpty());
  }

  private static List<String> waybillThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("waybill"))
        .toList();
  }

  @Test
  void a_bus_connects_prepares_and_closes_in_order() {
    MessageBus bus =
        MessageBus.over(transport)
            .routes(Contracts.ROUTES)
            .connectTimeout(Duration.ofSeconds(3))
            .consume("payments", c -> c.onCommand(ProcessPayment.class, (command, context) -> {}))
            .consumeDeadLetters("payments", letter -> {})
            .start();

    bus.close();
    bus.close();

    List<String> calls = transport.calls;
    assertThat(calls).hasSize(8);
    assertThat(calls.subList(0, 2)).containsExactly("connect within PT3S", "prepare CREATE");
    assertThat(calls.subList(2, 4)) // all at once, and all before the first is closed
        .containsExactlyInAnyOrder("stop payments", "stop payments.dlq");
    assertThat(calls.subList(4, 6))
        .containsExactlyInAnyOrder("close payments", "close payments.dlq");
    assertThat(calls.subList(6, 8)).containsExactly("flush", "close");
  }

  @Test
  void a_topology_that_does_not_stand_is_a_problem_at_start_and_leaves_nothing_open() {
    transport.prepareProblems = List.of("The queue payments is missing: create it.");

    assertThatThrownBy(() -> MessageBus.over(transport).routes(Contracts.ROUTES).start())
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("The queue payments is missing: create it.");
    assertThat(transport.calls).endsWith("flush", "close");
  }

  @Test
  void a_consumer_that_can_not_begin_leaves_nothing_open() {
    transport.receiveFailure = new IllegalStateException("no");

    assertThatThrownBy(
            () ->
                MessageBus.over(transport)
                    .routes(Contracts.ROUTES)
                    .consume(
                        "payments",
                        c -> c.onCommand(ProcessPayment.class, (command, context) -> {}))
                    .start())
        .hasMessage("no");
    assertThat(transport.calls).endsWith("flush", "close");
  }

  @Test
  void a_source_is_paused_and_resumed_by_its_name() {
    try (MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c -> c.onCommand(ProcessPayment.class, (command, context) -> {})))) {
      bus.pause("payments");
      bus.resume("payments");

      assertThat(transport.receivers.get("payments").states).containsExactly("paused", "resumed");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> bus.pause("orders"))
          .withMessage("This bus does not consume 'orders'; it consumes [payments].");
    }
  }

  @Test
  void the_concurrency_of_a_source_changes_while_it_runs() {
    Semaphore mayEnd = new Semaphore(0);
    try (MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "invoices",
                    c ->
                        c.concurrency(1)
                            .maxUnsettled(4)
                            .onDocument(
                                Invoice.class,
                                (document, context) -> {
                                  handled.add(document.metadata().id());
                                  mayEnd.acquire();
                                })))) {
      List<FakeDelivery> all =
          Stream.of("1", "2", "3", "4")
              .map(id -> transport.deliver("invoices", invoice(id)))
              .toList();
      await().until(() -> handled.size() == 1);

      bus.concurrency("invoices", 1);
      bus.concurrency("invoices", 3);

      await().until(() -> handled.size() == 3);
      mayEnd.release(4);
      all.forEach(FakeDelivery::settlement);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> bus.concurrency("invoices", 5))
          .withMessage("concurrency(5) of the queue invoices: give from 1 to its maxUnsettled, 4.");
      assertThatIllegalArgumentException().isThrownBy(() -> bus.concurrency("invoices", 0));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> bus.concurrency("orders", 1))
          .withMessage("This bus does not consume 'orders'; it consumes [invoices].");
    }
  }

  @Test
  void a_given_timer_is_used_for_everything_and_outlives_the_bus() {
    ManualTimer timer = new ManualTimer();
    Capabilities leased =
        FakeTransport.capabilities(b -> b.leaseDuration(Duration.ofMinutes(3)), Map.of());
    transport = new FakeTransport(leased, leased);
    MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.timer(timer)
                    .consume(
                        "payments",
                        c ->
                            c.onCommand(
                                ProcessPayment.class,
                                (command, context) -> {
                                  handled.add(command.metadata().id());
                                  context.retryAfter(Duration.ofMinutes(10));
                                })));
    FakeDelivery payment = transport.deliver("payments", payment("p-1"));
    await().until(() -> timer.waiting() == 2);
    transport.answer = sent -> new CompletableFuture<>();
    CompletableFuture<SendReceipt> send = bus.publish(new OrderShipped("o-1"));

    timer.advance(Duration.ofMinutes(10));

    assertThat(send).failsWithin(Duration.ofSeconds(30));
    assertThat(payment.renewals).hasValue(10);
    await().until(() -> handled.size() == 2 && timer.waiting() == 2);
    bus.close();
    assertThat(timer.waiting()).isZero();
    assertThat(timer.isShutdown()).isFalse();
    timer.advance(Duration.ofMinutes(10));
    assertThat(handled).hasSize(2);
  }

  @Test
  void the_native_client_is_there_for_those_who_need_it() {
    try (MessageBus bus = Contracts.bus(transport, b -> b)) {
      assertThat(bus.unwrap(FakeTransport.class)).contains(transport);
      assertThat(bus.unwrap(String.class)).isEmpty();
    }
  }

  @Test
  void no_source_begins_anything_while_another_drains() {
    CountDownLatch paymentMayEnd = new CountDownLatch(1);
    Semaphore invoicesMayEnd = new Semaphore(0);
    MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                        "payments",
                        c ->
                            c.onCommand(
                                ProcessPayment.class,
                                (command, context) -> {
                                  handled.add(command.metadata().id());
                                  paymentMayEnd.await();
                                }))
                    .consume(
                        "invoices",
                        c ->
                            c.concurrency(1)
                                .onDocument(
                                    Invoice.class,
                                    (document, context) -> {
                                      handled.add(document.metadata().id());
                                      invoicesMayEnd.acquire();
                                    })));
    FakeDelivery payment = transport.deliver("payments", payment("p-1"));
    FakeDelivery running = transport.deliver("invoices", invoice("i-1"));
    await().until(() -> handled.size() == 2);
    FakeDelivery queued = transport.deliver("invoices", invoice("i-2"));

    CompletableFuture<Void> closing = CompletableFuture.runAsync(bus::close);

    assertThat(queued.settlement()).isEqualTo(new Release(Duration.ZERO, 0));
    invoicesMayEnd.release(2);
    paymentMayEnd.countDown();
    assertThat(closing).succeedsWithin(Duration.ofSeconds(20));
    assertThat(payment.settlements).containsExactly(Settlement.accept());
    assertThat(running.settlements).containsExactly(Settlement.accept());
    assertThat(handled).containsExactlyInAnyOrder("p-1", "i-1");
  }

  @Test
  void a_handler_may_still_send_while_the_bus_drains() {
    CountDownLatch mayEnd = new CountDownLatch(1);
    MessageBus[] bus = new MessageBus[1];
    bus[0] =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              handled.add("begun");
                              mayEnd.await();
                              context.publish(new OrderShipped("by context"));
                              bus[0].publish(new OrderShipped("by bus")).join();
                            })));
    FakeDelivery payment = transport.deliver("payments", payment("p-1"));
    await().until(() -> !handled.isEmpty());
    CompletableFuture<Void> closing = CompletableFuture.runAsync(bus[0]::close);
    await().until(() -> transport.calls.contains("stop payments"));

    mayEnd.countDown();

    assertThat(closing).succeedsWithin(Duration.ofSeconds(20));
    assertThat(payment.settlements).containsExactly(Settlement.accept());
    assertThat(transport.sent).hasSize(2);
  }

  @Test
  void whoever_closes_as_well_waits_until_the_bus_is_closed() {
    CountDownLatch mayEnd = new CountDownLatch(1);
    MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              handled.add("begun");
                              mayEnd.await();
                            })));
    transport.deliver("payments", payment("p-1"));
    await().until(() -> !handled.isEmpty());
    CompletableFuture<Void> closing = CompletableFuture.runAsync(bus::close);
    await().until(() -> transport.calls.contains("stop payments"));
    List<String> callsAtItsEnd = new CopyOnWriteArrayList<>();
    Thread other =
        new Thread(
            () -> {
              bus.close();
              callsAtItsEnd.addAll(transport.calls);
            });
    other.start();
    await().until(() -> other.getState() != Thread.State.NEW && !isRunning(other));

    mayEnd.countDown();

    assertThat(closing).succeedsWithin(Duration.ofSeconds(20));
    await().until(() -> !other.isAlive());
    assertThat(callsAtItsEnd).endsWith("flush", "close");
  }

  @Test
  void a_bus_that_could_not_start_can_be_started_again() {
    transport.prepareProblems = List.of("The queue payments is missing: create it.");
    MessageBus.Builder builder = MessageBus.over(transport).routes(Contracts.ROUTES);
    assertThatThrownBy(builder::start).isInstanceOf(ConfigurationException.class);

    transport.prepareProblems = List.of();

    try (MessageBus bus = builder.start()) {
      assertThat(bus.health().isUp()).isTrue();
    }
  }

  @Test
  void an_interrupted_thread_closes_as_well_as_any_and_stays_interrupted() {
    MessageBus bus = Contracts.bus(transport, b -> b);
    Thread.currentThread().interrupt();

    bus.close();

    assertThat(transport.interruptedAtFlush).isFalse();
    assertThat(Thread.interrupted()).isTrue();
  }

  private static boolean isRunning(Thread thread) {
    return thread.getState() == Thread.State.RUNNABLE;
  }

  @Test
  void handlers_beyond_the_drain_timeout_are_interrupted_uncounted() {
    MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.drainTimeout(Duration.ofMillis(20))
                    .consume(
                        "payments",
                        c ->
                            c.onCommand(
                                ProcessPayment.class,
                                (command, context) -> {
                                  handled.add("begun");
                                  new CountDownLatch(1).await();
                                })));
    FakeDelivery payment = transport.deliver("payments", payment("p-1"));
    await().until(() -> !handled.isEmpty());

    bus.close();

    assertThat(payment.settlement()).isEqualTo(new Release(Duration.ZERO, 0));
    assertThat(payment.settlements).hasSize(1);
  }

  @Test
  void a_wait_may_be_endless() {
    MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              handled.add("begun");
                              context.retryAfter(ChronoUnit.FOREVER.getDuration());
                            })));
    FakeDelivery payment = transport.deliver("payments", payment("p-1"));
    await().until(() -> !handled.isEmpty());

    bus.close();

    assertThat(payment.settlements).containsExactly(new Release(Duration.ZERO, 1));
    assertThat(transport.calls).endsWith("flush", "close");
  }

  @Test
  void whoever_awaits_the_close_goes_on_when_all_of_it_is_done() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.drainTimeout(Duration.ofMinutes(2))
                    .consume(
                        "payments",
                        c ->
                            c.onCommand(
                                ProcessPayment.class,
                                (command, context) -> {
                                  begun.countDown();
                                  mayEnd.await();
                                })));
    FakeDelivery payment = transport.deliver("payments", payment("p-1"));
    begun.await();
    Executor onItsOwnThread = task -> new Thread(task).start(); // two that block, of a pool of one
    CompletableFuture<List<Settlement>> seen =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                bus.awaitClose();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return List.copyOf(payment.settlements);
            },
            onItsOwnThread);
    CompletableFuture<Void> closed = CompletableFuture.runAsync(bus::close, onItsOwnThread);
    assertThat(seen).isNotDone();

    mayEnd.countDown();

    assertThat(seen).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(List.of(Settlement.accept()));
    closed.join();
    bus.awaitClose();
  }

  @Test
  void whoever_is_interrupted_while_it_awaits_the_close_leaves_the_bus_open() {
    try (MessageBus bus = Contracts.bus(transport, b -> b)) {
      Thread.currentThread().interrupt();

      assertThatExceptionOfType(InterruptedException.class).isThrownBy(bus::awaitClose);

      assertThat(bus.health().isUp()).isTrue();
    }
  }

  @Test
  void leases_are_renewed_at_a_third_of_their_length() {
    Capabilities leased =
        FakeTransport.capabilities(b -> b.leaseDuration(Duration.ofMillis(90)), Map.of());
    transport = new FakeTransport(leased, leased);
    CountDownLatch mayEnd = new CountDownLatch(1);
    try (MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommand(ProcessPayment.class, (command, context) -> mayEnd.await())))) {
      FakeDelivery payment = transport.deliver("payments", payment("p-1"));
      await().until(() -> payment.renewals.get() >= 5);
      mayEnd.countDown();
      payment.settlement();
    }
  }

  @Test
  void a_bus_describes_itself_as_built() {
    try (MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.intercept(new Audit())
                    .sendTimeout(Duration.ofSeconds(7))
                    .consume(
                        "payments",
                        c ->
                            c.onCommand(ProcessPayment.class, (command, context) -> {})
                                .concurrency(3)
                                .discardExpired()
                                .onFailure(retry(1).thenAfter(Duration.ofSeconds(10))))
                    .subscribe(
                        "orders",
                        "billing",
                        c ->
                            c.onEvent(OrderPlaced.class, (event, context) -> {})
                                .ignoring(OrderShipped.class)
                                .guarantee(DeliveryGuarantee.AT_MOST_ONCE))
                    .consumeDeadLetters("payments", letter -> {}))) {
      assertThat(bus.describe())
          .contains(
              "bus test-service over fake at nowhere:1 (fake 1.0)\n",
              "topology CREATE, send timeout PT7S, drain timeout PT20S\n",
              "event \"orders.placed.v1\" (OrderPlaced) -> topic orders, keyed\n",
              "command \"payments.process.v1\" (ProcessPayment) -> queue payments, keyed\n",
              "  payments = native-payments\n",
              "  queue payments, in order per key\n",
              "    handles ProcessPayment\n",
              "    AT_LEAST_ONCE, concurrency 3, at most 100 unsettled, expired messages: discard\n",
              "    on failure: 2 attempts at once, then after 10s, then dead letter\n",
              "    dead letters: queue payments.dlq\n",
              "  subscription billing of topic orders, in order per key\n",
              "    handles OrderPlaced; ignores OrderShipped\n",
              "    AT_MOST_ONCE, concurrency 8, at most 100 unsettled, expired messages: dead letter\n",
              "  dead letters of the queue payments, 1 at a time\n",
              "  RETRY_AFTER: EMULATED (by the fake)\n",
              "OutgoingPipeline (route, Audit, stamp, encode, limits)",
              "IncomingPipeline (expiry, type, decode, Audit, handler, sends)");
    }
  }

  @Test
  void a_description_says_where_replies_come_to() {
    try (MessageBus bus = Contracts.bus(transport, b -> b.requests("shop"))) {
      assertThat(bus.describe())
          .contains(
              "  reply \"payments.paid.v1\" (Paid)\n",
              "requests\n  replies come to the " + transport.topology.replies(),
              "ReplyPipeline (accept, request, type, decode)");
    }
    try (MessageBus bus = Contracts.bus(transport, b -> b)) {
      assertThat(bus.describe()).doesNotContain("requests\n", "ReplyPipeline");
    }
  }

  @Test
  void a_description_says_where_keyed_channels_differ_and_how_long_is_served() {
    Capabilities.Builder keyed = Capabilities.builder();
    for (Capabilities.Feature feature : Capabilities.Feature.values()) {
      if (feature == Capabilities.Feature.DELAY) {
        keyed.nativelyUpTo(feature, Duration.ofMinutes(15), "DelaySeconds");
      } else {
        keyed.emulated(feature, "by the fake");
      }
    }
    transport = new FakeTransport(FakeTransport.capabilities(), keyed.build());
    try (MessageBus bus = Contracts.bus(transport, b -> b)) {
      assertThat(bus.describe())
          .contains("  DELAY: EMULATED (by the fake); keyed: NATIVE up to PT15M (DelaySeconds)\n");
    }
  }

  @Test
  void a_description_of_at_most_once_has_no_policy_that_would_not_be_kept() {
    try (MessageBus bus =
        Contracts.bus(
            transport,
            b ->
                b.consume(
                    "payments",
                    c ->
                        c.onCommand(ProcessPayment.class, (command, context) -> {})
                            .guarantee(DeliveryGuarantee.AT_MOST_ONCE)))) {
      assertThat(bus.describe())
          .contains("    on failure: discard, without a retry: at-most-once\n")
          .doesNotContain("attempts at once");
    }
  }

  private static FakeDelivery invoice(String id) {
    return new FakeDelivery(
        "invoices@" + id,
        FakeDelivery.wire(
            "{\"number\":\"1\"}", Map.of("id", id, "type", "invoices.invoice.v1"), Map.of(), null),
        1);
  }
}
