package dev.waybill.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoutesTest {
  record OrderPlaced(String orderId) {}

  record OrderShipped(String orderId) {}

  record ProcessPayment(String orderId) {}

  record Invoice(String number) {}

  interface Shape {}

  @Test
  void a_route_has_what_its_definition_said() {
    Routes routes =
        Routes.define(
            r ->
                r.event(OrderPlaced.class)
                    .named("orders.placed.v1")
                    .toTopic("orders")
                    .keyedBy(OrderPlaced::orderId)
                    .expiringAfter(Duration.ofMinutes(5)));

    Route<?> route = routes.of(OrderPlaced.class).orElseThrow();
    assertThat(route.typeName()).isEqualTo("orders.placed.v1");
    assertThat(route.kind()).isEqualTo(MessageKind.EVENT);
    assertThat(route.channel()).isEqualTo(new Topic("orders", true));
    assertThat(route.keyOf(new OrderPlaced("o-1"))).isEqualTo("o-1");
    assertThat(route.expiresAfter()).isEqualTo(Duration.ofMinutes(5));
    assertThat(route)
        .hasToString(
            "event \"orders.placed.v1\" (OrderPlaced) -> topic orders, keyed, expires after PT5M");
    assertThat(routes.problems()).isEmpty();
  }

  @Test
  void a_payload_may_have_no_key() {
    Routes routes =
        Routes.define(
            r ->
                r.event(OrderPlaced.class)
                    .named("a")
                    .toTopic("orders")
                    .keyedBy(OrderPlaced::orderId));

    assertThat(routes.of(OrderPlaced.class).orElseThrow().keyOf(new OrderPlaced(null))).isNull();
  }

  @Test
  void a_route_without_a_key_gives_none() {
    Routes routes = Routes.define(r -> r.event(OrderPlaced.class).named("a").toTopic("orders"));

    Route<?> route = routes.of(OrderPlaced.class).orElseThrow();
    assertThat(route.keyOf(new OrderPlaced("o-1"))).isNull();
    assertThat(route.channel()).isEqualTo(new Topic("orders", false));
  }

  @Test
  void a_channel_is_keyed_for_all_its_routes_if_one_of_them_has_a_key() {
    Routes routes =
        Routes.define(
            r -> {
              r.event(OrderPlaced.class).named("a").toTopic("orders");
              r.event(OrderShipped.class)
                  .named("b")
                  .toTopic("orders")
                  .keyedBy(OrderShipped::orderId);
              r.document(Invoice.class).named("c").toQueue("orders-q");
            });

    assertThat(routes.of(OrderPlaced.class).orElseThrow().channel().keyed()).isTrue();
    assertThat(routes.of(OrderShipped.class).orElseThrow().channel().keyed()).isTrue();
    assertThat(routes.of(Invoice.class).orElseThrow().channel().keyed()).isFalse();
    assertThat(routes.topic("orders")).isEqualTo(new Topic("orders", true));
    assertThat(routes.channels())
        .containsExactly(new Topic("orders", true), new Queue("orders-q", false));
  }

  @Test
  void a_queue_and_a_topic_of_one_name_are_keyed_each_for_itself() {
    Routes routes =
        Routes.define(
            r -> {
              r.event(OrderPlaced.class).named("a").toTopic("orders").keyedBy(OrderPlaced::orderId);
              r.command(ProcessPayment.class).named("b").toQueue("orders");
            });

    assertThat(routes.topic("orders").keyed()).isTrue();
    assertThat(routes.queue("orders").keyed()).isFalse();
  }

  @Test
  void routes_are_found_by_class_by_name_and_by_channel() {
    Routes routes =
        Routes.define(
            r -> {
              r.event(OrderPlaced.class).named("a").toTopic("orders");
              r.command(ProcessPayment.class).named("b").toQueue("payments");
              r.document(Invoice.class).named("c").toTopic("orders");
            });

    assertThat(routes.of(String.class)).isEmpty();
    assertThat(routes.named("c")).isEqualTo(routes.of(Invoice.class));
    assertThat(routes.named("d")).isEmpty();
    assertThat(routes.to(new Topic("orders", true)))
        .extracting("typeName")
        .containsExactly("a", "c");
    assertThat(routes.to(new Queue("orders", false))).isEmpty();
    assertThat(routes.all()).extracting("typeName").containsExactly("a", "b", "c");
    assertThat(routes)
        .hasToString(
            """
            event "a" (OrderPlaced) -> topic orders
            command "b" (ProcessPayment) -> queue payments
            document "c" (Invoice) -> topic orders
            """);
  }

  @Test
  void a_class_is_looked_up_exactly_and_not_by_its_superclass() {
    class Special {}
    class MoreSpecial extends Special {}
    Routes routes = Routes.define(r -> r.document(Special.class).named("a").toQueue("q"));

    assertThat(routes.of(MoreSpecial.class)).isEmpty();
  }

  @Test
  void a_command_has_one_owner() {
    Routes routes =
        Routes.define(
            r -> {
              r.command(ProcessPayment.class).named("a").toQueue("payments");
              r.command(ProcessPayment.class).named("b").toQueue("billing");
            });

    assertThat(routes.problems())
        .containsExactly(
            "The command ProcessPayment has two owners, queue payments and queue billing: a command has one; keep one route, or make it an event.");
  }

  @Test
  void a_class_has_one_route() {
    Routes routes =
        Routes.define(
            r -> {
              r.event(OrderPlaced.class).named("a").toTopic("orders");
              r.event(OrderPlaced.class).named("b").toTopic("archive");
              r.command(ProcessPayment.class).named("c").toQueue("payments");
              r.command(ProcessPayment.class).named("c").toQueue("payments");
            });

    assertThat(routes.problems())
        .containsExactly(
            "OrderPlaced has two routes, to topic orders and to topic archive: a payload class has one; remove one of them.",
            "ProcessPayment has two routes, to queue payments and to queue payments: a payload class has one; remove one of them.");
  }

  @Test
  void a_type_name_stands_for_one_class() {
    Routes routes =
        Routes.define(
            r -> {
              r.event(OrderPlaced.class).named("orders.v1").toTopic("orders");
              r.event(OrderShipped.class).named("orders.v1").toTopic("orders");
            });

    assertThat(routes.problems())
        .containsExactly(
            "The type name \"orders.v1\" is given to both %s and %s: a name stands for one class; give one of them another name."
                .formatted(OrderPlaced.class.getName(), OrderShipped.class.getName()));
  }

  @Test
  void every_problem_of_a_route_is_reported() {
    assertProblem(
        r -> r.event(Shape.class).named("a").toTopic("t"),
        "The route of the event Shape is for interface dev.waybill.routing.RoutesTest$Shape: give a concrete class, such as a record.");
    assertProblem(
        r -> r.document(int.class).named("a").toQueue("q"),
        "The route of the document int is for int: give a concrete class, such as a record.");
    assertProblem(
        r -> r.document(byte[].class).named("a").toQueue("q"),
        "The route of the document byte[] is for class [B: give a concrete class, such as a record.");
    assertProblem(
        r -> r.event(OrderPlaced.class).named("order placed").toTopic("t"),
        "The route of the event OrderPlaced has the type name 'order placed': use 1 to 200 visible ASCII characters, such as \"orders.order-placed.v1\".");
    assertProblem(
        r -> r.event(OrderPlaced.class).named("").toTopic("t"),
        "The route of the event OrderPlaced has the type name '': use 1 to 200 visible ASCII characters, such as \"orders.order-placed.v1\".");
    assertProblem(
        r -> r.event(OrderPlaced.class).named("a").toTopic("a/b"),
        "The route of the event OrderPlaced leads to 'a/b': a channel's name has 1 to 100 ASCII letters, digits, '.', '_' or '-'.");
    assertProblem(
        r -> r.command(ProcessPayment.class).named("a").toQueue(".."),
        "The route of the command ProcessPayment leads to '..': a channel's name has 1 to 100 ASCII letters, digits, '.', '_' or '-'.");
    assertProblem(
        r -> r.event(OrderPlaced.class).named("a").toTopic("t").expiringAfter(Duration.ZERO),
        "The route of the event OrderPlaced expires after PT0S: give a positive time of at most 36500 days, or leave it out for \"never\".");
    assertProblem(
        r -> r.event(OrderPlaced.class).named("a"),
        "The route of the event OrderPlaced leads nowhere: add .toQueue(\"…\") or .toTopic(\"…\").");
    assertProblem(
        r -> r.event(OrderPlaced.class).named(null).toTopic("t"),
        "The route of the event OrderPlaced has no type name: add .named(\"…\").");
  }

  @Test
  void all_problems_are_reported_together() {
    Routes routes =
        Routes.define(
            r -> {
              r.event(OrderPlaced.class);
              r.command(ProcessPayment.class)
                  .named("")
                  .toQueue("")
                  .expiringAfter(Duration.ofSeconds(-1));
              r.command(ProcessPayment.class).named("x").toQueue("q");
            });

    assertThat(routes.problems())
        .containsExactly(
            "The route of the event OrderPlaced has no type name: add .named(\"…\").",
            "The route of the event OrderPlaced leads nowhere: add .toQueue(\"…\") or .toTopic(\"…\").",
            "The route of the command ProcessPayment has the type name '': use 1 to 200 visible ASCII characters, such as \"orders.order-placed.v1\".",
            "The route of the command ProcessPayment leads to '': a channel's name has 1 to 100 ASCII letters, digits, '.', '_' or '-'.",
            "The route of the command ProcessPayment expires after PT-1S: give a positive time of at most 36500 days, or leave it out for \"never\".",
            "The command ProcessPayment has two owners, queue  and queue q: a command has one; keep one route, or make it an event.");
  }

  @Test
  void a_reply_has_a_name_and_no_route() {
    Routes routes = Routes.define(r -> r.reply(Invoice.class).named("invoices.made.v1"));

    assertThat(routes.problems()).isEmpty();
    assertThat(routes.replyName(Invoice.class)).contains("invoices.made.v1");
    assertThat(routes.replyNamed("invoices.made.v1").orElseThrow()).isEqualTo(Invoice.class);
    assertThat(routes.of(Invoice.class)).isEmpty();
    assertThat(routes.named("invoices.made.v1")).isEmpty();
    assertThat(routes.all()).isEmpty();
    assertThat(routes.channels()).isEmpty();
    assertThat(routes).hasToString("reply \"invoices.made.v1\" (Invoice)\n");
  }

  @Test
  void a_route_is_no_reply() {
    Routes routes = Routes.define(r -> r.event(OrderPlaced.class).named("a").toTopic("t"));

    assertThat(routes.replyName(OrderPlaced.class)).isEmpty();
    assertThat(routes.replyNamed("a")).isEmpty();
  }

  @Test
  void a_reply_is_checked_as_a_route_is() {
    assertProblem(
        r -> r.reply(Invoice.class), "The reply Invoice has no type name: add .named(\"…\").");
    assertProblem(
        r -> r.reply(Invoice.class).named("a b"),
        "The reply Invoice has the type name 'a b': use 1 to 200 visible ASCII characters, such as \"orders.order-placed.v1\".");
    assertProblem(
        r -> r.reply(Record.class).named("a"),
        "The reply Record is for class java.lang.Record: give a concrete class, such as a record.");
    assertProblem(
        r -> {
          r.reply(Invoice.class).named("a");
          r.reply(Invoice.class).named("b");
        },
        "The reply Invoice is named twice, \"a\" and \"b\": remove one of them.");
    assertProblem(
        r -> {
          r.reply(Invoice.class).named("a");
          r.document(Invoice.class).named("b").toQueue("q");
        },
        "Invoice is a reply, and also the document to queue q: a payload class has one use; make another class for the other.");
  }

  @Test
  void a_reply_and_a_route_or_another_reply_do_not_share_a_name() {
    String problem =
        "The type name \"a\" is given to both %s and %s: a name stands for one class; give one of them another name.";
    assertProblem(
        r -> {
          r.reply(Invoice.class).named("a");
          r.event(OrderPlaced.class).named("a").toTopic("t");
        },
        problem.formatted(OrderPlaced.class.getName(), Invoice.class.getName()));
    assertProblem(
        r -> {
          r.reply(Invoice.class).named("a");
          r.reply(OrderPlaced.class).named("a");
        },
        problem.formatted(Invoice.class.getName(), OrderPlaced.class.getName()));
  }

  @Test
  void the_librarys_own_type_names_are_not_given() {
    assertProblem(
        r -> r.event(OrderPlaced.class).named("dev.waybill.fault.v1").toTopic("t"),
        "The route of the event OrderPlaced has the type name 'dev.waybill.fault.v1', but names that begin with 'dev.waybill.' are Waybill's own: give another.");
  }

  @Test
  void a_reply_queue_is_known_by_its_address_and_nothing_else_is() {
    ReplyQueue queue = new ReplyQueue("shop.eu", "a1b2");

    assertThat(queue.name()).isEqualTo("replies.shop.eu.a1b2");
    assertThat(ReplyQueue.at(queue.name())).contains(queue);
    assertThat(
            List.of(
                "",
                "payments",
                "replies",
                "replies.",
                "replies.x",
                "replies..x",
                "replies.x.",
                "replies.a/b.c"))
        .allMatch(address -> ReplyQueue.at(address).isEmpty());
  }

  @Test
  void a_longest_type_name_is_taken_and_a_longer_one_is_not() {
    assertThat(problems(r -> r.event(OrderPlaced.class).named("x".repeat(200)).toTopic("t")))
        .isEmpty();
    assertThat(problems(r -> r.event(OrderPlaced.class).named("x".repeat(201)).toTopic("t")))
        .hasSize(1);
  }

  @Test
  void a_channels_name_is_legal_on_every_broker() {
    assertThat(List.of("a", "A.b_c-9", "x".repeat(100), "...")).allMatch(Channel::isLegalName);
    assertThat(List.of("", ".", "..", "x".repeat(101), "a b", "ä", "a/b", "a:b", "a\n"))
        .noneMatch(Channel::isLegalName);
  }

  @Test
  void a_source_has_a_name_and_a_dead_letter_queue() {
    Queue queue = new Queue("payments", true);
    Subscription subscription = new Subscription(new Topic("orders", true), "billing");

    assertThat(queue.name()).isEqualTo("payments");
    assertThat(queue.deadLetterQueue()).isEqualTo(new Queue("payments.dlq", false));
    assertThat(subscription.name()).isEqualTo("orders.billing");
    assertThat(subscription.keyed()).isTrue();
    assertThat(subscription.deadLetterQueue()).isEqualTo(new Queue("orders.billing.dlq", false));
    assertThat(subscription).hasToString("subscription billing of topic orders");
    assertThat(queue).hasToString("queue payments");
  }

  @Test
  void a_kind_has_a_verb_and_a_name_on_the_wire() {
    assertThat(List.of(MessageKind.values()))
        .extracting(MessageKind::verb)
        .containsExactly("send", "publish", "transfer");
    assertThat(List.of(MessageKind.values()))
        .extracting(MessageKind::wireName)
        .containsExactly("command", "event", "document");
  }

  private static void assertProblem(
      java.util.function.Consumer<Routes.Definition> definition, String problem) {
    assertThat(problems(definition)).containsExactly(problem);
  }

  private static List<String> problems(java.util.function.Consumer<Routes.Definition> definition) {
    return Routes.define(definition).problems();
  }
}
