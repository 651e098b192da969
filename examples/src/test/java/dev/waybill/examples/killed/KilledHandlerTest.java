package dev.waybill.examples.killed;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.delivery.InMemoryMessageStore;
import dev.waybill.examples.killed.PaymentProcess.Invoice;
import dev.waybill.examples.killed.PaymentProcess.Order;
import dev.waybill.examples.killed.PaymentProcess.Ship;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process with a handler that writes a row and sends two messages is killed (SIGKILL) at random
 * moments, again and again: in the end each message has one row, and each of what was sent has
 * arrived once at an idempotent receiver.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class KilledHandlerTest {
  private static final boolean LONG = Boolean.getBoolean("chaos");
  private static final int KILLS = Integer.getInteger("kills", LONG ? 200 : 3);
  private static final int MESSAGES_PER_KILL = 30;
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  @TempDir private Path folder;
  private Process process;

  @AfterEach
  void noProcessIsLeft() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void over_rabbitmq() throws Exception {
    try (RabbitTestBroker broker = RabbitTestBroker.start()) {
      everyMessageHasItsEffectOnce(broker);
    }
  }

  final void everyMessageHasItsEffectOnce(TestBroker broker) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("killed with -Dseed=" + seed);
    Random random = new Random(seed);
    int messages = KILLS * MESSAGES_PER_KILL;
    Map<String, Integer> arrived = new ConcurrentHashMap<>();
    try (PaymentDatabase database = PaymentDatabase.create(TestBrokers.postgresql());
        MessageBus observer =
            MessageBus.over(Transport.at(broker.uri()))
                .routes(PaymentProcess.ROUTES)
                .consume(
                    "killed-invoices",
                    c ->
                        c.onDocument(
                                Invoice.class,
                                (invoice, context) ->
                                    arrived.merge(
                                        "invoice " + invoice.payload().number(), 1, Integer::sum))
                            .guarantee(EXACTLY_ONCE)
                            .idempotent(InMemoryMessageStore.create()))
                .consume(
                    "killed-shipments",
                    c ->
                        c.onCommand(
                                Ship.class,
                                (ship, context) ->
                                    arrived.merge(
                                        "ship " + ship.payload().number(), 1, Integer::sum))
                            .guarantee(EXACTLY_ONCE)
                            .idempotent(InMemoryMessageStore.create()))
                .start()) {
      int sent = 0;
      for (int kill = 0; kill < KILLS; kill++) {
        start(broker.uri(), database.url(), kill);
        long before = database.count("payment");
        for (int i = 0; i < MESSAGES_PER_KILL; i++, sent++) {
          observer.send(Command.of(new Order(sent), Metadata.withId("order-" + sent))).join();
        }
        int enough = random.nextInt(MESSAGES_PER_KILL);
        await()
            .atMost(PATIENCE)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> database.count("payment") >= before + enough);
        long end = System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(random.nextInt(20_000));
        while (System.nanoTime() < end) {
          Thread.onSpinWait(); // to a moment that is no row's
        }
        process.destroyForcibly().waitFor();
      }
      start(broker.uri(), database.url(), KILLS);

      await().atMost(PATIENCE).untilAsserted(() -> assertThat(arrived).hasSize(2 * messages));
      await()
          .atMost(PATIENCE)
          .until(() -> database.count("waybill_outbox") == 0 && observer.inFlight() == 0);
      List<String> rows = database.payments();
      assertThat(rows).as("rows").doesNotHaveDuplicates().hasSize(messages);
      assertThat(rows)
          .containsExactlyInAnyOrderElementsOf(
              IntStream.range(0, messages).mapToObj(i -> "order-" + i).toList());
      assertThat(new TreeMap<>(arrived)).allSatisfy((what, times) -> assertThat(times).isOne());
      assertThat(database.count("waybill_outbox_set_aside")).isZero();
      System.out.printf("%d kills, %d messages, each with one effect%n", KILLS, messages);
    }
  }

  private void start(String uri, String database, int number) throws IOException {
    Path log = folder.resolve("process-" + number + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                PaymentProcess.class.getName(),
                uri,
                database)
            .redirectErrorStream(true)
            .redirectOutput(new File(log.toString()));
    // Kafka misses a member after 45 s, unless it is told otherwise
    builder.environment().put("WAYBILL_KAFKA_SESSION_TIMEOUT_MS", "6000");
    process = builder.start();
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> {
              assertThat(process.isAlive()).as(() -> read(log)).isTrue();
              return read(log).contains("has started over");
            });
  }

  private static String read(Path log) {
    try {
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      return "its log can't be read: " + e;
    }
  }
}
