package dev.waybill.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.MessageBus;
import dev.waybill.testkit.broker.PostgresTestServer;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** PostgreSQL stands still, as one does whose machine or network has gone without a word. */
class PausedDatabaseTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @Test
  void a_bus_whose_database_does_not_answer_can_be_closed() throws Exception {
    try (PostgresTestServer server = PostgresTestServer.start();
        HikariDataSource database = Databases.postgres(server, 4)) {
      JdbcStore store = JdbcStore.over(database).build();
      MessageBus bus =
          MessageBus.over(InMemoryTransport.builder().broker(InMemoryBroker.create()).build())
              .routes(Contracts.ROUTES)
              .named("shop")
              .outbox(store.outbox())
              .start();
      try (Connection locking = database.getConnection()) {
        locking.setAutoCommit(false);
        Databases.execute(locking, "LOCK TABLE waybill_outbox IN ACCESS EXCLUSIVE MODE");
        await()
            .atMost(PATIENCE)
            .until(
                () ->
                    Databases.count(database, "pg_locks WHERE NOT granted")
                        > 0); // the outbox is within a statement
        server.pause();
        try {
          CompletableFuture.runAsync(bus::close).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
          assertThat(Thread.getAllStackTraces().keySet())
              .noneMatch(thread -> thread.getName().equals("waybill-outbox"));
        } finally {
          server.resume();
        }
        locking.rollback();
      }
    }
  }
}
