package dev.waybill.store.jdbc;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;
import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static dev.waybill.store.jdbc.Databases.count;
import static dev.waybill.store.jdbc.Databases.execute;
import static dev.waybill.store.jdbc.Databases.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.error.ConfigurationException;
import dev.waybill.store.jdbc.Contracts.Pay;
import dev.waybill.store.jdbc.Contracts.Receipt;
import dev.waybill.transport.Topology;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A handler's own writes, what it sends, and the mark of its message: all or nothing. */
abstract class TransactionCases {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int CONNECTIONS = 6;

  /** As a transaction manager binds them. */
  private static final ThreadLocal<Connection> CURRENT = new ThreadLocal<>();

  private final InMemoryBroker broker = InMemoryBroker.create();
  private final List<MessageBus> buses = new ArrayList<>();
  private final List<String> receipts = new CopyOnWriteArrayList<>();
  private final List<Integer> attempts = new CopyOnWriteArrayList<>();
  private HikariDataSource database;

  /** A database of this test's own. */
  abstract HikariDataSource database(int connections);

  /** What a handler does with a connection. */
  interface Work {
    void handle(Command<Pay> command, HandlerContext context, Connection connection)
        throws Exception;
  }

  @BeforeEach
  void open() {
    database = database(CONNECTIONS);
    execute(database, "CREATE TABLE payment (message_id VARCHAR(100))");
  }

  @AfterEach
  void close() {
    buses.forEach(MessageBus::close);
    database.close();
  }

  private JdbcStore store(UnaryOperator<JdbcStore.Builder> more) {
    return more.apply(JdbcStore.over(database)).build();
  }

  private MessageBus start(JdbcStore store, Consumer<ConsumerSpec> consumer) {
    MessageBus bus =
        MessageBus.over(InMemoryTransport.builder().broker(broker).build())
            .routes(Contracts.ROUTES)
            .named("shop")
            .outbox(store.outbox())
            .consume(
                "payments",
                c -> {
                  consumer.accept(c);
                  c.guarantee(EXACTLY_ONCE).idempotent(store);
                })
            .consume(
                "receipts",
                c ->
                    c.onDocument(
                        Receipt.class,
                        (receipt, context) -> receipts.add(receipt.payload().order())))
            .start();
    buses.add(bus);
    return bus;
  }

  private MessageBus start(JdbcStore store, FailurePolicy policy, Work work) {
    return start(
        store,
        c ->
            c.onCommand(
                    Pay.class,
                    (command, context) -> {
                      attempts.add(context.attempt());
                      Connection connection = context.transaction(Connection.class);
                      execute(
                          connection,
                          "INSERT INTO payment VALUES ('%s')".formatted(command.metadata().id()));
                      context.transfer(new Receipt(command.payload().order(), 1));
                      work.handle(command, context, connection);
                    })
                .onFailure(policy));
  }

  private static Command<Pay> pay(String order) {
    return Command.of(new Pay(order, 1), Metadata.withId("id-" + order));
  }

  private void awaitAll(MessageBus bus, int receiptCount) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(receipts).hasSizeGreaterThanOrEqualTo(receiptCount);
              assertThat(bus.inFlight()).isZero();
              assertThat(count(database, "waybill_outbox")).isZero();
            });
  }

  @Test
  void a_write_a_mark_and_a_message_are_committed_together_once_for_all_duplicates() {
    MessageBus bus = start(store(s -> s), noRetry(), (command, context, connection) -> {});

    for (String order : List.of("o-1", "o-2", "o-1", "o-1")) {
      bus.send(pay(order)).join();
    }

    awaitAll(bus, 2);
    assertThat(rows(database, "SELECT message_id FROM payment ORDER BY 1"))
        .containsExactly("id-o-1", "id-o-2");
    assertThat(receipts).containsExactlyInAnyOrder("o-1", "o-2");
    assertThat(rows(database, "SELECT token FROM waybill_processed"))
        .containsOnlyNulls()
        .hasSize(2);
    assertThat(bus.health().problems()).isEmpty();
  }

  @Test
  void nothing_is_left_of_an_attempt_that_failed_after_it_wrote_and_sent() {
    AtomicInteger failures = new AtomicInteger(2);
    MessageBus bus =
        start(
            store(s -> s),
            retry(2),
            (command, context, connection) -> {
              if (failures.getAndDecrement() > 0) {
                throw new IllegalStateException("no bank");
              }
            });

    bus.send(pay("o-1")).join();

    awaitAll(bus, 1);
    assertThat(attempts).containsExactly(1, 2, 3);
    assertThat(count(database, "payment")).isOne();
    assertThat(receipts).containsExactly("o-1");
  }

  @Test
  void a_dead_letter_has_written_and_sent_nothing_and_its_replay_is_handled() {
    AtomicInteger failures = new AtomicInteger(1);
    MessageBus bus =
        start(
            store(s -> s),
            noRetry(),
            (command, context, connection) -> {
              if (failures.getAndDecrement() > 0) {
                throw new SQLException("handler's own");
              }
            });

    bus.send(pay("o-1")).join();
    await().atMost(PATIENCE).until(() -> attempts.size() == 1 && bus.inFlight() == 0);
    assertThat(count(database, "payment")).isZero();
    bus.send(pay("o-1")).join();

    awaitAll(bus, 1);
    assertThat(count(database, "payment")).isOne();
    assertThat(receipts).containsExactly("o-1");
  }

  @Test
  void what_a_handler_decides_against_is_rolled_back() {
    List<Consumer<HandlerContext>> decisions =
        List.of(
            context -> context.retryAfter(Duration.ofMillis(5)),
            context -> context.discard("stale"));
    AtomicInteger calls = new AtomicInteger();
    MessageBus bus =
        start(
            store(s -> s),
            c ->
                c.onCommand(
                    Pay.class,
                    (command, context) -> {
                      execute(
                          context.transaction(Connection.class),
                          "INSERT INTO payment VALUES ('x')");
                      decisions.get(calls.getAndIncrement()).accept(context);
                    }));

    bus.send(pay("o-1")).join();

    await().atMost(PATIENCE).until(() -> calls.get() == 2 && bus.inFlight() == 0);
    assertThat(count(database, "payment")).isZero();
    assertThat(count(database, "waybill_processed")).isZero();
  }

  @Test
  void whoever_has_lost_the_claim_commits_nothing_and_that_is_no_attempt() {
    AtomicInteger thefts = new AtomicInteger(1);
    MessageBus bus =
        start(
            store(s -> s),
            noRetry(),
            (command, context, connection) -> {
              if (thefts.getAndDecrement() > 0) {
                execute(
                    database, // as another instance does with one that has expired, and dies
                    "UPDATE waybill_processed SET token = 'another', ends_at = CURRENT_TIMESTAMP");
              }
            });

    bus.send(pay("o-1")).join();

    awaitAll(bus, 1);
    assertThat(attempts).containsExactly(1, 1);
    assertThat(count(database, "payment")).isOne();
    assertThat(receipts).containsExactly("o-1");
  }

  @Test
  void two_instances_that_race_for_duplicates_handle_each_message_once() {
    int messages = Integer.getInteger("race.messages", Boolean.getBoolean("chaos") ? 10_000 : 150);
    ConcurrentHashMap<String, AtomicInteger> handled = new ConcurrentHashMap<>();
    Work counting =
        (command, context, connection) ->
            handled
                .computeIfAbsent(command.metadata().id(), any -> new AtomicInteger())
                .incrementAndGet();
    MessageBus first = start(store(s -> s), noRetry(), counting);
    MessageBus second =
        MessageBus.over(InMemoryTransport.builder().broker(broker).build())
            .routes(Contracts.ROUTES)
            .named("shop")
            .start();
    buses.add(second);
    MessageBus other = start(store(s -> s), noRetry(), counting);

    for (int i = 0; i < messages; i++) {
      Command<Pay> command = pay("o-" + i);
      CompletableFuture.allOf(first.send(command), second.send(command)).join();
    }

    await()
        .atMost(PATIENCE.multipliedBy(10))
        .untilAsserted(
            () -> {
              assertThat(receipts).hasSizeGreaterThanOrEqualTo(messages);
              assertThat(first.inFlight() + other.inFlight()).isZero();
            });
    assertThat(receipts).hasSize(messages).doesNotHaveDuplicates();
    assertThat(count(database, "payment")).isEqualTo(messages);
    assertThat(handled.values()).allMatch(times -> times.get() == 1);
  }

  @Test
  void a_handler_joins_the_transactions_of_the_application() {
    List<String> seen = new CopyOnWriteArrayList<>();
    TransactionRunner own = TransactionRunner.over(database);
    JdbcStore store =
        store(
            s ->
                s.transactions(
                    work ->
                        own.run(
                            connection -> {
                              CURRENT.set(connection);
                              try {
                                work.run(connection);
                              } finally {
                                CURRENT.remove();
                              }
                            })));
    MessageBus bus =
        start(
            store,
            noRetry(),
            (command, context, connection) -> {
              execute(CURRENT.get(), "INSERT INTO payment VALUES ('not committed yet')");
              try (Statement statement = connection.createStatement();
                  ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM payment")) {
                rows.next();
                seen.add(rows.getString(1));
              }
            });

    bus.send(pay("o-1")).join();

    awaitAll(bus, 1);
    assertThat(seen).containsExactly("2");
    assertThat(count(database, "payment")).isEqualTo(2);
  }

  @Test
  void a_runner_that_swallows_failures_is_found_out_and_the_message_kept() {
    AtomicInteger swallowing = new AtomicInteger(1);
    TransactionRunner own = TransactionRunner.over(database);
    JdbcStore store =
        store(
            s ->
                s.transactions(
                    work -> {
                      if (swallowing.getAndDecrement() <= 0) {
                        own.run(work);
                      }
                    }));
    MessageBus bus = start(store, noRetry(), (command, context, connection) -> {});

    bus.send(pay("o-1")).join();
    awaitAll(bus, 1);

    assertThat(count(database, "payment")).isOne();
    assertThat(attempts).containsExactly(1);
  }

  @Test
  void an_exhausted_pool_is_a_problem_in_health_and_no_attempt() throws Exception {
    MessageBus bus = start(store(s -> s), noRetry(), (command, context, connection) -> {});
    database.setConnectionTimeout(1_000);
    List<Connection> taken = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      taken.add(borrowed());
    }

    bus.send(pay("o-1")).join();
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(bus.health().problems())
                    .anyMatch(problem -> problem.contains("can't be asked")));
    for (Connection connection : taken) {
      connection.close();
    }

    awaitAll(bus, 1);
    assertThat(attempts).containsExactly(1);
    await().atMost(PATIENCE).until(() -> bus.health().isUp());
  }

  /** The outbox borrows one from time to time. */
  private Connection borrowed() {
    List<Connection> got = new ArrayList<>();
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(SQLException.class)
        .until(() -> got.add(database.getConnection()));
    return got.get(0);
  }

  @Test
  void a_bus_without_the_outbox_of_its_store_is_refused_at_start() {
    JdbcStore store = store(s -> s);

    assertThatThrownBy(
            () ->
                MessageBus.over(InMemoryTransport.builder().broker(broker).build())
                    .routes(Contracts.ROUTES)
                    .consume(
                        "payments",
                        c ->
                            c.onCommand(Pay.class, (command, context) -> {})
                                .guarantee(EXACTLY_ONCE)
                                .idempotent(store))
                    .start())
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "The handlers of queue payments send into the outbox of their store, from which this bus"
                + " would send nothing: add .outbox(…) with the store's.");
  }

  @Test
  void a_bus_with_the_outbox_of_another_database_is_refused_at_start() {
    try (HikariDataSource elsewhere = database(2)) {
      JdbcStore store = store(s -> s);
      JdbcStore other = JdbcStore.over(elsewhere).build();

      assertThatThrownBy(
              () ->
                  MessageBus.over(InMemoryTransport.builder().broker(broker).build())
                      .routes(Contracts.ROUTES)
                      .named("shop")
                      .outbox(other.outbox())
                      .consume(
                          "payments",
                          c ->
                              c.onCommand(Pay.class, (command, context) -> {})
                                  .guarantee(EXACTLY_ONCE)
                                  .idempotent(store))
                      .start())
          .isInstanceOf(ConfigurationException.class)
          .hasMessage(
              "The handlers of queue payments send into the outbox of %s, but this bus sends from another, %s: give .outbox(…) the store's."
                  .formatted(store, other.outbox()));
    }
  }

  @Test
  void a_handler_can_not_end_its_transaction_nor_use_its_connection_after_it() throws Exception {
    List<Connection> kept = new CopyOnWriteArrayList<>();
    List<Statement> statements = new CopyOnWriteArrayList<>();
    MessageBus bus =
        start(
            store(s -> s),
            noRetry(),
            (command, context, connection) -> {
              for (ThrowingCallable end :
                  List.<ThrowingCallable>of(
                      connection::commit,
                      connection::rollback,
                      () -> connection.setAutoCommit(true))) {
                assertThatThrownBy(end)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the transaction is the consumer's");
              }
              connection.rollback(connection.setSavepoint());
              connection.close();
              execute(connection, "INSERT INTO payment VALUES ('after close')");
              kept.add(connection);
              statements.add(connection.createStatement());
            });

    bus.send(pay("o-1")).join();

    awaitAll(bus, 1);
    assertThat(count(database, "payment")).isEqualTo(2);
    Connection late = kept.get(0);
    assertThat(late.isClosed()).isTrue();
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            late::createStatement, () -> statements.get(0).execute("SELECT 1"))) {
      assertThatThrownBy(use).isInstanceOf(SQLException.class).hasMessageContaining("has ended");
    }
    statements.get(0).close();
  }

  @Test
  void a_handler_can_not_end_its_transaction_by_way_of_what_its_connection_gave() {
    List<Throwable> refused = new CopyOnWriteArrayList<>();
    List<Boolean> same = new CopyOnWriteArrayList<>();
    MessageBus bus =
        start(
            store(s -> s),
            noRetry(),
            (command, context, connection) -> {
              try (Statement statement = connection.createStatement();
                  PreparedStatement prepared = connection.prepareStatement("SELECT 1");
                  ResultSet rows = prepared.executeQuery()) {
                for (Connection its :
                    List.of(
                        statement.getConnection(),
                        prepared.getConnection(),
                        rows.getStatement().getConnection(),
                        connection.getMetaData().getConnection())) {
                  same.add(its.equals(connection));
                  refused.add(catchThrowable(its::commit));
                }
                same.add(rows.getStatement().equals(prepared));
                same.add(statement.unwrap(Statement.class).equals(statement));
              }
              throw new IllegalStateException("to be rolled back");
            });

    bus.send(pay("o-1")).join();

    await().atMost(PATIENCE).until(() -> attempts.size() == 1 && bus.inFlight() == 0);
    assertThat(refused)
        .hasSize(4)
        .allSatisfy(e -> assertThat(e).hasMessageContaining("the transaction is the consumer's"));
    assertThat(same).hasSize(6).containsOnly(true);
    assertThat(count(database, "payment")).isZero();
  }

  @Test
  void a_runner_without_a_transaction_is_found_out_before_the_handler_runs() throws Exception {
    MessageBus bus =
        start(
            store(
                s ->
                    s.transactions(
                        work -> {
                          try (Connection connection = database.getConnection()) {
                            work.run(connection);
                          }
                        })),
            noRetry(),
            (command, context, connection) -> {});

    bus.send(pay("o-1")).join();

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(bus.health().problems())
                    .anyMatch(problem -> problem.contains("autocommit mode")));
    assertThat(attempts).isEmpty();
  }

  @Test
  void a_store_that_is_opened_again_waits_for_nobody_who_writes() throws Exception {
    store(s -> s);
    try (Connection writing = database.getConnection()) {
      writing.setAutoCommit(false);
      execute(
          writing,
          "INSERT INTO waybill_processed VALUES ('payments', 'id', 'token', CURRENT_TIMESTAMP)");

      CompletableFuture.supplyAsync(() -> store(s -> s)).get(60, TimeUnit.SECONDS);

      writing.rollback();
    }
  }

  @Test
  void a_table_of_another_version_is_named_since_it_is_not_made_again() {
    execute(database, "CREATE TABLE waybill_outbox_shard (shard SMALLINT PRIMARY KEY)");

    assertThatThrownBy(() -> store(s -> s))
        .isInstanceOfSatisfying(
            ConfigurationException.class,
            e ->
                assertThat(e.problems())
                    .singleElement()
                    .asString()
                    .startsWith("The table waybill_outbox_shard is missing or differs")
                    .contains("It is there, but of another version"));
  }

  @Test
  void times_that_no_database_could_count_to_are_refused_by_their_names() {
    Duration forever = ChronoUnit.FOREVER.getDuration();

    assertThatThrownBy(() -> store(s -> s.retention(forever)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("retention(%s): give at most 36500 days.".formatted(forever));
    assertThatThrownBy(() -> store(s -> s.lease(forever)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lease(%s): give at most 36500 days.".formatted(forever));
    JdbcStore longest =
        store(s -> s.retention(Duration.ofDays(36_500)).lease(Duration.ofDays(36_500)));
    assertThat(longest.complete((ProcessedMessageStore.Claim) longest.claim("payments", "m-1")))
        .isTrue();
    assertThat(longest.claim("payments", "m-1"))
        .isInstanceOf(ProcessedMessageStore.Processed.class);
  }

  @Test
  void missing_tables_are_all_named_when_they_are_verified_and_made_when_they_are_to_be() {
    assertThatThrownBy(() -> store(s -> s.schema(Topology.Mode.VERIFY)))
        .isInstanceOfSatisfying(
            ConfigurationException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(4)
                    .allSatisfy(
                        problem ->
                            assertThat(problem)
                                .startsWith("The table waybill_")
                                .endsWith(".sql of waybill-store-jdbc, or use schema(CREATE).")));
    store(s -> s.schema(Topology.Mode.ASSUME));
    store(s -> s);
    store(s -> s);
    store(s -> s.schema(Topology.Mode.VERIFY));
  }
}
