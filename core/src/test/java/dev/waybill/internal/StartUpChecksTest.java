package dev.waybill.internal;

import static dev.waybill.delivery.DeliveryGuarantee.AT_MOST_ONCE;
import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.Handler;
import dev.waybill.MessageBus;
import dev.waybill.Outbox;
import dev.waybill.delivery.InMemoryMessageStore;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderPlaced;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class StartUpChecksTest {
  private FakeTransport transport = new FakeTransport();

  private List<String> problems(UnaryOperator<MessageBus.Builder> bus) {
    return problemsOf(bus.apply(MessageBus.over(transport).routes(Contracts.ROUTES)));
  }

  private List<String> problemsOf(MessageBus.Builder builder) {
    ConfigurationException refused =
        catchThrowableOfType(ConfigurationException.class, () -> builder.start().close());
    assertThat(refused).as("the bus should not start").isNotNull();
    assertThat(refused.code()).isEqualTo(ErrorCode.CONFIGURATION);
    assertThat(transport.calls).as("nothing is connected").isEmpty();
    return refused.problems();
  }

  private void assertProblem(UnaryOperator<MessageBus.Builder> bus, String problem) {
    assertThat(problems(bus)).containsExactly(problem);
  }

  private void assertPayments(Consumer<ConsumerSpec> more, String problem) {
    assertProblem(b -> b.consume("payments", c -> more.accept(handled(c))), problem);
  }

  private static ConsumerSpec handled(ConsumerSpec consumer) {
    return consumer.onCommand(ProcessPayment.class, ignore());
  }

  private static Handler<Command<ProcessPayment>> ignore() {
    return (command, context) -> {};
  }

  private void refusing(Feature feature) {
    Capabilities refusing =
        FakeTransport.capabilities(b -> {}, Map.of(feature, "it can't; use another."));
    transport = new FakeTransport(refusing, refusing);
  }

  @Test
  void the_required_topology_is_checked_and_connects_to_nothing() {
    MessageBus.Builder bus =
        MessageBus.over(transport)
            .routes(Contracts.ROUTES)
            .consume("payments", StartUpChecksTest::handled);

    Topology topology = bus.requiredTopology();

    assertThat(topology.sources()).extracting(Source::name).containsExactly("payments");
    assertThat(topology.deadLetterQueues()).extracting(Queue::name).containsExactly("payments.dlq");
    assertThat(topology.channels()).containsAll(Contracts.ROUTES.channels());
    assertThat(topology.replies()).isNull();
    assertThat(transport.calls).isEmpty();
    assertThat(
            catchThrowableOfType(
                ConfigurationException.class, () -> bus.named("").requiredTopology()))
        .isNotNull();
  }

  // one source that is received from by other means

  @Test
  void what_one_source_refuses_is_a_problem_of_its_consumer_alone() {
    transport.ofSources.put(
        "payments",
        FakeTransport.capabilities(
            b -> b.maxUnsettled(5), Map.of(Feature.ORDER_PER_KEY, "it mixes them.")));

    assertThat(problems(b -> b.consume("payments", c -> handled(c).maxUnsettled(6).concurrency(1))))
        .containsExactly(
            "maxUnsettled(6) on queue payments is over the limit of fake, 5: give at most that.",
            "The consumer of queue payments, whose messages have keys, needs ORDER_PER_KEY, which"
                + " fake refuses: it mixes them.");
  }

  // the bus

  @Test
  void a_bus_needs_routes() {
    assertThat(problemsOf(MessageBus.over(transport)))
        .containsExactly("The bus has no routes: add .routes(Routes.define(r -> …)).");
  }

  @Test
  void a_bus_has_one_set_of_routes() {
    assertProblem(
        b -> b.routes(Contracts.ROUTES),
        "routes(…) is called twice: put all routes into one Routes.define(…).");
  }

  @Test
  void a_bus_has_a_name_that_is_a_uri_reference() {
    assertProblem(
        b -> b.named(""), "named(\"\"): give the application a name, such as \"order-service\".");
    assertProblem(
        b -> b.named("order service"),
        "named(\"order service\") is not a URI reference, which CloudEvents wants of a source:"
            + " write it without spaces, such as \"order-service\".");
  }

  @Test
  void timeouts_are_positive() {
    assertProblem(b -> b.sendTimeout(Duration.ZERO), "sendTimeout(PT0S): give a positive time.");
    assertProblem(
        b -> b.connectTimeout(Duration.ofSeconds(-1)),
        "connectTimeout(PT-1S): give a positive time.");
    assertProblem(
        b -> b.drainTimeout(Duration.ofSeconds(-1)), "drainTimeout(PT-1S): give zero or more.");
  }

  @Test
  void timeouts_are_not_beyond_what_clocks_can_count() {
    Duration forever = ChronoUnit.FOREVER.getDuration();

    assertThat(problems(b -> b.sendTimeout(forever).connectTimeout(forever).drainTimeout(forever)))
        .containsExactly(
            "sendTimeout(" + forever + "): give at most 365 days.",
            "connectTimeout(" + forever + "): give at most 365 days.",
            "drainTimeout(" + forever + "): give at most 365 days.");
  }

  @Test
  void what_is_wrong_with_the_routes_is_reported_here() {
    assertThat(
            problemsOf(
                MessageBus.over(transport)
                    .routes(Routes.define(r -> r.event(OrderPlaced.class).named("a")))))
        .containsExactly(
            "The route of the event OrderPlaced leads nowhere: add .toQueue(\"…\") or"
                + " .toTopic(\"…\").");
  }

  @Test
  void what_the_transport_finds_is_reported_here() {
    transport.checkProblems = List.of("The queue payments is too long a name: shorten it.");

    assertProblem(b -> b, "The queue payments is too long a name: shorten it.");
  }

  @Test
  void a_topology_needs_what_it_needs() {
    refusing(Feature.CREATE_TOPOLOGY);
    assertProblem(
        b -> b,
        "topology(CREATE) needs CREATE_TOPOLOGY, which fake refuses: it can't; use another.");
    refusing(Feature.VERIFY_TOPOLOGY);
    assertProblem(
        b -> b.topology(Topology.Mode.VERIFY),
        "topology(VERIFY) needs VERIFY_TOPOLOGY, which fake refuses: it can't; use another.");
  }

  @Test
  void assuming_the_topology_needs_nothing() {
    refusing(Feature.CREATE_TOPOLOGY);

    MessageBus.over(transport)
        .routes(Contracts.ROUTES)
        .topology(Topology.Mode.ASSUME)
        .start()
        .close();

    assertThat(transport.calls).contains("prepare ASSUME");
  }

  // routes against the transport

  @Test
  void a_route_with_a_key_needs_order() {
    refusing(Feature.ORDER_PER_KEY);

    assertThat(problems(b -> b))
        .containsExactly(
            "The route of OrderPlaced to topic orders, which has a key, needs ORDER_PER_KEY, which"
                + " fake refuses: it can't; use another.",
            "The route of ProcessPayment to queue payments, which has a key, needs ORDER_PER_KEY,"
                + " which fake refuses: it can't; use another.");
  }

  @Test
  void a_route_to_a_topic_needs_publish_subscribe() {
    refusing(Feature.PUBLISH_SUBSCRIBE);

    assertThat(problems(b -> b))
        .containsExactly(
            "The route of OrderPlaced to topic orders needs PUBLISH_SUBSCRIBE, which fake refuses:"
                + " it can't; use another.",
            "The route of OrderShipped to topic orders needs PUBLISH_SUBSCRIBE, which fake refuses:"
                + " it can't; use another.");
  }

  @Test
  void requests_need_replies() {
    refusing(Feature.REQUEST_REPLY);

    assertProblem(
        b -> b.requests("shop"),
        "requests(\"shop\") needs REQUEST_REPLY, which fake refuses: it can't; use another.");
  }

  @Test
  void a_requester_has_one_name_that_leaves_others_theirs() {
    assertThat(problems(b -> b.requests("a/b").requests("shop.dlq")))
        .containsExactly(
            "requests(…) is called twice: a bus requests under one name.",
            "requests(\"shop.dlq\") would take the name of a dead-letter queue: give a name that"
                + " does not end in 'dlq'.");
    assertProblem(
        b -> b.requests("a/b"),
        "requests(\"a/b\"): a name has 1 to 100 ASCII letters, digits, '.', '_' or '-'.");
  }

  @Test
  void only_reply_queues_have_names_of_reply_queues() {
    Routes routes =
        Routes.define(
            r -> {
              r.document(Invoice.class).named("i").toQueue("replies.shop");
              r.event(OrderPlaced.class).named("o").toTopic("replies");
            });

    assertThat(
            problemsOf(
                MessageBus.over(transport)
                    .routes(routes)
                    .subscribe(
                        "replies", "x", c -> c.onEvent(OrderPlaced.class, (event, context) -> {}))))
        .containsExactly(
            "The name 'replies.shop' begins with 'replies.', as those of reply queues do: give"
                + " another.",
            "The name 'replies.x' begins with 'replies.', as those of reply queues do: give"
                + " another.");
  }

  @Test
  void a_route_whose_messages_expire_needs_expiry() {
    refusing(Feature.EXPIRY);

    assertThat(
            problemsOf(
                MessageBus.over(transport)
                    .routes(
                        Routes.define(
                            r ->
                                r.document(Invoice.class)
                                    .named("i")
                                    .toQueue("invoices")
                                    .expiringAfter(Duration.ofDays(1))))))
        .containsExactly(
            "The route of Invoice to queue invoices, whose messages expire, needs EXPIRY, which"
                + " fake refuses: it can't; use another.");
  }

  // consumers

  @Test
  void a_source_has_a_legal_name() {
    assertProblem(
        b -> b.consume("pay ments", c -> {}),
        "A consumer of queue pay ments: a name has 1 to 100 ASCII letters, digits, '.', '_' or"
            + " '-'.");
    assertProblem(
        b -> b.subscribe("orders", "", c -> {}),
        "A consumer of subscription  of topic orders: a name has 1 to 100 ASCII letters, digits,"
            + " '.', '_' or '-'.");
  }

  @Test
  void a_topic_is_subscribed_to_and_a_queue_is_consumed() {
    assertProblem(
        b -> b.consume("orders", c -> {}),
        "orders is a topic, it can't be consumed like a queue: write .subscribe(\"orders\","
            + " \"<subscription>\", …).");
    assertProblem(
        b -> b.subscribe("payments", "billing", c -> {}),
        "payments is a queue, it can't be subscribed to: write .consume(\"payments\", …).");
  }

  @Test
  void a_consumer_has_something_to_consume() {
    assertProblem(
        b -> b.consume("nowhere", c -> {}),
        "No route leads to queue nowhere, so that its consumer would never get a message it knows:"
            + " define a route to it, or correct the name.");
  }

  @Test
  void every_type_that_travels_is_handled_or_ignored() {
    assertThat(problems(b -> b.subscribe("orders", "billing", c -> {})))
        .containsExactly(
            "The event OrderPlaced travels on topic orders, but subscription billing of topic"
                + " orders has no handler for it: add .onEvent(OrderPlaced.class, …), or"
                + " .ignoring(OrderPlaced.class).",
            "The event OrderShipped travels on topic orders, but subscription billing of topic"
                + " orders has no handler for it: add .onEvent(OrderShipped.class, …), or"
                + " .ignoring(OrderShipped.class).");
  }

  @Test
  void what_is_handled_has_a_route_to_here() {
    assertPayments(
        c -> c.onCommand(String.class, (command, context) -> {}),
        "queue payments handles String, which has no route: define one, such as"
            + " r.event(String.class).named(\"…\").toTopic(\"…\").");
    assertPayments(
        c -> c.onDocument(Invoice.class, (document, context) -> {}),
        "queue payments handles Invoice, but that travels on queue invoices: handle it there, or"
            + " change its route.");
    assertPayments(
        c -> c.ignoring(Invoice.class),
        "queue payments handles Invoice, but that travels on queue invoices: handle it there, or"
            + " change its route.");
  }

  @Test
  void a_type_is_handled_as_the_kind_it_is() {
    assertProblem(
        b -> b.consume("payments", c -> c.onEvent(ProcessPayment.class, (event, context) -> {})),
        "ProcessPayment is a command, but queue payments handles it as an event: use"
            + " onCommand(ProcessPayment.class, …).");
    assertProblem(
        b ->
            b.subscribe(
                "orders",
                "billing",
                c ->
                    c.onDocument(OrderPlaced.class, (document, context) -> {})
                        .ignoring(OrderShipped.class)),
        "OrderPlaced is an event, but subscription billing of topic orders handles it as a"
            + " document: use onEvent(OrderPlaced.class, …).");
  }

  @Test
  void a_type_has_one_handler() {
    assertPayments(c -> handled(c), "ProcessPayment has two handlers on queue payments: keep one.");
    assertPayments(
        c -> c.ignoring(ProcessPayment.class),
        "ProcessPayment is both handled and ignored on queue payments: keep one.");
  }

  @Test
  void concurrency_is_at_least_one() {
    assertPayments(c -> c.concurrency(0), "concurrency(0) on queue payments: give at least 1.");
  }

  @Test
  void the_unsettled_are_at_least_as_many_as_the_concurrency() {
    assertPayments(
        c -> c.concurrency(8).maxUnsettled(7),
        "maxUnsettled(7) on queue payments is below its concurrency of 8, so that handlers would"
            + " starve: give at least 8.");
    assertPayments(
        c -> c.concurrency(1).maxUnsettled(0),
        "maxUnsettled(0) on queue payments: give at least 1.");
  }

  @Test
  void the_unsettled_are_no_more_than_the_transport_allows() {
    Capabilities limited = FakeTransport.capabilities(b -> b.maxUnsettled(99), Map.of());
    transport = new FakeTransport(limited, limited);

    assertPayments(
        c -> {},
        "maxUnsettled(100) on queue payments is over the limit of fake, 99: give at most that.");
  }

  @Test
  void a_concurrency_beyond_the_usual_unsettled_raises_them() {
    MessageBus.over(transport)
        .routes(Contracts.ROUTES)
        .consume("payments", c -> handled(c).concurrency(250))
        .start()
        .close();

    assertThat(transport.receivers.get("payments").maxUnsettled).isEqualTo(250);
  }

  @Test
  void virtual_threads_need_a_newer_java() {
    int java = Runtime.version().feature();
    if (java < 21) {
      assertPayments(
          c -> c.virtualThreads(),
          "virtualThreads() on queue payments needs Java 21 or later, this is Java "
              + java
              + ": leave it out or run on a newer Java.");
    } else {
      MessageBus.over(transport)
          .routes(Contracts.ROUTES)
          .consume("payments", c -> handled(c).virtualThreads())
          .start()
          .close();
    }
  }

  @Test
  void exactly_once_is_refused_where_sends_and_settlement_can_not_be_stored_together() {
    refusing(Feature.ATOMIC_SETTLEMENT);

    assertPayments(
        c -> c.guarantee(EXACTLY_ONCE),
        "guarantee(EXACTLY_ONCE) on queue payments needs ATOMIC_SETTLEMENT, which fake refuses: it"
            + " can't; use another.");
  }

  @Test
  void exactly_once_by_a_store_needs_nothing_of_the_transport() {
    refusing(Feature.ATOMIC_SETTLEMENT);

    try (MessageBus bus =
        MessageBus.over(transport)
            .routes(Contracts.ROUTES)
            .consume(
                "payments",
                c -> handled(c).guarantee(EXACTLY_ONCE).idempotent(InMemoryMessageStore.create()))
            .start()) {
      assertThat(bus.describe())
          .contains(
              "handled messages are remembered for PT336H, claims held for PT30S, by"
                  + " InMemoryMessageStore");
    }
  }

  @Test
  void a_store_goes_with_exactly_once_alone() {
    assertPayments(
        c -> c.idempotent(InMemoryMessageStore.create()),
        "idempotent(…) on queue payments goes with EXACTLY_ONCE and not with AT_LEAST_ONCE: add"
            + " .guarantee(EXACTLY_ONCE), or leave it out.");
  }

  @Test
  void a_store_that_forgets_before_a_message_may_come_again_is_refused() {
    Capabilities capabilities =
        FakeTransport.capabilities(
            b -> b.leaseDuration(Duration.ofMinutes(20)).longestRedelivery(Duration.ofDays(14)),
            Map.of());
    transport = new FakeTransport(capabilities, capabilities);
    InMemoryMessageStore store =
        InMemoryMessageStore.builder()
            .lease(Duration.ofMinutes(15))
            .retention(Duration.ofMinutes(10))
            .build();

    assertThat(
            problems(
                b ->
                    b.consume(
                        "payments",
                        c ->
                            handled(c)
                                .onFailure(retry(0).thenAfter(Duration.ofMinutes(30)))
                                .guarantee(EXACTLY_ONCE)
                                .idempotent(store))))
        .containsExactly(
            forgets("its claims are held for PT15M"),
            forgets("the failure policy lets a message wait for PT30M"),
            forgets("fake has leases of PT20M"),
            forgets("fake may deliver a message again after PT336H"));
  }

  private static String forgets(String why) {
    return "idempotent(…) on queue payments remembers a handled message for PT10M, but "
        + why
        + ", so that a duplicate could be handled: give the store a retention of at least that.";
  }

  @Test
  void at_most_once_has_no_failure_policy() {
    assertPayments(
        c -> c.guarantee(AT_MOST_ONCE).onFailure(noRetry()),
        "onFailure(…) on queue payments has no effect under AT_MOST_ONCE, whose messages are"
            + " settled before they are handled: leave it out or use AT_LEAST_ONCE.");
  }

  @Test
  void waits_are_no_longer_than_the_transport_serves_jitter_included() {
    Capabilities.Builder limited = Capabilities.builder();
    for (Feature feature : Feature.values()) {
      if (feature == Feature.RETRY_AFTER) {
        limited.emulatedUpTo(feature, Duration.ofMinutes(1), "the library waits");
      } else {
        limited.emulated(feature, "by the fake");
      }
    }
    transport = new FakeTransport(FakeTransport.capabilities(), limited.build());

    assertPayments(
        c -> c.onFailure(retry(0).thenAfter(Duration.ofSeconds(50)).jitter(0.5)),
        "onFailure(1 attempt, then after 50s (each up to 50 % longer), then dead letter) on queue"
            + " payments waits up to PT1M15S, but fake waits at most PT1M (the library waits): give"
            + " shorter waits.");
  }

  @Test
  void waits_are_refused_where_the_transport_refuses_them() {
    refusing(Feature.RETRY_AFTER);

    assertPayments(
        c -> c.onFailure(retry(0).thenAfter(Duration.ofSeconds(50))),
        "onFailure(1 attempt, then after 50s, then dead letter) on queue payments waits up to"
            + " PT50S, but fake refuses waits (it can't; use another.): give shorter waits.");
    MessageBus.over(transport)
        .routes(Contracts.ROUTES)
        .consume("payments", c -> handled(c).onFailure(retry(5)))
        .start()
        .close();
  }

  @Test
  void a_consumer_needs_dead_letters_and_attempts() {
    refusing(Feature.DEAD_LETTER);
    assertPayments(
        c -> {},
        "The consumer of queue payments needs DEAD_LETTER, which fake refuses: it can't; use"
            + " another.");
    refusing(Feature.ATTEMPTS);
    assertPayments(
        c -> {},
        "The consumer of queue payments needs ATTEMPTS, which fake refuses: it can't; use"
            + " another.");
  }

  // names

  @Test
  void a_source_is_consumed_once() {
    assertProblem(
        b -> b.consume("payments", c -> handled(c)).consume("payments", c -> handled(c)),
        "The queue payments is consumed twice on this bus: put its handlers into one consumer.");
  }

  @Test
  void names_on_the_broker_are_unique() {
    assertThat(
            problemsOf(
                MessageBus.over(transport)
                    .routes(
                        Routes.define(
                            r -> {
                              r.event(OrderPlaced.class).named("a").toTopic("orders");
                              r.document(Invoice.class).named("b").toQueue("orders");
                            }))))
        .containsExactly(
            "The topic orders and the queue orders would both be called 'orders' on the broker:"
                + " rename one.");
    assertThat(
            problemsOf(
                MessageBus.over(transport)
                    .routes(
                        Routes.define(
                            r -> {
                              r.event(OrderPlaced.class).named("a").toTopic("orders");
                              r.document(Invoice.class).named("b").toQueue("orders.billing");
                              r.command(ProcessPayment.class)
                                  .named("c")
                                  .toQueue("orders.billing.dlq");
                            }))
                    .subscribe("orders", "billing", c -> c.ignoring(OrderPlaced.class))))
        .containsExactly(
            "The queue orders.billing and the subscription billing of topic orders would both be"
                + " called 'orders.billing' on the broker: rename one.",
            "The queue orders.billing.dlq and the dead-letter queue of the subscription billing of"
                + " topic orders would both be called 'orders.billing.dlq' on the broker: rename"
                + " one.");
  }

  @Test
  void a_dead_letter_queue_that_is_read_without_its_source_is_unique_too() {
    assertThat(
            problemsOf(
                MessageBus.over(transport)
                    .routes(
                        Routes.define(
                            r -> {
                              r.document(Invoice.class).named("a").toQueue("invoices");
                              r.command(ProcessPayment.class).named("b").toQueue("invoices.dlq");
                            }))
                    .consume("invoices.dlq", c -> handled(c))
                    .consumeDeadLetters("invoices", letter -> {})))
        .containsExactly(
            "The queue invoices.dlq and the dead-letter queue of the queue invoices would both be"
                + " called 'invoices.dlq' on the broker: rename one.");
  }

  // dead letters

  @Test
  void dead_letters_have_a_source() {
    for (String unknown : List.of("nowhere", "orders", "orders.", "nowhere.billing", "")) {
      assertProblem(
          b -> b.consumeDeadLetters(unknown, letter -> {}),
          "consumeDeadLetters(\"%s\"): no route leads to a queue of this name or the topic of such a subscription: name a source like \"payments\" or \"orders.billing\"."
              .formatted(unknown));
    }
  }

  @Test
  void dead_letters_of_a_source_are_consumed_once() {
    assertProblem(
        b ->
            b.consumeDeadLetters("orders.billing", letter -> {})
                .consumeDeadLetters("orders.billing", letter -> {}),
        "The dead letters of the subscription billing of topic orders are consumed twice on this"
            + " bus: keep one.");
  }

  @Test
  void the_source_of_dead_letters_is_the_consumer_of_that_name_where_names_are_ambiguous() {
    MessageBus.over(transport)
        .routes(
            Routes.define(
                r -> {
                  r.event(OrderPlaced.class).named("a").toTopic("orders");
                  r.event(OrderShipped.class).named("b").toTopic("orders.eu");
                }))
        .subscribe("orders.eu", "billing", c -> c.ignoring(OrderShipped.class))
        .consumeDeadLetters("orders.eu.billing", letter -> {})
        .start()
        .close();

    assertThat(transport.receivers).containsOnlyKeys("orders.eu.billing", "orders.eu.billing.dlq");
  }

  @Test
  void a_bus_with_an_outbox_needs_a_name_unless_that_has_an_owner() {
    String problem =
        "outbox(…) on a bus without a name: applications without one would send each other's"
            + " messages, each to its own broker; add named(…), such as \"order-service\", or give"
            + " the store an owner(…).";
    Outbox outbox = mock(Outbox.class);
    MessageBus.Builder builder =
        MessageBus.over(transport)
            .routes(Contracts.ROUTES)
            .sendTimeout(Duration.ZERO)
            .outbox(outbox);

    assertThat(problemsOf(builder))
        .containsExactly("sendTimeout(PT0S): give a positive time.", problem);

    when(outbox.hasOwner()).thenReturn(true);
    assertThat(problemsOf(builder)).containsExactly("sendTimeout(PT0S): give a positive time.");

    when(outbox.hasOwner()).thenReturn(false);
    assertThat(problemsOf(builder.named("waybill")))
        .containsExactly("sendTimeout(PT0S): give a positive time.");
  }

  // all together

  @Test
  void all_problems_are_reported_together_and_each_once() {
    refusing(Feature.DEAD_LETTER);
    transport.checkProblems = List.of("The transport objects: do otherwise.");
    MessageBus.Builder builder =
        MessageBus.over(transport)
            .named("")
            .sendTimeout(Duration.ZERO)
            .routes(
                Routes.define(
                    r -> {
                      r.command(ProcessPayment.class).named("a b").toQueue("payments");
                      r.command(ProcessPayment.class).named("c").toQueue("billing");
                    }))
            .consume("payments", c -> handled(c).concurrency(0).maxUnsettled(0))
            .consumeDeadLetters("nowhere", letter -> {});

    ConfigurationException refused =
        catchThrowableOfType(ConfigurationException.class, builder::start);

    assertThat(refused.problems())
        .containsExactly(
            "The route of the command ProcessPayment has the type name 'a b': use 1 to 200 visible"
                + " ASCII characters, such as \"orders.order-placed.v1\".",
            "The command ProcessPayment has two owners, queue payments and queue billing: a command"
                + " has one; keep one route, or make it an event.",
            "sendTimeout(PT0S): give a positive time.",
            "named(\"\"): give the application a name, such as \"order-service\".",
            "maxUnsettled(0) on queue payments: give at least 1.",
            "concurrency(0) on queue payments: give at least 1.",
            "The consumer of queue payments needs DEAD_LETTER, which fake refuses: it can't; use"
                + " another.",
            "consumeDeadLetters(\"nowhere\"): no route leads to a queue of this name or the topic"
                + " of such a subscription: name a source like \"payments\" or \"orders.billing\".",
            "The transport objects: do otherwise.");
    assertThat(refused.getMessage()).startsWith("9 problems:\n  1. The route of the command");
    assertThat(transport.calls).isEmpty();
  }

  @Test
  void a_builder_may_be_mended_after_a_refusal_but_starts_one_bus() {
    MessageBus.Builder builder =
        MessageBus.over(transport).routes(Contracts.ROUTES).sendTimeout(Duration.ZERO);
    assertThat(problemsOf(builder)).hasSize(1);

    builder.sendTimeout(Duration.ofSeconds(1)).start().close();

    assertThatIllegalStateException()
        .isThrownBy(builder::start)
        .withMessage("this builder has started its bus; make another with MessageBus.over(…)");
  }

  @Test
  void the_topology_has_all_that_the_bus_needs_and_each_once() {
    MessageBus.over(transport)
        .routes(Contracts.ROUTES)
        .consume("payments", c -> handled(c))
        .subscribe("orders", "billing", c -> c.ignoring(OrderPlaced.class, OrderShipped.class))
        .consumeDeadLetters("payments", letter -> {})
        .consumeDeadLetters("orders.shipping", letter -> {})
        .start()
        .close();

    Topic orders = new Topic("orders", true);
    assertThat(transport.topology.channels())
        .containsExactly(orders, new Queue("payments", true), new Queue("invoices", false));
    assertThat(transport.topology.sources())
        .containsExactly(new Queue("payments", true), new Subscription(orders, "billing"));
    assertThat(transport.topology.deadLetterQueues())
        .containsExactly(
            new Queue("payments.dlq", false),
            new Queue("orders.billing.dlq", false),
            new Queue("orders.shipping.dlq", false));
  }
}
