package dev.waybill.store.jdbc;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.store.jdbc.Databases.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import java.sql.SQLException;
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
            .named("shop")
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

  /** Handles payments that can't be committed; returns why they are dead letters. */
  private List<String> handleInVain(
      MessageBus.Builder builder, Handler<Command<Pay>> handler, Command<Pay> payment) {
    JdbcStore store = JdbcStore.over(database).build();
    List<String> reasons = new CopyOnWriteArrayList<>();
    try (MessageBus bus =
        builder
            .routes(Contracts.ROUTES)
            .named("shop")
            .outbox(store.outbox())
            .consume(
                "payments",
                c ->
                    c.onCommand(
                            Pay.class,
                            (command, context) -> {
                              calls.add("attempt " + context.attempt());
                              handler.handle(command, context);
                            })
                        .onFailure(retry(1))
                        .guarantee(EXACTLY_ONCE)
                        .idempotent(store))
            .consumeDeadLetters(
                "payments", letter -> reasons.add(String.valueOf(letter.exceptionMessage())))
            .start()) {
      bus.send(payment).join();
      await().atMost(Duration.ofSeconds(90)).until(() -> !reasons.isEmpty());
    }
    assertThat(calls).containsExactly("attempt 1", "attempt 2");
    assertThat(Databases.count(database, "waybill_processed")).isZero();
    return reasons;
  }

  private static MessageBus.Builder inMemory() {
    return MessageBus.over(InMemoryTransport.builder().broker(InMemoryBroker.create()).build());
  }

  @Test
  void a_handler_that_hides_a_failed_statement_fails_and_its_attempts_count() {
    execute(database, "CREATE TABLE payment (number INT PRIMARY KEY)");
    execute(database, "INSERT INTO payment VALUES (1)");

    List<String> reasons =
        handleInVain(
            inMemory(),
            (command, context) -> {
              Connection connection = context.transaction(Connection.class);
              assertThatThrownBy(() -> execute(connection, "INSERT INTO payment VALUES (1)"))
                  .isInstanceOf(SQLException.class);
            },
            Command.of(new Pay("o-1", 1)));

    assertThat(reasons).singleElement().asString().contains("current transaction is aborted");
  }

  @Test
  void a_constraint_that_is_broken_at_the_commit_is_a_failure_of_the_handling() {
    execute(database, "CREATE TABLE payment (number INT UNIQUE DEFERRABLE INITIALLY DEFERRED)");

    List<String> reasons =
        handleInVain(
            inMemory(),
            (command, context) ->
                execute(
                    context.transaction(Connection.class), "INSERT INTO payment VALUES (1), (1)"),
            Command.of(new Pay("o-1", 1)));

    assertThat(reasons).singleElement().asString().contains("payment_number_key");
  }

  @Test
  void what_fails_after_the_commit_does_not_make_a_dead_letter_of_a_message() {
    TransactionRunner plain = TransactionRunner.over(database);
    JdbcStore store =
        JdbcStore.over(database)
            .transactions(
                work -> {
                  plain.run(work);
                  throw new IllegalStateException("a listener of the commit's");
                })
            .build();

    handleTwo(store, (command, context) -> calls.add("attempt " + context.attempt()));

    assertThat(calls).containsExactly("attempt 1", "attempt 1");
  }

  @Test
  void a_statement_has_one_time_for_all_its_rows() {
    assertThat(
            Databases.rows(
                database,
                Dialect.POSTGRESQL.sql(
                    "SELECT COUNT(DISTINCT NOW) FROM generate_series(1, 100000)")))
        .containsExactly("1");
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
    // the one that was ended may have its first row again before the other, which waits for it,
    // has woken: then they wait for each other once more
    assertThat(calls).startsWith("attempt 1", "attempt 1", "attempt 2");
    assertThat(calls.stream().filter("attempt 1"::equals)).hasSize(2);
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
