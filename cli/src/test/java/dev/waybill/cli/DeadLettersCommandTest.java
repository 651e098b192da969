package dev.waybill.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.inmemory.InMemoryBroker;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as its users see it: exit codes, and what it writes to the last letter. */
class DeadLettersCommandTest {
  /** A command that fails. */
  public record Pay(String order, int cents) {}

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-26T10:00:00Z"), ZoneOffset.UTC);

  private final String name = "b" + UUID.randomUUID().toString().substring(0, 8);
  private final InMemoryBroker broker = InMemoryBroker.named(name);
  private final String uri = "memory:" + name;
  @TempDir private Path folder;

  private record Result(int code, String out, String err) {}

  @BeforeEach
  void two_dead_letters() {
    try (MessageBus bus =
        MessageBus.over(broker.transport())
            .routes(routes())
            .clock(CLOCK)
            .consume(
                "payments",
                c ->
                    c.onCommand(
                            Pay.class,
                            (pay, context) -> {
                              throw new IllegalArgumentException(
                                  "no account " + pay.payload().order());
                            })
                        .concurrency(1)
                        .onFailure(FailurePolicy.noRetry()))
            .start()) {
      for (int i = 1; i <= 2; i++) {
        Metadata metadata = Metadata.withId("m-" + i).withHeader("tenant", "red\u001b[31m");
        bus.send(Command.of(new Pay("o-" + i, 5), metadata)).join();
      }
      await().atMost(PATIENCE).until(() -> broker.size("payments.dlq") == 2);
    }
  }

  @Test
  void list_sums_up() {
    assertThat(run("list", "-q", "payments"))
        .isEqualTo(
            new Result(
                0,
                """
                OF        COUNT  FIRST FAILED          LAST FAILED           TYPES
                payments  2      2026-11-26T10:00:00Z  2026-11-26T10:00:00Z  payments.pay.v1 2
                """,
                ""));
    assertThat(broker.size("payments.dlq")).isEqualTo(2);
    assertThat(broker.unsettled("payments.dlq")).isZero();
  }

  @Test
  void a_subscription_is_found_by_its_name_as_it_is_printed() {
    Topic orders = new Topic("orders", false);
    Subscription billing = new Subscription(orders, "billing");
    try (TransportConnection connection = broker.transport().connect(PATIENCE)) {
      connection.prepare(
          new Topology(List.of(orders), List.of(billing), List.of(billing.deadLetterQueue())),
          Topology.Mode.CREATE);
    }
    String empty =
        """
        OF              COUNT  FIRST FAILED  LAST FAILED  TYPES
        orders.billing  0      -             -            -
        """;
    assertThat(run("list", "-s", "orders/billing")).isEqualTo(new Result(0, empty, ""));
    assertThat(run("list", "-s", "orders.billing")).isEqualTo(new Result(0, empty, ""));
  }

  @Test
  void what_fails_at_the_end_is_said_besides_what_failed_before() throws Exception {
    MessagingException failure = new MessagingException(ErrorCode.TIMEOUT, "The replay failed.");
    failure.addSuppressed(new MessagingException(ErrorCode.TIMEOUT, "Some may be there again."));
    StringWriter err = new StringWriter();

    assertThat(Waybill.failed(failure, new PrintWriter(err, true))).isEqualTo(1);

    assertThat(err.toString().lines())
        .containsExactly("The replay failed.", "Some may be there again.");
  }

  @Test
  void list_each_lists_those_that_are_meant() {
    assertThat(run("list", "-q", "payments", "--each", "--reason", "ACCOUNT O-2"))
        .isEqualTo(
            new Result(
                0,
                """
                OF        ID   TYPE             ATTEMPTS  FAILED                REASON
                payments  m-2  payments.pay.v1  1         2026-11-26T10:00:00Z  attempt 1 failed: no account o-2
                """,
                ""));
  }

  @Test
  void show_shows_the_evidence_and_nothing_that_a_terminal_would_act_on() {
    Result shown = run("show", "-q", "payments", "m-1");
    assertThat(shown.code()).isZero();
    assertThat(shown.err()).isEmpty();
    assertThat(shown.out())
        .startsWith(
            """
            id                m-1
            type              payments.pay.v1
            reason            attempt 1 failed
            exception         java.lang.IllegalArgumentException
                              no account o-1
            channel           payments
            subscription      -
            attempts          1
            first failure     2026-11-26T10:00:00Z
            last failure      2026-11-26T10:00:00Z
            key               -
            content type      application/json
            attributes
            """)
        .endsWith(
            """
            headers
              wb-tenant       red\ufffd[31m

            {"order":"o-1","cents":5}
            """);
    assertThat(run("show", "-q", "payments", "m-1", "--json").out())
        .startsWith("{\"source\":\"payments\",\"id\":\"m-1\",")
        .endsWith("\"bodyText\":\"{\\\"order\\\":\\\"o-1\\\",\\\"cents\\\":5}\"}\n");
    assertThat(run("show", "-q", "payments", "m-9"))
        .isEqualTo(
            new Result(
                1,
                "",
                "No dead letter of the queue payments has the id 'm-9': list --each shows those there are.\n"));
  }

  @Test
  void export_writes_a_line_for_each_to_a_new_file() throws IOException {
    Path file = folder.resolve("letters.jsonl");
    Result exported = run("export", "-q", "payments", "-o", file.toString());
    assertThat(exported).isEqualTo(new Result(0, "", "2 dead letters exported.\n"));
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(2);
    assertThat(run("export", "-q", "payments").out().lines()).containsExactlyElementsOf(lines);

    Result again = run("export", "-q", "payments", "-o", file.toString());
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err())
        .isEqualTo(
            "'%s' exists: name another file, or remove it.\nSee: waybill dead-letters export --help\n"
                .formatted(file));
    assertThat(broker.size("payments.dlq")).isEqualTo(2);
  }

  @Test
  void an_export_that_fails_leaves_no_file() {
    Path file = folder.resolve("letters.jsonl");
    assertThat(run("export", "-q", "payments", "-q", "nowhere", "-o", file.toString()).code())
        .isEqualTo(1);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_file_that_cannot_be_had_is_told_before_anything_is_connected() {
    Path missing = folder.resolve("missing").resolve("letters.jsonl");
    String nobody = "kafka://127.0.0.1:1";
    assertThat(
            call(
                "dead-letters",
                "edit",
                "-q",
                "payments",
                "m-1",
                "--body",
                missing.toString(),
                "-t",
                nobody))
        .isEqualTo(
            new Result(
                1, "", "'%s' could not be read: there is no such file.\n".formatted(missing)));
    Result exported =
        call("dead-letters", "export", "-q", "payments", "-o", missing.toString(), "-t", nobody);
    assertThat(exported.code()).isEqualTo(2);
    assertThat(exported.err())
        .startsWith(
            "'%s' can't be written: there is no folder '%s'.\n"
                .formatted(missing, missing.getParent()));
  }

  @Test
  void replay_by_a_filter_shows_first_and_does_it_when_told_to() {
    Result dry = run("replay", "-q", "payments", "--type", "payments.pay.v1");
    assertThat(dry.code()).isZero();
    assertThat(dry.out()).contains("m-1").contains("m-2");
    assertThat(dry.err())
        .isEqualTo(
            "2 dead letters would be replayed to queue payments. Nothing was done: add --yes to do it.\n");
    assertThat(broker.size("payments.dlq")).isEqualTo(2);

    assertThat(
            run("replay", "-q", "payments", "--type", "payments.pay.v1", "--yes", "--rate", "100"))
        .isEqualTo(new Result(0, "", "2 dead letters replayed to queue payments.\n"));
    assertThat(broker.size("payments.dlq")).isZero();
    assertThat(broker.messages("payments"))
        .extracting(WireMessage::id)
        .containsExactly("m-1", "m-2");
    assertThat(broker.messages("payments"))
        .allSatisfy(
            message ->
                assertThat(message.headers())
                    .containsEntry("waybill-replay", "payments")
                    .containsKeys("waybill-replay-time", "wb-tenant")
                    .hasSize(3));
  }

  @Test
  void one_that_is_named_is_replayed_at_once_and_with_a_new_id_if_told_to() {
    assertThat(run("replay", "-q", "payments", "--id", "m-2", "--new-ids"))
        .isEqualTo(new Result(0, "", "1 dead letter replayed to queue payments.\n"));
    assertThat(broker.messages("payments.dlq")).extracting(WireMessage::id).containsExactly("m-1");
    assertThat(broker.messages("payments"))
        .singleElement()
        .extracting(WireMessage::id)
        .isNotEqualTo("m-2");
  }

  @Test
  void an_id_that_is_not_there_keeps_all_from_being_done() {
    assertThat(run("discard", "-q", "payments", "--id", "m-1", "--id", "m-9"))
        .isEqualTo(
            new Result(
                1,
                "",
                "No dead letter of the queue payments that is meant has the id 'm-9'; nothing was done.\n"));
    assertThat(broker.size("payments.dlq")).isEqualTo(2);
  }

  @Test
  void discard_removes() {
    assertThat(run("discard", "-q", "payments", "--reason", "o-1", "-y"))
        .isEqualTo(new Result(0, "", "1 dead letter discarded.\n"));
    assertThat(broker.messages("payments.dlq")).extracting(WireMessage::id).containsExactly("m-2");
    assertThat(broker.size("payments")).isZero();
  }

  @Test
  void edit_gives_another_body_and_keeps_the_rest() throws IOException {
    Path body = folder.resolve("body.json");
    Files.writeString(body, "{\"order\":\"o-7\"}");
    assertThat(run("edit", "-q", "payments", "m-1", "--body", body.toString()))
        .isEqualTo(new Result(0, "", "1 dead letter edited.\n"));
    WireMessage edited = broker.messages("payments.dlq").get(1);
    assertThat(edited.id()).isEqualTo("m-1");
    assertThat(new String(edited.body(), UTF_8)).isEqualTo("{\"order\":\"o-7\"}");
    assertThat(edited.headers())
        .containsEntry("waybill-dead-letter-reason", "attempt 1 failed")
        .containsKey("waybill-dead-letter-edited");
    assertThat(broker.size("payments.dlq")).isEqualTo(2);
  }

  @Test
  void who_looks_sees_a_bar() {
    Result replayed = run(true, "replay", "-q", "payments", "-y");
    assertThat(replayed.err())
        .isEqualTo(
            "\r[###############...............]  50% 1/2\r[##############################] 100% 2/2\n2 dead letters replayed to queue payments.\n");
  }

  @Test
  void wrong_calls_say_what_to_write_instead() {
    assertThat(call("dead-letters", "list", "-q", "payments"))
        .isEqualTo(
            new Result(
                2,
                "",
                "No broker is named: give --transport URI, for example kafka://localhost:9092, or set WAYBILL_TRANSPORT.\nSee: waybill dead-letters list --help\n"));
    assertThat(run("list").err())
        .startsWith(
            "Whose dead letters? Give --queue payments, or --subscription orders/billing.\n");
    assertThat(run("list", "-s", "orders").err())
        .startsWith(
            "'orders' is not a subscription: write TOPIC/NAME, for example orders/billing.\n");
    assertThat(run("list", "-s", "orders.eu.billing").err())
        .startsWith(
            "'orders.eu.billing' can be the subscription 'orders/eu.billing' or another one: write a '/' between the topic and its subscription.\n");
    assertThat(run("list", "-s", "orders.").err()).startsWith("'' is not a name: ");
    assertThat(run("list", "-q", "a b").err()).startsWith("'a b' is not a name: ");
    assertThat(run("list", "-q", "payments", "--from", "yesterday").err())
        .contains(
            "'yesterday' is not a time: write 2026-11-26T10:00:00Z, or PT2H for two hours ago");
    assertThat(run("replay", "-q", "a", "-q", "b").err())
        .startsWith("One queue or subscription at a time");
    Stream.of(run("list"), run("mend"), run(), run("list", "-q", "payments", "--limit", "0"))
        .forEach(result -> assertThat(result.code()).isEqualTo(2));
  }

  @Test
  void no_password_is_repeated() {
    Result unmatched = run("list", "-q", "a", "amqp://app:s3cret@rabbit/shop");
    assertThat(unmatched.code()).isEqualTo(2);
    assertThat(unmatched.err()).contains("amqp://***@rabbit/shop").doesNotContain("s3cret");
    Result unknown =
        call(
            "dead-letters",
            "list",
            "-q",
            "a",
            "-t",
            "amqp://app:s3cret@127.0.0.1:1/x?nonsense=s3cret");
    assertThat(unknown.code()).isEqualTo(1);
    assertThat(unknown.err()).contains("nonsense").doesNotContain("s3cret");
    assertThat(call("dead-letters", "list", "--help").out()).contains("WAYBILL_TRANSPORT");
  }

  @Test
  void a_queue_that_is_not_there_is_named() {
    Result missing = run("list", "-q", "nowhere");
    assertThat(missing.code()).isEqualTo(1);
    assertThat(missing.err()).contains("nowhere.dlq");
  }

  @Test
  void what_is_kept_beyond_the_limit_is_said() {
    Result listed = run("list", "-q", "payments", "--limit", "1");
    assertThat(listed.code()).isEqualTo(3);
    assertThat(run("discard", "-q", "payments", "--limit", "1").code()).isEqualTo(3);
    assertThat(listed.err())
        .startsWith("Only 1 of 2 dead letters of the queue payments are in hand: ");
  }

  @Test
  void an_interrupt_keeps_what_was_not_begun() {
    Thread.currentThread().interrupt();
    Result interrupted = run("list", "-q", "payments");
    assertThat(interrupted.code()).isEqualTo(130);
    assertThat(broker.size("payments.dlq")).isEqualTo(2);
    assertThat(broker.unsettled("payments.dlq")).isZero();
  }

  private static Routes routes() {
    return Routes.define(r -> r.command(Pay.class).named("payments.pay.v1").toQueue("payments"));
  }

  private Result run(String... args) {
    return run(false, args);
  }

  private Result run(boolean interactive, String... args) {
    List<String> all = new ArrayList<>(List.of("dead-letters"));
    all.addAll(List.of(args));
    if (args.length > 0 && !args[0].equals("mend")) {
      all.addAll(List.of("--transport", uri));
    }
    return call(interactive, all.toArray(String[]::new));
  }

  private static Result call(String... args) {
    return call(false, args);
  }

  private static Result call(boolean interactive, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Waybill.run(
            new Terminal(new PrintWriter(out), new PrintWriter(err), interactive), Map.of(), args);
    return new Result(code, out.toString(), err.toString());
  }
}
