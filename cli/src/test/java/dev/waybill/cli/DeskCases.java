package dev.waybill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.waybill.Command;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterBatch.Entry;
import dev.waybill.deadletter.DeadLetterBatch.Summary;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.DeadLetterFilter;
import dev.waybill.deadletter.DeadLetterJson;
import dev.waybill.deadletter.Replay;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.LeakCheck;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the desk does, over a broker. */
abstract class DeskCases {
  static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A command that fails while it is told to. */
  public record Pay(String order, int cents) {}

  /** Another one on the same queue. */
  public record Refund(String order) {}

  /** An event. */
  public record Placed(String order) {}

  private final String unique = UUID.randomUUID().toString().substring(0, 8);
  private final Queue payments = new Queue("payments." + unique, true);
  private final Topic orders = new Topic("orders." + unique, true);
  private final Subscription billing = new Subscription(orders, "billing");
  private final List<String> handled = new CopyOnWriteArrayList<>();
  private final List<String> mailed = new CopyOnWriteArrayList<>();
  private final List<String> failed = new CopyOnWriteArrayList<>();
  private volatile boolean failing = true;
  private LeakCheck leaks;

  abstract String uri();

  private Transport transport() {
    return Transport.at(uri());
  }

  @BeforeEach
  void begin() {
    leaks = LeakCheck.begin();
  }

  @AfterEach
  void nothing_is_left() {
    leaks.assertNothingIsLeft(Duration.ofSeconds(60));
  }

  @Test
  void dead_letters_are_looked_at_exported_edited_discarded_and_replayed_to_their_queue() {
    try (MessageBus bus = bus();
        DeadLetterDesk desk =
            DeadLetterDesk.open(transport(), List.of(payments), Duration.ofSeconds(30))) {
      List<String> pays = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Pay pay = new Pay("o-" + i, i);
        pays.add(
            bus.send(Command.of(pay).with(m -> m.withHeader("tenant", "té-1"))).join().messageId());
      }
      String refund = bus.send(new Refund("o-9")).join().messageId();
      await().atMost(PATIENCE).until(() -> failed.size() == 5);
      DeadLetterFilter any = DeadLetterFilter.all();
      try (DeadLetterBatch batch = take(desk, payments, 5)) {
        assertThat(batch.matching(any.type("refund.v1")))
            .extracting(DeskCases::id)
            .containsExactly(refund);
        assertThat(batch.matching(any.reason("ILLEGALSTATE"))).hasSize(5);
        assertThat(batch.matching(any.reason("no such thing"))).isEmpty();
        assertThat(batch.matching(any.to(Instant.now().minusSeconds(3_600)))).isEmpty();
        assertThat(batch.matching(any.from(Instant.now().minusSeconds(3_600)))).hasSize(5);
        isLossless(batch, batch.matching(any.id(pays.get(0))).get(0));
        assertThat(
                batch.edit(
                    batch.matching(any.id(pays.get(0))).get(0),
                    utf8("{\"order\":\"edited\",\"cents\":7}")))
            .isTrue();
        assertThat(batch.discard(batch.matching(any.id(refund)), settled -> {}))
            .isEqualTo(new Summary(1, 0));
        assertThat(batch.entries()).hasSize(3);
      }

      failing = false;
      try (DeadLetterBatch batch = take(desk, payments, 4)) {
        assertThat(batch.entries())
            .extracting(DeskCases::id)
            .containsExactlyInAnyOrderElementsOf(pays);
        Entry edited = batch.matching(any.id(pays.get(0))).get(0);
        assertThat(edited.letter().exceptionMessage()).isEqualTo("told to");
        assertThat(edited.stored().headers()).containsKey("waybill-dead-letter-edited");
        List<Integer> progress = new ArrayList<>();
        Replay slowly = Replay.sameId().atMost(50);
        assertThat(
                batch.replay(
                    Stream.of(0, 1).map(i -> batch.matching(any.id(pays.get(i))).get(0)).toList(),
                    slowly,
                    progress::add))
            .isEqualTo(new Summary(2, 0));
        assertThat(progress).containsExactly(1, 2);
        await().atMost(PATIENCE).until(() -> handled.size() >= 2);
        batch.replay(batch.matching(any.id(pays.get(2))), slowly.withNewIds(), settled -> {});
      }
      await().atMost(PATIENCE).until(() -> handled.size() >= 3);
      assertThat(handled.subList(0, 2))
          .containsExactlyInAnyOrder(
              "edited 7 as " + pays.get(0) + " of té-1 replay",
              "o-1 1 as " + pays.get(1) + " of té-1 replay");
      assertThat(handled.get(2))
          .startsWith("o-2 2 as ")
          .endsWith(" of té-1 replay")
          .doesNotContain(pays.get(2));

      String fresh = bus.send(new Pay("o-4", 4)).join().messageId();
      await().atMost(PATIENCE).until(() -> handled.size() >= 4);
      assertThat(handled.get(3)).isEqualTo("o-4 4 as " + fresh + " of null new");
      try (DeadLetterBatch batch = take(desk, payments, 1)) {
        assertThat(batch.entries()).extracting(DeskCases::id).containsExactly(pays.get(3));
      }
    }
  }

  @Test
  void a_dead_letter_of_a_subscription_is_replayed_to_that_one_only() {
    try (MessageBus bus = bus();
        DeadLetterDesk desk =
            DeadLetterDesk.open(transport(), List.of(billing), Duration.ofSeconds(30))) {
      String placed = bus.publish(new Placed("o-1")).join().messageId();
      await().atMost(PATIENCE).until(() -> failed.size() == 1 && mailed.size() == 1);
      failing = false;
      try (DeadLetterBatch batch = take(desk, billing, 1)) {
        assertThat(batch.entries().get(0).letter().subscription()).isEqualTo("billing");
        batch.replay(batch.entries(), Replay.sameId(), settled -> {});
      }
      await().atMost(PATIENCE).until(() -> handled.size() == 1);
      assertThat(handled).containsExactly("o-1 billed as " + placed + " replay");

      bus.publish(new Placed("o-1"))
          .join(); // of the same key: comes after the replay, wherever that went
      await().atMost(PATIENCE).until(() -> handled.size() == 2 && mailed.size() >= 2);
      assertThat(mailed).containsExactly("o-1 new", "o-1 new");
    }
  }

  @Test
  void a_queue_that_is_not_there_is_said_so_in_a_sentence() {
    assertThat(command("list", "-q", payments.name()))
        .isEqualTo(
            "1 The queue %s.dlq does not exist on this broker, so the queue %s has no dead letters there: give its name as the routes have it. A consumer that starts with the topology mode CREATE makes both.\n"
                .formatted(payments.name(), payments.name()));
    assertThat(command("list", "-s", orders.name() + "/billing"))
        .startsWith(
            "1 The queue %s.billing.dlq does not exist on this broker, so the subscription billing"
                .formatted(orders.name()));
  }

  @Test
  void a_queue_that_a_replay_does_not_find_is_said_so_in_a_sentence() {
    deadLetters(1);
    assertThat(command("replay", "-q", payments.name(), "--id", "m-1"))
        .isEqualTo(
            "1 0 dead letters replayed to queue %s, then it failed; what was not is kept.\nThe queue %s does not exist on this broker, so that nothing can be replayed to it: give its name as the routes have it, and whether they have keys. A consumer that starts with the topology mode CREATE makes it.\n"
                .formatted(payments.name(), payments.name()));
  }

  /** Dead letters without a queue that they came from. */
  void deadLetters(int count) {
    Queue letters = payments.deadLetterQueue();
    try (TransportConnection connection = transport().connect(Duration.ofSeconds(30))) {
      connection.prepare(
          new Topology(List.of(letters), List.of(), List.of()), Topology.Mode.CREATE);
      for (int i = 1; i <= count; i++) {
        WireMessage letter =
            new WireMessage(
                utf8("{}"),
                "application/json",
                Map.of("id", "m-" + i, "type", "pay.v1"),
                Map.of(),
                null,
                null);
        connection.sender().send(letters, letter, Duration.ofSeconds(30)).join();
      }
    }
  }

  String payments() {
    return payments.name();
  }

  /** The exit code of a call, and what it wrote. */
  String command(String... args) {
    return command(written -> {}, args);
  }

  /** The same, for those who want all that is written so far, whenever there is more. */
  String command(Consumer<String> soFar, String... args) {
    List<String> all = new ArrayList<>(List.of("dead-letters"));
    all.addAll(List.of(args));
    all.addAll(List.of("--transport", uri()));
    StringWriter written = new StringWriter();
    PrintWriter to =
        new PrintWriter(written) {
          @Override
          public void write(String text) {
            super.write(text);
            soFar.accept(written.toString());
          }
        };
    int code = Waybill.run(new Terminal(to, to, false), Map.of(), all.toArray(String[]::new));
    return code + " " + written;
  }

  private Routes routes() {
    return Routes.define(
        r -> {
          r.command(Pay.class).named("pay.v1").toQueue(payments.name()).keyedBy(Pay::order);
          r.command(Refund.class)
              .named("refund.v1")
              .toQueue(payments.name())
              .keyedBy(Refund::order);
          r.event(Placed.class).named("placed.v1").toTopic(orders.name()).keyedBy(Placed::order);
        });
  }

  private MessageBus bus() {
    return MessageBus.over(transport())
        .routes(routes())
        .consume(
            payments.name(),
            c ->
                c.onCommand(
                        Pay.class,
                        (pay, context) -> {
                          failIfTold();
                          handled.add(
                              "%s %d as %s of %s %s"
                                  .formatted(
                                      pay.payload().order(),
                                      pay.payload().cents(),
                                      pay.metadata().id(),
                                      pay.metadata().headers().get("tenant"),
                                      kind(context)));
                        })
                    .onCommand(Refund.class, (refund, context) -> failIfTold())
                    .onFailure(FailurePolicy.noRetry()))
        .subscribe(
            orders.name(),
            "billing",
            c ->
                c.onEvent(
                        Placed.class,
                        (placed, context) -> {
                          failIfTold();
                          handled.add(
                              "%s billed as %s %s"
                                  .formatted(
                                      placed.payload().order(),
                                      placed.metadata().id(),
                                      kind(context)));
                        })
                    .onFailure(FailurePolicy.noRetry()))
        .subscribe(
            orders.name(),
            "mail",
            c ->
                c.onEvent(
                    Placed.class,
                    (placed, context) ->
                        mailed.add(placed.payload().order() + " " + kind(context))))
        .start();
  }

  private static String kind(HandlerContext context) {
    return context.isReplay() ? "replay" : "new";
  }

  private void failIfTold() {
    if (failing) {
      failed.add("");
      throw new IllegalStateException("told to");
    }
  }

  /** All of them, once they have all arrived. */
  private static DeadLetterBatch take(DeadLetterDesk desk, Source source, int count) {
    while (true) {
      DeadLetterBatch batch = desk.take(source, 1_000, PATIENCE);
      assertThat(batch.entries().size()).isLessThanOrEqualTo(count);
      if (batch.entries().size() == count) {
        assertThat(batch.isAll()).isTrue();
        assertThat(batch.total()).isEqualTo(count);
        return batch;
      }
      batch.close();
    }
  }

  private static void isLossless(DeadLetterBatch batch, Entry entry) {
    JsonNode json;
    try {
      json = JSON.readTree(DeadLetterJson.line(batch.source(), entry));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
    assertThat(Base64.getDecoder().decode(json.path("body").asText()))
        .isEqualTo(entry.stored().body());
    assertThat(json.path("bodyText").asText()).isEqualTo("{\"order\":\"o-0\",\"cents\":0}");
    assertThat(texts(json.path("attributes"))).isEqualTo(entry.stored().attributes());
    assertThat(texts(json.path("headers"))).isEqualTo(entry.stored().headers());
    assertThat(json.path("headers").path("wb-tenant").asText()).isEqualTo("té-1");
    assertThat(json.path("attributes").path("type").asText()).isEqualTo("pay.v1");
    assertThat(json.path("source").asText()).isEqualTo(batch.source().name());
    assertThat(json.path("reason").asText()).isEqualTo("attempt 1 failed");
    assertThat(json.path("exceptionClass").asText()).isEqualTo("java.lang.IllegalStateException");
    assertThat(json.path("exceptionMessage").asText()).isEqualTo("told to");
    assertThat(json.path("attempts").asInt()).isEqualTo(1);
    assertThat(json.path("lastFailure").asText())
        .isEqualTo(String.valueOf(entry.letter().lastFailure()));
  }

  private static Map<String, String> texts(JsonNode object) {
    return JSON.convertValue(object, new TypeReference<>() {});
  }

  private static String id(Entry entry) {
    return entry.letter().messageId();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
