package dev.waybill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.routing.Routes;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on the page of the dead-letter desk are run, and write what it says. */
class DeadLettersPageTest {
  /** A command; the bank does not take every one. */
  public record ProcessPayment(String order, long cents) {}

  /** An event that is always handled. */
  public record OrderPlaced(String order) {}

  private static final Path PAGE = Path.of("../docs/dead-letters.md");
  private static final Pattern CONSOLE = Pattern.compile("(?s)```console\n(.*?)```");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|\\S+");
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-26T08:15:00Z"), ZoneOffset.UTC);

  private final String name = "p" + UUID.randomUUID().toString().substring(0, 8);
  private final InMemoryBroker broker = InMemoryBroker.named(name);
  @TempDir private Path folder;

  @Test
  void the_commands_write_what_the_page_says() throws IOException {
    deadLetters();
    Files.writeString(folder.resolve("fixed.json"), "{\"order\":\"o-2\",\"cents\":250}");
    String page = Files.readString(PAGE);
    String upToDate =
        CONSOLE.matcher(page).replaceAll(block -> Matcher.quoteReplacement(run(block.group(1))));
    if (Boolean.getBoolean("page.update")) {
      Files.writeString(PAGE, upToDate);
      return;
    }
    assertThat(page)
        .as(
            "the page is out of date; this writes it anew: ./mvnw -pl cli -am test -Dtest=DeadLettersPageTest -Dpage.update=true")
        .isEqualTo(upToDate);
    assertThat(broker.size("payments")).isEqualTo(3);
  }

  private String run(String block) {
    StringBuilder shown = new StringBuilder("```console\n");
    block
        .lines()
        .filter(line -> line.startsWith("$ waybill "))
        .forEach(line -> shown.append(line).append('\n').append(output(line)));
    return shown.append("```").toString();
  }

  private String output(String line) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(line.substring("$ waybill ".length()));
    while (matcher.find()) {
      String word = matcher.group(1) != null ? matcher.group(1) : matcher.group();
      words.add(word.contains(".json") ? folder.resolve(word).toString() : word);
    }
    StringWriter both = new StringWriter();
    PrintWriter writer = new PrintWriter(both);
    int code =
        Waybill.run(
            new Terminal(writer, writer, false),
            Map.of("WAYBILL_TRANSPORT", "memory:" + name),
            words.toArray(String[]::new));
    assertThat(code).as("%s:%n%s", line, both).isZero();
    return both.toString();
  }

  private void deadLetters() {
    Routes routes =
        Routes.define(
            r -> {
              r.command(ProcessPayment.class)
                  .named("payments.process.v1")
                  .toQueue("payments")
                  .keyedBy(ProcessPayment::order);
              r.event(OrderPlaced.class).named("orders.order-placed.v1").toTopic("orders");
            });
    try (MessageBus bus =
        MessageBus.over(broker.transport())
            .routes(routes)
            .named("shop")
            .clock(CLOCK)
            .consume(
                "payments",
                c ->
                    c.onCommand(
                            ProcessPayment.class,
                            (command, context) -> {
                              if (command.payload().cents() < 0) {
                                throw new IllegalArgumentException("a negative amount");
                              }
                              throw new IllegalStateException("the bank is away");
                            })
                        .concurrency(1)
                        .onFailure(FailurePolicy.retry(2)))
            .subscribe(
                "orders", "billing", c -> c.onEvent(OrderPlaced.class, (event, context) -> {}))
            .start()) {
      long[] cents = {995, -250, 1200};
      for (int i = 0; i < cents.length; i++) {
        ProcessPayment payment = new ProcessPayment("o-" + (i + 1), cents[i]);
        Metadata metadata = Metadata.withId("pay-" + (i + 1)).withHeader("tenant", "north");
        bus.send(Command.of(payment, metadata)).join();
        int sent = i + 1;
        await()
            .atMost(Duration.ofSeconds(60))
            .until(() -> broker.size("payments.dlq") == sent); // in this order
      }
    }
  }
}
