package dev.waybill.store.jdbc;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.store.jdbc.Databases.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.Command;
import dev.waybill.Handler;
import dev.waybill.MessageBus;
import dev.waybill.store.jdbc.Contracts.Pay;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Transactions that the database gives up because of others. */
class PostgresConflictTest {
  private final HikariDataSource database = Databases.postgres(TestBrokers.postgresql(), 6);
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final CyclicBarrier both = new CyclicBarrier(2);

  @AfterEach
  void close() {
    database.close();
  }

  /** Handles two payments at a time, and waits until both are committed. */
  private void handleTwo(JdbcStore store, Handler<Command<Pay>> handler) {
    try (MessageBus bus =
        MessageBus.over(InMemoryTransport.builder().broker(InMemoryBroker.create()).build())
            .routes(Contracts.ROUTES)
            .outbox(store.outbox())
            .consume(
                "payments",
                c ->
                    c.onCommand(Pay.class, handler)
                        .onFailure(retry(5))
                        .guarantee(EXACTLY_ONCE)
                        .idempotent(store))
            .start()) {
      bus.send(new Pay("o-1", 1)).join();
      bus.send(new Pay("o-2", 2)).join();
      await()
          .atMost(Duration.ofSeconds(90))
          .until(
              () ->
                  Databases.rows(
                              database,
                              "SELECT message_id FROM waybill_processed WHERE token IS NULL")
                          .size()
                      == 2);
    }
  }

  private void meet() throws Exception {
    if (calls.size() <= 2) {
      both.await(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void a_deadlock_is_a_failure_of_one_handler_which_is_tried_again() {
    execute(database, "CREATE TABLE account (number INT PRIMARY KEY, cents INT)");
    execute(database, "INSERT INTO account VALUES (1, 0), (2, 0)");
    String add = "UPDATE account SET cents = cents + 1 WHERE number = ";

    handleTwo(
        JdbcStore.over(database).build(),
        (command, context) -> {
          calls.add("attempt " + context.attempt());
          Connection connection = context.transaction(Connection.class);
          int number = command.payload().number();
          execute(connection, add + number);
          meet();
          execute(connection, add + (3 - number));
        });

    assertThat(Databases.rows(database, "SELECT cents FROM account")).containsExactly("2", "2");
    assertThat(calls).containsExactly("attempt 1", "attempt 1", "attempt 2");
  }

  @Test
  void a_serialization_failure_at_the_commit_is_no_attempt_and_is_tried_again() {
    execute(database, "CREATE TABLE entry (number INT)");
    TransactionRunner plain = TransactionRunner.over(database);
    JdbcStore store =
        JdbcStore.over(database)
            .transactions(
                work ->
                    plain.run(
                        connection -> {
                          execute(connection, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
                          work.run(connection);
                          meet(); // both have written what the other has not read
                        }))
            .build();

    handleTwo(
        store,
        (command, context) -> {
          calls.add("attempt " + context.attempt());
          execute(
              context.transaction(Connection.class),
              "INSERT INTO entry SELECT COUNT(*) FROM entry");
        });

    assertThat(Databases.rows(database, "SELECT number FROM entry ORDER BY 1"))
        .as("as if one after the other")
        .containsExactly("0", "1");
    assertThat(calls).containsOnly("attempt 1");
  }
}
