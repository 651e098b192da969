package dev.waybill.store.jdbc;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.store.jdbc.Contracts.Pay;
import dev.waybill.store.jdbc.Contracts.Receipt;
import dev.waybill.testkit.broker.PostgresTestServer;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** PostgreSQL is killed while messages are being handled, and comes back. */
class RestartedDatabaseTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int MESSAGES = 60;

  @Test
  void nothing_is_lost_nor_done_twice_when_the_database_is_killed_in_the_middle() throws Exception {
    List<String> receipts = new CopyOnWriteArrayList<>();
    CountDownLatch some = new CountDownLatch(MESSAGES / 3);
    try (PostgresTestServer server = PostgresTestServer.start();
        HikariDataSource database = Databases.postgres(server, 8)) {
      Databases.execute(database, "CREATE TABLE payment (message_id VARCHAR(100))");
      JdbcStore store = JdbcStore.over(database).lease(Duration.ofSeconds(2)).build();
      try (MessageBus bus =
          MessageBus.over(InMemoryTransport.builder().broker(InMemoryBroker.create()).build())
              .routes(Contracts.ROUTES)
              .named("shop")
              .outbox(store.outbox())
              .consume(
                  "payments",
                  c ->
                      c.onCommand(
                              Pay.class,
                              (command, context) -> {
                                Databases.execute(
                                    context.transaction(Connection.class),
                                    "INSERT INTO payment VALUES ('%s')"
                                        .formatted(command.metadata().id()));
                                context.transfer(new Receipt(command.payload().order(), 1));
                                some.countDown();
                              })
                          .concurrency(4)
                          // a statement of the handler's own that fails is the handler's failure
                          .onFailure(retry(0).thenAfter(waits()).thenDeadLetter())
                          .guarantee(EXACTLY_ONCE)
                          .idempotent(store))
              .consume(
                  "receipts",
                  c ->
                      c.onDocument(
                          Receipt.class,
                          (receipt, context) -> receipts.add(receipt.payload().order())))
              .start()) {
        for (int i = 0; i < MESSAGES; i++) {
          bus.send(Command.of(new Pay("o-" + i, i), Metadata.withId("id-" + i))).join();
          if (i == MESSAGES / 2) {
            assertThat(some.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            database.setConnectionTimeout(1_000); // none will come
            server.kill();
          }
        }
        await().atMost(PATIENCE).until(() -> !bus.health().isUp());
        server.restart();
        database.setConnectionTimeout(30_000);

        await()
            .atMost(PATIENCE)
            .untilAsserted(
                () -> assertThat(receipts.stream().distinct().count()).isEqualTo(MESSAGES));
        await().atMost(PATIENCE).until(() -> bus.inFlight() == 0 && bus.health().isUp());
        assertThat(Databases.rows(database, "SELECT message_id FROM payment"))
            .hasSize(MESSAGES)
            .doesNotHaveDuplicates();
      }
    }
  }

  private static Duration[] waits() {
    Duration[] waits = new Duration[200];
    java.util.Arrays.fill(waits, Duration.ofMillis(300));
    return waits;
  }
}
