package dev.waybill.store.jdbc;

import static dev.waybill.store.jdbc.Databases.count;
import static dev.waybill.store.jdbc.Databases.execute;
import static dev.waybill.store.jdbc.Databases.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.Envelope;
import dev.waybill.MessageBus;
import dev.waybill.Outbox;
import dev.waybill.SendReceipt;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Topic;
import dev.waybill.store.jdbc.Contracts.Paid;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.InMemoryTransport;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

abstract class OutboxCases {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String OWNER = "shop@fake";

  private final List<AutoCloseable> open = new ArrayList<>();
  private HikariDataSource database;
  private JdbcStore store;

  /** A database of this test's own. */
  abstract HikariDataSource database(int connections);

  /** A broker that keeps what it confirms, and fails as a test says. */
  private static final class FakeRelay implements Outbox.Relay {
    final List<Addressed> sent = new CopyOnWriteArrayList<>();
    final List<String> tried = new CopyOnWriteArrayList<>();
    volatile Function<String, @Nullable Throwable> failure = id -> null;

    @Override
    public String owner() {
      return "another";
    }

    @Override
    public String address() {
      return "fake:";
    }

    @Override
    public Addressed ready(Envelope<?> envelope) {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<SendReceipt> send(Addressed message) {
      String id = message.message().id();
      tried.add(id);
      Throwable failed = failure.apply(id);
      if (failed != null) {
        return CompletableFuture.failedFuture(failed);
      }
      sent.add(message);
      return CompletableFuture.completedFuture(new SendReceipt(id, message.channel(), "fake"));
    }

    List<String> ids() {
      return sent.stream().map(message -> message.message().id()).toList();
    }
  }

  @BeforeEach
  void open() {
    database = database(6);
    store = JdbcStore.over(database).owner(OWNER).build();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    database.close();
  }

  private Outbox.Dispatch dispatch(FakeRelay relay) {
    Outbox.Dispatch dispatch = store.outbox().start(relay);
    open.add(dispatch);
    return dispatch;
  }

  private MessageBus bus(InMemoryBroker broker, JdbcStore from, List<Paid> paid) {
    return bus("shop", broker, from, paid);
  }

  private MessageBus bus(String name, InMemoryBroker broker, JdbcStore from, List<Paid> paid) {
    MessageBus bus =
        MessageBus.over(InMemoryTransport.builder().broker(broker).build())
            .routes(Contracts.ROUTES)
            .named(name)
            .sendTimeout(Duration.ofSeconds(2))
            .outbox(from.outbox())
            .subscribe(
                "paid",
                "audit",
                c -> c.onEvent(Paid.class, (event, context) -> paid.add(event.payload())))
            .start();
    open.add(bus);
    return bus;
  }

  private static Addressed message(Channel channel, String id, @Nullable String key) {
    Map<String, String> attributes = new LinkedHashMap<>();
    attributes.put("id", id);
    attributes.put("source", "shop=\\1\nµ");
    return new Addressed(
        channel,
        new WireMessage(
            new byte[] {0, 1, -1},
            "application/json",
            attributes,
            Map.of("wb-tenant", "a=b\\n"),
            key,
            null));
  }

  private void keep(Addressed... messages) throws Exception {
    TransactionRunner.over(database)
        .run(connection -> store.outbox().keep(connection, List.of(messages)));
  }

  private int attemptsOf(String id) {
    String select = "SELECT attempts FROM waybill_outbox WHERE message_id = '%s'";
    return Integer.parseInt(rows(database, select.formatted(id)).get(0));
  }

  private void awaitEmpty() {
    await().atMost(PATIENCE).until(() -> count(database, "waybill_outbox") == 0);
  }

  @Test
  void what_is_kept_is_sent_as_it_was_to_wherever_it_goes() throws Exception {
    FakeRelay relay = new FakeRelay();
    List<Channel> channels =
        List.of(
            new Queue("receipts", false),
            new Queue("payments", true),
            new Topic("paid", true),
            new Topic("news", false),
            new ReplyQueue("shop", "1"));
    for (Channel channel : channels) {
      keep(message(channel, "to " + channel, channel.keyed() ? "k" : null));
    }

    dispatch(relay);
    awaitEmpty();

    assertThat(relay.sent)
        .extracting(Addressed::channel)
        .containsExactlyInAnyOrderElementsOf(channels);
    for (Addressed sent : relay.sent) {
      WireMessage expected =
          message(sent.channel(), "to " + sent.channel(), sent.channel().keyed() ? "k" : null)
              .message();
      assertThat(sent.message()).usingRecursiveComparison().isEqualTo(expected);
    }
  }

  @Test
  void a_delay_begins_when_the_message_is_stored() throws Exception {
    FakeRelay relay = new FakeRelay();
    for (Duration delay : List.of(Duration.ofHours(1), Duration.ofMillis(1))) {
      WireMessage plain = message(new Queue("receipts", false), delay.toString(), null).message();
      keep(
          new Addressed(
              new Queue("receipts", false),
              new WireMessage(
                  plain.body(), null, plain.attributes(), plain.headers(), null, delay)));
    }
    execute(database, "UPDATE waybill_outbox SET stored_at = stored_at - INTERVAL '10' MINUTE");

    dispatch(relay);
    awaitEmpty();

    assertThat(relay.sent).hasSize(2);
    for (Addressed sent : relay.sent) {
      if (sent.message().id().equals("PT1H")) {
        assertThat(sent.message().delay()).isPositive().isLessThanOrEqualTo(Duration.ofMinutes(50));
      } else {
        assertThat(sent.message().delay()).isNull();
      }
    }
  }

  @Test
  void a_send_outside_of_handlers_is_part_of_the_callers_transaction() throws Exception {
    List<Paid> paid = new CopyOnWriteArrayList<>();
    bus(InMemoryBroker.create(), store, paid);

    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      store.outbox().publish(connection, new Paid("rolled back", 1));
      connection.rollback();
      String id = store.outbox().publish(connection, new Paid("committed", 2));
      assertThat(id).isNotBlank();
      connection.commit();
    }

    awaitEmpty();
    await().atMost(PATIENCE).until(() -> !paid.isEmpty());
    assertThat(paid).containsExactly(new Paid("committed", 2));
  }

  @Test
  void the_wrong_verb_and_a_bus_that_does_not_run_are_told_at_once() throws Exception {
    try (Connection connection = database.getConnection()) {
      assertThatThrownBy(() -> store.outbox().publish(connection, new Paid("o-1", 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("no running bus has this outbox");
      bus(InMemoryBroker.create(), store, new ArrayList<>());
      assertThatThrownBy(() -> store.outbox().send(connection, new Paid("o-1", 1)))
          .isInstanceOfSatisfying(
              MessagingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WRONG_KIND));
    }
  }

  @Test
  void several_instances_send_each_message_and_keep_the_order_of_each_key() throws Exception {
    int keys = 8;
    int each = 40;
    List<Paid> paid = new CopyOnWriteArrayList<>();
    InMemoryBroker broker = InMemoryBroker.create();
    MessageBus first = bus(broker, store, paid);
    JdbcStore elsewhere = JdbcStore.over(database).owner(OWNER).build();
    open.add(
        MessageBus.over(InMemoryTransport.builder().broker(broker).build())
            .routes(Contracts.ROUTES)
            .sendTimeout(Duration.ofSeconds(60))
            .outbox(elsewhere.outbox())
            .start());

    for (int i = 0; i < each; i++) {
      int number = i;
      TransactionRunner.over(database)
          .run(
              connection -> {
                for (int key = 0; key < keys; key++) {
                  (number % 2 == 0 ? store : elsewhere)
                      .outbox()
                      .publish(connection, new Paid("key-" + key, number));
                }
              });
    }

    awaitEmpty();
    await().atMost(PATIENCE).until(() -> paid.size() >= keys * each && first.inFlight() == 0);
    Map<String, List<Integer>> byKey = new ConcurrentHashMap<>();
    paid.forEach(
        one -> byKey.computeIfAbsent(one.order(), any -> new ArrayList<>()).add(one.number()));
    assertThat(byKey).hasSize(keys);
    byKey.forEach(
        (key, numbers) ->
            assertThat(numbers).as(key).hasSize(each).isSorted().doesNotHaveDuplicates());
  }

  @Test
  void two_buses_over_the_same_tables_send_each_its_own_to_its_own_broker() throws Exception {
    int each = 20;
    List<JdbcStore> stores = new ArrayList<>();
    List<List<Paid>> paid = new ArrayList<>();
    for (String name : List.of("a", "b")) {
      stores.add(JdbcStore.over(database).build());
      paid.add(new CopyOnWriteArrayList<>());
      bus(name, InMemoryBroker.create(), stores.get(paid.size() - 1), paid.get(paid.size() - 1));
    }

    for (int i = 0; i < each; i++) {
      Paid one = new Paid("order-" + i, i);
      for (JdbcStore its : stores) {
        TransactionRunner.over(database).run(connection -> its.outbox().publish(connection, one));
      }
    }

    awaitEmpty();
    for (List<Paid> its : paid) {
      await().atMost(PATIENCE).until(() -> its.size() >= each);
      assertThat(its).hasSize(each).doesNotHaveDuplicates();
    }
    assertThat(rows(database, "SELECT DISTINCT owner FROM waybill_outbox_shard ORDER BY owner"))
        .containsExactly("a@inmemory", "b@inmemory");
  }

  @Test
  void what_another_owner_has_is_neither_sent_nor_counted_nor_taken_back() throws Exception {
    JdbcStore other = JdbcStore.over(database).owner("other").build();
    Queue queue = new Queue("receipts", false);
    TransactionRunner.over(database)
        .run(
            connection ->
                other
                    .outbox()
                    .keep(
                        connection,
                        List.of(message(queue, "waits", null), message(queue, "aside", null))));
    long aside =
        Long.parseLong(
            rows(database, "SELECT id FROM waybill_outbox WHERE message_id = 'aside'").get(0));
    TransactionRunner.over(database)
        .run(connection -> new OutboxTable(dialect(), "other").setAside(connection, aside, "x"));
    FakeRelay relay = new FakeRelay();

    Outbox.Dispatch dispatch = dispatch(relay);
    keep(message(queue, "own", null));
    await().atMost(PATIENCE).until(() -> count(database, "waybill_outbox") == 1);

    assertThat(relay.tried).containsExactly("own");
    assertThat(store.outbox().retrySetAside()).isZero();
    try (Connection connection = database.getConnection()) {
      Outbox.Status status = new OutboxTable(dialect(), OWNER).status(connection);
      assertThat(status.backlog() + status.setAside()).isZero();
    }
    assertThat(dispatch.status().problems()).isEmpty();
    assertThat(other.outbox().retrySetAside()).isOne();
  }

  @Test
  void buses_of_one_name_over_two_brokers_are_refused_unless_that_is_said() {
    JdbcStore first = JdbcStore.over(database).build();
    bus(InMemoryBroker.named("one"), first, new ArrayList<>());
    JdbcStore second = JdbcStore.over(database).build();

    assertThatThrownBy(() -> bus(InMemoryBroker.named("two"), second, new ArrayList<>()))
        .hasMessage(
            "the outbox of shop@inmemory in this database sends to memory:one already, and would send"
                + " what is for memory:two there too: give the buses different names by named(…), or"
                + " their stores by owner(…)");
    bus("other", InMemoryBroker.named("two"), second, new ArrayList<>());
  }

  @Test
  void a_bus_without_a_name_is_refused_unless_its_store_has_an_owner() {
    assertThatThrownBy(() -> nameless(JdbcStore.over(database).build()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("add named(…)")
        .hasMessageContaining("owner(…)");

    nameless(store).close();
  }

  private static MessageBus nameless(JdbcStore from) {
    return MessageBus.over(InMemoryTransport.builder().broker(InMemoryBroker.create()).build())
        .routes(Contracts.ROUTES)
        .outbox(from.outbox())
        .start();
  }

  @Test
  void a_store_of_another_owner_is_not_kept_for() {
    JdbcStore same = JdbcStore.over(database).owner(OWNER).build();
    JdbcStore other = JdbcStore.over(database).build();

    assertThat(store.outbox().keepsFor(store)).isTrue();
    assertThat(store.outbox().keepsFor(same)).isTrue();
    assertThat(store.outbox().keepsFor(other)).isFalse();
    assertThat(other.outbox().keepsFor(other)).isTrue();
    assertThatThrownBy(() -> other.outbox().retrySetAside())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("no bus has had this outbox");
    assertThatThrownBy(() -> JdbcStore.over(database).owner(" "))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_shard_that_is_missing_is_made_when_a_bus_starts() throws Exception {
    dispatch(new FakeRelay()).close();
    execute(database, "DELETE FROM waybill_outbox_shard WHERE shard <> 7");

    dispatch(new FakeRelay());

    await().atMost(PATIENCE).until(() -> count(database, "waybill_outbox_shard") == 16);
  }

  @Test
  void no_more_of_large_messages_is_asked_for_than_a_batch_may_have() throws Exception {
    int large = 1 << 18;
    Topic topic = new Topic("paid", true);
    for (int i = 0; i < 6; i++) {
      WireMessage small = message(topic, "m-" + i, "k").message();
      keep(
          new Addressed(
              topic,
              new WireMessage(
                  new byte[large], null, small.attributes(), small.headers(), "k", null)));
    }
    OutboxTable table = new OutboxTable(dialect(), OWNER);
    int shard = Integer.parseInt(rows(database, "SELECT MIN(shard) FROM waybill_outbox").get(0));
    List<String> taken = new ArrayList<>();
    AtomicLong beyond = new AtomicLong();

    TransactionRunner.over(database)
        .run(
            connection -> {
              Connection counting = Interrupting.countingBodies(connection, beyond);
              OutboxShards.Lease lease = new OutboxShards.Lease(shard, "token");
              for (long bytes : new long[] {3 * large, 1}) {
                table
                    .due(counting, lease, new OutboxTable.Batch(1_000, bytes))
                    .forEach(row -> taken.add(row.message().message().id()));
                taken.add("|");
              }
            });

    assertThat(beyond).as("bytes in the results beyond those that were taken").hasValue(0);
    assertThat(taken).containsExactly("m-0", "m-1", "|", "m-0", "|");
  }

  @Test
  void what_was_stored_first_is_sent_first_also_when_the_databases_clock_goes_back_between()
      throws Exception {
    FakeRelay relay = new FakeRelay();
    Queue queue = new Queue("payments", true);
    keep(message(queue, "1", "k"), message(queue, "2", "k"));
    execute(
        database,
        "UPDATE waybill_outbox SET due_at = CURRENT_TIMESTAMP + INTERVAL '3' SECOND"
            + " WHERE message_id = '1'");

    dispatch(relay);
    awaitEmpty();

    assertThat(relay.ids()).containsExactly("1", "2");
  }

  @Test
  void a_shard_that_nobody_holds_is_free_also_when_the_databases_clock_has_gone_back()
      throws Exception {
    FakeRelay relay = new FakeRelay();
    Queue queue = new Queue("receipts", false);
    dispatch(relay);
    await().atMost(PATIENCE).until(() -> count(database, "waybill_outbox_shard") == 16);
    execute(
        database,
        "UPDATE waybill_outbox_shard SET ends_at = CURRENT_TIMESTAMP + INTERVAL '1' HOUR");

    keep(message(queue, "late", null));

    awaitEmpty();
    assertThat(relay.ids()).containsExactly("late");
  }

  @Test
  void shards_that_were_given_back_in_the_future_take_their_turn_before_others() throws Exception {
    OutboxShards shards = new OutboxShards(dialect(), OWNER);
    TransactionRunner.over(database).run(shards::make);
    for (int i = 0; i < 64; i++) { // so that more than one shard has something
      keep(message(new Queue("receipts", false), "m-" + i, null));
    }
    List<String> used = rows(database, "SELECT DISTINCT shard FROM waybill_outbox ORDER BY shard");
    int last = Integer.parseInt(used.get(used.size() - 1));
    execute(
        database,
        "UPDATE waybill_outbox_shard SET ends_at = CURRENT_TIMESTAMP + INTERVAL '1' HOUR"
            + " WHERE shard = "
            + last);

    List<Integer> turns = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      TransactionRunner.over(database)
          .run(
              connection -> {
                OutboxShards.Lease lease =
                    shards.lease(connection, Duration.ofMinutes(1)).orElseThrow();
                shards.release(connection, lease);
                turns.add(lease.shard());
              });
    }

    assertThat(used).hasSizeGreaterThan(1);
    assertThat(turns).startsWith(last).doesNotHaveDuplicates();
  }

  @Test
  void a_lease_that_ends_later_than_any_could_is_a_problem_in_health() throws Exception {
    FakeRelay relay = new FakeRelay();
    Outbox.Dispatch dispatch = dispatch(relay);
    await().atMost(PATIENCE).until(() -> count(database, "waybill_outbox_shard") == 16);
    execute(
        database,
        "UPDATE waybill_outbox_shard SET token = 'dead',"
            + " ends_at = CURRENT_TIMESTAMP + INTERVAL '1' HOUR");
    keep(message(new Queue("receipts", false), "stuck", null));

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(dispatch.status().problems())
                    .singleElement()
                    .asString()
                    .startsWith("1 shards of the outbox of " + OWNER + " are leased until ")
                    .contains("the database's clock has gone back"));
    execute(database, "UPDATE waybill_outbox_shard SET token = NULL");

    awaitEmpty();
  }

  @Test
  void while_the_broker_is_away_the_application_goes_on_and_nothing_is_lost() throws Exception {
    List<Paid> paid = new CopyOnWriteArrayList<>();
    InMemoryBroker broker = InMemoryBroker.create();
    MessageBus bus = bus(broker, store, paid);
    broker.faults().stop();
    for (int i = 0; i < 30; i++) {
      int number = i;
      TransactionRunner.over(database)
          .run(connection -> store.outbox().publish(connection, new Paid("o-1", number)));
    }

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              Outbox.Status status = bus.health().outbox();
              assertThat(status.backlog()).isEqualTo(30);
              assertThat(status.oldest()).isNotNull();
              assertThat(bus.health().problems())
                  .anyMatch(problem -> problem.contains("messages of the outbox can't be sent"));
            });
    broker.faults().start();

    awaitEmpty();
    await().atMost(PATIENCE).until(() -> paid.size() >= 30);
    assertThat(paid.stream().map(Paid::number).distinct()).hasSize(30).isSorted();
    await()
        .atMost(PATIENCE)
        .until(() -> bus.health().outbox().backlog() == 0 && bus.health().isUp());
    assertThat(bus.describe()).contains("outbox: the table waybill_outbox");
  }

  @Test
  void a_message_that_fails_holds_back_only_its_key_and_comes_before_those_behind_it()
      throws Exception {
    FakeRelay relay = new FakeRelay();
    relay.failure =
        id ->
            id.equals("a-1") && !relay.ids().contains("b-1")
                ? SendException.unknown(ErrorCode.TIMEOUT, "no answer", null)
                : null;
    Queue queue = new Queue("payments", true);
    keep(
        message(queue, "a-1", "a"),
        message(queue, "a-2", "a"),
        message(queue, "b-1", "b"),
        message(queue, "a-3", "a"));

    dispatch(relay);
    awaitEmpty();

    assertThat(relay.ids()).hasSize(4).doesNotHaveDuplicates();
    assertThat(relay.ids().stream().filter(id -> id.startsWith("a")))
        .containsExactly("a-1", "a-2", "a-3");
    assertThat(relay.tried).containsSubsequence("a-1", "b-1", "a-1");
  }

  @Test
  void a_message_that_no_broker_takes_is_set_aside_with_its_reason_and_can_be_taken_back()
      throws Exception {
    FakeRelay relay = new FakeRelay();
    relay.failure =
        id ->
            id.equals("poison")
                ? SendException.rejected(ErrorCode.NOT_FOUND, "no such topic", null)
                : null;
    Topic topic = new Topic("paid", true);
    keep(message(topic, "poison", "k"), message(topic, "next", "k"));
    execute(database, "UPDATE waybill_outbox SET attempts = 19 WHERE message_id = 'poison'");

    Outbox.Dispatch dispatch = dispatch(relay);
    awaitEmpty();

    assertThat(relay.ids()).containsExactly("next");
    assertThat(rows(database, "SELECT reason FROM waybill_outbox_set_aside"))
        .containsExactly("dev.waybill.error.SendException: no such topic");
    assertThat(rows(database, "SELECT attempts FROM waybill_outbox_set_aside"))
        .containsExactly("20");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(dispatch.status().problems())
                    .contains(
                        "1 messages of the outbox are set aside, with their reasons in"
                            + " waybill_outbox_set_aside."));

    relay.failure = id -> null;
    assertThat(store.outbox().retrySetAside()).isOne();
    awaitEmpty();
    assertThat(relay.ids()).containsExactly("next", "poison");
    await().atMost(PATIENCE).until(() -> dispatch.status().problems().isEmpty());
  }

  @Test
  void a_refused_message_waits_longer_each_time_and_counts() throws Exception {
    FakeRelay relay = new FakeRelay();
    relay.failure = id -> SendException.rejected(ErrorCode.TOO_LARGE, "too large", null);
    keep(message(new Queue("receipts", false), "large", null));

    dispatch(relay);

    await().atMost(PATIENCE).until(() -> attemptsOf("large") >= 1);
    assertThat(OutboxDispatcher.backoff(0)).isEqualTo(Duration.ofSeconds(1));
    assertThat(OutboxDispatcher.backoff(3)).isEqualTo(Duration.ofSeconds(8));
    assertThat(OutboxDispatcher.backoff(19)).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void a_message_alone_in_its_batch_that_may_be_to_blame_counts_and_does_not_stop_others()
      throws Exception {
    FakeRelay relay = new FakeRelay();
    relay.failure =
        id ->
            id.equals("sick") ? SendException.unknown(ErrorCode.TIMEOUT, "no answer", null) : null;
    Queue queue = new Queue("receipts", false);
    keep(message(queue, "sick", null));
    dispatch(relay);

    await() // each time something got through meanwhile; too long ago, on a busy machine, for some
        .atMost(PATIENCE)
        .until(
            () -> {
              keep(message(queue, "well-" + System.nanoTime(), null));
              await().atMost(PATIENCE).until(() -> count(database, "waybill_outbox") == 1);
              int tried = relay.tried.size();
              execute(database, "UPDATE waybill_outbox SET due_at = CURRENT_TIMESTAMP");
              await().atMost(PATIENCE).until(() -> relay.tried.size() > tried);
              return attemptsOf("sick") >= 3;
            });
    execute(database, "UPDATE waybill_outbox SET attempts = 19 WHERE message_id = 'sick'");
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              keep(message(queue, "more-" + System.nanoTime(), null)); // gets through
              execute(database, "UPDATE waybill_outbox SET due_at = CURRENT_TIMESTAMP");
              return count(database, "waybill_outbox_set_aside") == 1;
            });

    awaitEmpty();
    assertThat(rows(database, "SELECT message_id FROM waybill_outbox_set_aside"))
        .containsExactly("sick");
    assertThat(relay.ids()).anyMatch(id -> id.startsWith("well-"));
  }

  @Test
  void what_a_broker_that_is_away_does_not_take_is_never_set_aside() throws Exception {
    FakeRelay relay = new FakeRelay();
    relay.failure = id -> SendException.unknown(ErrorCode.CONNECTION_FAILED, "away", null);
    Queue queue = new Queue("receipts", false);
    keep(message(queue, "first", null), message(queue, "second", null));
    execute(database, "UPDATE waybill_outbox SET attempts = 19");
    dispatch(relay);

    for (int i = 0; i < 3; i++) {
      int tried = relay.tried.size();
      execute(database, "UPDATE waybill_outbox SET due_at = CURRENT_TIMESTAMP");
      await().atMost(PATIENCE).until(() -> relay.tried.size() > tried);
    }
    assertThat(count(database, "waybill_outbox_set_aside")).isZero();
    relay.failure = id -> null;
    execute(database, "UPDATE waybill_outbox SET due_at = CURRENT_TIMESTAMP");

    awaitEmpty();
    assertThat(relay.ids()).containsExactlyInAnyOrder("first", "second");
  }

  @Test
  void what_is_thrown_instead_of_a_send_exception_is_the_messages_own_failure() throws Exception {
    FakeRelay relay = new FakeRelay();
    relay.failure =
        id -> {
          if (id.equals("thrown")) {
            throw new IllegalStateException("thrown by send itself");
          }
          return new IllegalStateException("given by its future");
        };
    Queue queue = new Queue("receipts", false);
    keep(message(queue, "thrown", null), message(queue, "given", null));
    execute(database, "UPDATE waybill_outbox SET attempts = 19");

    dispatch(relay);

    awaitEmpty();
    assertThat(rows(database, "SELECT reason FROM waybill_outbox_set_aside"))
        .containsExactlyInAnyOrder(
            "java.lang.IllegalStateException: thrown by send itself",
            "java.lang.IllegalStateException: given by its future");
  }

  @Test
  void a_row_that_can_not_be_read_is_set_aside_and_those_behind_it_go_on() throws Exception {
    FakeRelay relay = new FakeRelay();
    Topic topic = new Topic("paid", true);
    keep(message(topic, "broken", "k"), message(topic, "next", "k"));
    execute(
        database, "UPDATE waybill_outbox SET attributes = 'nothing' WHERE message_id = 'broken'");

    dispatch(relay);

    awaitEmpty();
    assertThat(relay.ids()).containsExactly("next");
    assertThat(rows(database, "SELECT reason FROM waybill_outbox_set_aside"))
        .singleElement()
        .asString()
        .startsWith("can't be read: ")
        .contains("not lines of name=value");
  }

  @Test
  void what_is_set_aside_while_others_are_taken_back_stays() throws Exception {
    Queue queue = new Queue("receipts", false);
    keep(message(queue, "early", null), message(queue, "late", null));
    OutboxTable table = new OutboxTable(dialect(), OWNER);
    List<String> ids = rows(database, "SELECT id FROM waybill_outbox ORDER BY id");
    TransactionRunner runner = TransactionRunner.over(database);
    runner.run(connection -> table.setAside(connection, Long.parseLong(ids.get(0)), "early"));

    runner.run(
        connection -> {
          Connection between =
              Interrupting.beforeDelete(
                  connection,
                  () ->
                      runner.run(
                          other -> table.setAside(other, Long.parseLong(ids.get(1)), "late")));
          assertThat(table.takeBack(between)).isOne();
        });

    assertThat(rows(database, "SELECT message_id FROM waybill_outbox")).containsExactly("early");
    assertThat(rows(database, "SELECT message_id FROM waybill_outbox_set_aside"))
        .containsExactly("late");
  }

  @Test
  void a_message_that_two_instances_set_aside_is_so_once() throws Exception {
    keep(message(new Queue("receipts", false), "poison", null));
    OutboxTable table = new OutboxTable(dialect(), OWNER);
    long id = Long.parseLong(rows(database, "SELECT id FROM waybill_outbox").get(0));

    for (int instance = 0; instance < 2; instance++) {
      TransactionRunner.over(database)
          .run(connection -> table.setAside(connection, id, "no such topic"));
    }

    assertThat(count(database, "waybill_outbox_set_aside")).isOne();
    assertThat(count(database, "waybill_outbox")).isZero();
  }

  private Dialect dialect() throws Exception {
    try (Connection connection = database.getConnection()) {
      return Dialect.of(connection);
    }
  }

  @Test
  void a_connection_without_a_transaction_is_refused() throws Exception {
    bus(InMemoryBroker.create(), store, new ArrayList<>());

    try (Connection connection = database.getConnection()) {
      assertThatThrownBy(() -> store.outbox().publish(connection, new Paid("o-1", 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("the connection is in autocommit mode");
    }
    assertThat(count(database, "waybill_outbox")).isZero();
  }

  @Test
  void nothing_more_is_begun_when_the_outbox_is_being_closed() {
    AtomicBoolean closing = new AtomicBoolean();
    FakeRelay relay = new FakeRelay();
    relay.failure =
        id -> {
          closing.set(true); // while the first is under way
          return null;
        };
    Topic topic = new Topic("paid", true);
    OutboxBatch batch = new OutboxBatch(relay, () -> true, Duration.ofMinutes(1), closing::get);

    batch.send(
        List.of(
            new OutboxRow(1, message(topic, "first", "k"), 0),
            new OutboxRow(2, message(topic, "behind it", "k"), 0),
            new OutboxRow(3, message(topic, "of another key", "l"), 0)),
        PATIENCE);

    assertThat(relay.tried).containsExactly("first");
    assertThat(batch.sent()).extracting(OutboxRow::id).containsExactly(1L);
  }

  @Test
  void a_reply_whose_requester_is_gone_is_dropped() throws Exception {
    FakeRelay relay = new FakeRelay();
    relay.failure = id -> SendException.rejected(ErrorCode.UNROUTABLE, "gone", null);
    keep(message(new ReplyQueue("shop", "1"), "reply", null));

    dispatch(relay);

    awaitEmpty();
    assertThat(count(database, "waybill_outbox_set_aside")).isZero();
  }

  @Test
  void texts_are_kept_whatever_they_have() {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("a=b", "c=d\\e\n\nf\0");
    texts.put("", "");
    texts.put("\\n", "ä€\uD83D\uDE9A");

    assertThat(TextMap.read(TextMap.write(texts))).isEqualTo(texts);
    assertThat(TextMap.read("")).isEmpty();
    assertThatThrownBy(() -> TextMap.read("nothing")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void two_buses_with_one_outbox_are_refused() {
    bus(InMemoryBroker.create(), store, new ArrayList<>());

    assertThatThrownBy(() -> bus(InMemoryBroker.create(), store, new ArrayList<>()))
        .hasMessageStartingWith(
            "this outbox is another running bus's: give each bus a JdbcStore of its own, and a name");
  }
}
