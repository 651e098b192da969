package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.Inbox.accept;
import static dev.waybill.transport.kafka.Inbox.settle;
import static dev.waybill.transport.kafka.Inbox.text;
import static dev.waybill.transport.kafka.KafkaFixture.message;
import static dev.waybill.transport.kafka.KafkaFixture.send;
import static dev.waybill.transport.kafka.KafkaFixture.unique;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.DeadLetter;
import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What share groups do beyond the contract. */
class KafkaShareTest {
  record Refresh(int number) {}

  private static final Settlement.Release RELEASE = new Settlement.Release(Duration.ZERO, 0);
  private static final Duration SHORT_LOCK = Duration.ofSeconds(2);

  private static KafkaTestBroker broker;

  private final KafkaFixture kafka = new KafkaFixture(broker);
  private final Queue queue = new Queue(unique("queue"), false);
  private final Inbox inbox = new Inbox();

  @BeforeAll
  static void start() {
    broker = ShareBrokers.quick().start();
  }

  @AfterAll
  static void end() {
    broker.close();
  }

  @AfterEach
  void close() {
    kafka.close();
  }

  private KafkaTransport.Builder shared() {
    return kafka.builder().shareGroups();
  }

  @Test
  void a_receiver_tells_what_it_has_locked_and_what_waits_for_its_retry() throws Exception {
    TransportConnection connection = kafka.prepared(shared(), queue);
    send(connection, queue, message("a"), message("b"), message("c"));
    Receiver receiver = connection.receive(queue, 2, inbox);

    Delivery first = inbox.next();
    settle(first, new Settlement.Release(Duration.ofHours(1), 1));

    await().atMost(Inbox.LONG_ENOUGH).until(() -> receiver.status().waitingKeys() == 1);
    assertThat(receiver.status().waiting()).isPositive();
    receiver.close();
  }

  @Test
  void what_nobody_looks_at_is_named_when_a_share_group_is_assumed() throws Exception {
    TransportConnection connection = kafka.prepared(shared(), queue);
    connection.close();
    try (Logged logged = new Logged()) {
      assertThat(
              kafka.connect(shared()).prepare(KafkaFixture.topology(queue), Topology.Mode.ASSUME))
          .isEmpty();

      assertThat(logged.lines(ShareGroupAdmin.class.getName()))
          .singleElement()
          .asString()
          .contains(queue.name(), "share.auto.offset.reset=earliest", "share.isolation.level=");
    }
  }

  @Test
  void the_broker_counts_attempts_over_instances() throws Exception {
    TransportConnection first = kafka.prepared(shared(), queue);
    send(first, queue, message("a"));
    Receiver receiver = first.receive(queue, 5, inbox);
    assertThat(inbox.next().attempt()).isEqualTo(1);
    receiver.close();

    TransportConnection second = kafka.prepared(shared(), queue);
    Inbox other = new Inbox();
    second.receive(queue, 5, other);
    Delivery again = other.next();
    assertThat(text(again)).isEqualTo("a");
    assertThat(again.attempt()).isEqualTo(2);
    accept(again);
  }

  @Test
  void a_paused_receiver_leaves_messages_to_others_until_it_is_resumed() throws Exception {
    TransportConnection one = kafka.prepared(shared(), queue);
    Receiver receiver = one.receive(queue, 5, inbox);
    send(one, queue, message("0"));
    accept(inbox.next());
    receiver.pause();
    send(one, queue, message("1"), message("2"), message("3"));

    TransportConnection two = kafka.prepared(shared(), queue);
    Inbox others = new Inbox();
    Receiver other = two.receive(queue, 10, others);
    List<Delivery> all = others.next(3);
    assertThat(all).extracting(Inbox::text).containsExactlyInAnyOrder("1", "2", "3");
    for (Delivery each : all) {
      accept(each);
    }
    other.close();

    send(one, queue, message("4"));
    receiver.resume();
    Delivery last = inbox.next();
    assertThat(text(last)).isEqualTo("4");
    accept(last);
  }

  @Test
  void a_message_that_is_given_back_by_a_running_receiver_is_not_counted_by_the_broker()
      throws Exception {
    TransportConnection connection = kafka.prepared(shared(), queue);
    send(connection, queue, message("a"));
    Receiver receiver = connection.receive(queue, 5, inbox);
    for (int attempt = 1; attempt <= 20; attempt++) {
      Delivery delivery = inbox.next();
      assertThat(delivery.attempt()).isEqualTo(attempt);
      assertThat(delivery.isLastAllowed()).isFalse();
      assertThat(settle(delivery, new Settlement.Release(Duration.ZERO, attempt)))
          .isEqualTo(Result.SETTLED);
    }
    receiver.close();

    Inbox other = new Inbox();
    connection.receive(queue, 5, other);
    Delivery again = other.next();
    assertThat(again.attempt()).isEqualTo(2);
    accept(again);
  }

  @Test
  void a_lock_that_is_not_renewed_is_lost_and_the_message_comes_again() throws Exception {
    TransportConnection connection = kafka.prepared(shared().recordLock(SHORT_LOCK), queue);
    send(connection, queue, message("a"), message("b"));
    connection.receive(queue, 5, inbox);
    List<Delivery> lost = inbox.next(2);
    await().atMost(Inbox.LONG_ENOUGH).until(() -> !lost.get(0).isOwned());

    List<Delivery> again = inbox.next(2);
    assertThat(again).extracting(Inbox::text).containsExactlyInAnyOrder("a", "b");
    assertThat(again).extracting(Delivery::attempt).containsOnly(2);
    assertThat(settle(lost.get(0), Settlement.accept())).isEqualTo(Result.NOT_OWNED);

    Delivery last = again.get(0);
    while (settle(last, Settlement.accept())
        == Result.NOT_OWNED) { // lost once more, if we are slow
      last = inbox.next();
    }
  }

  @Test
  void a_lock_that_is_renewed_is_kept() throws Exception {
    Duration lock = Duration.ofSeconds(8); // renewals of it may take seconds on a busy machine
    TransportConnection connection = kafka.prepared(shared().recordLock(lock), queue);
    TransportConnection rival = kafka.prepared(shared().recordLock(lock), queue);
    send(connection, queue, message("a"));
    connection.receive(queue, 5, inbox);
    Delivery mine = inbox.next();
    Inbox other = new Inbox();
    rival.receive(queue, 5, other);
    Duration longer = lock.plusSeconds(2);
    await()
        .pollInterval(Duration.ofMillis(500))
        .during(longer)
        .atMost(longer.multipliedBy(3))
        .until(
            () -> {
              mine.renewLease();
              return mine.isOwned() && other.size() == 0;
            });
    accept(mine);
  }

  @Test
  void a_message_that_is_not_settled_does_not_hold_up_those_behind_it() throws Exception {
    TransportConnection connection = kafka.prepared(shared(), queue); // three partitions
    send(connection, queue, message("open"));
    connection.receive(queue, 2, inbox);
    Delivery open = inbox.next();
    for (int i = 0; i < 12; i++) {
      send(connection, queue, message("behind " + i));
    }
    List<String> behind = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Delivery next = inbox.next(open::renewLease);
      behind.add(text(next) + ", attempt " + next.attempt());
      accept(next);
      open.renewLease();
    }
    assertThat(behind)
        .hasSize(12)
        .doesNotHaveDuplicates()
        .allMatch(text -> text.contains("behind"));
    assertThat(open.isOwned()).isTrue();
    accept(open);
  }

  @Test
  void near_the_delivery_limit_a_message_is_a_dead_letter_unhandled_with_evidence()
      throws Exception {
    limit(queue.name(), 4);
    TransportConnection losing = kafka.prepared(shared(), queue);
    for (int delivery = 1; delivery <= 2; delivery++) {
      if (delivery == 1) {
        send(losing, queue, message("{\"number\":1}"));
      }
      Inbox crashing = new Inbox();
      Receiver receiver = losing.receive(queue, 5, crashing);
      Delivery next = crashing.next();
      assertThat(next.attempt()).isEqualTo(delivery);
      assertThat(next.isLastAllowed()).isFalse();
      receiver.close();
    }

    BlockingQueue<Integer> handled = new LinkedBlockingQueue<>();
    BlockingQueue<DeadLetter> deadLetters = new LinkedBlockingQueue<>();
    Routes routes =
        Routes.define(r -> r.command(Refresh.class).named("test.v1").toQueue(queue.name()));
    try (MessageBus bus =
        MessageBus.over(kafka.builder().shareGroup(queue.name()).build())
            .routes(routes)
            .consume(
                queue.name(),
                c -> c.onCommand(Refresh.class, (m, x) -> handled.add(m.payload().number())))
            .consumeDeadLetters(queue.name(), deadLetters::add)
            .start()) {
      DeadLetter letter = deadLetters.poll(30, TimeUnit.SECONDS);
      assertThat(letter).isNotNull();
      assertThat(letter.reason()).contains("not handled", "delivery 3", "the broker allows");
      assertThat(letter.attempts()).isEqualTo(2);
      assertThat(letter.channel()).isEqualTo(queue.name());
      assertThat(new String(letter.message().body(), java.nio.charset.StandardCharsets.UTF_8))
          .isEqualTo("{\"number\":1}");
      bus.send(new Refresh(2)).join();
      assertThat(handled.poll(30, TimeUnit.SECONDS)).isEqualTo(2);
      assertThat(bus.describe())
          .contains("share.version 2")
          .contains("    here ATTEMPTS: NATIVE (by the broker: every receipt by the share group");
    }
  }

  @Test
  void at_most_once_is_settled_with_the_broker_before_it_is_handled() throws Exception {
    Routes routes =
        Routes.define(r -> r.command(Refresh.class).named("test.v1").toQueue(queue.name()));
    BlockingQueue<Integer> begun = new LinkedBlockingQueue<>();
    try (MessageBus bus =
        MessageBus.over(shared().build())
            .routes(routes)
            .consume(
                queue.name(),
                c ->
                    c.onCommand(
                            Refresh.class,
                            (m, x) -> {
                              begun.add(m.payload().number());
                              throw new IllegalStateException("lost");
                            })
                        .guarantee(DeliveryGuarantee.AT_MOST_ONCE))
            .start()) {
      bus.send(new Refresh(1)).join();
      assertThat(begun.poll(30, TimeUnit.SECONDS)).isEqualTo(1);
    }
    TransportConnection connection = kafka.prepared(shared(), queue);
    send(connection, queue, message("after"));
    connection.receive(queue, 5, inbox);
    Delivery next = inbox.next();
    assertThat(text(next)).isEqualTo("after");
    assertThat(next.attempt()).isEqualTo(1);
    accept(next);
  }

  @Test
  void a_stopped_receiver_gives_back_what_is_released_at_once() throws Exception {
    TransportConnection connection = kafka.prepared(shared(), queue);
    TransportConnection other = kafka.prepared(shared(), queue);
    send(connection, queue, message("a"));
    Receiver receiver = connection.receive(queue, 5, inbox);
    Delivery mine = inbox.next();
    receiver.stop();
    assertThat(settle(mine, RELEASE)).isEqualTo(Result.SETTLED);

    Inbox theirs = new Inbox();
    other.receive(queue, 5, theirs);
    Delivery again = theirs.next();
    assertThat(again.attempt()).isEqualTo(2);
    accept(again);
  }

  @Test
  void what_is_given_back_at_a_close_is_not_taken_by_another_member_of_the_same_receiver()
      throws Exception {
    TransportConnection connection = kafka.prepared(shared(), queue);
    send(connection, queue, message("a"));
    Receiver receiver = connection.receive(queue, 5, inbox);
    Delivery held = inbox.next();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
      await()
          .atMost(Inbox.LONG_ENOUGH)
          .until(
              () ->
                  admin
                          .describeShareGroups(List.of(queue.name()))
                          .all()
                          .get()
                          .get(queue.name())
                          .members()
                          .size()
                      > 1);
    }
    receiver.stop();
    assertThat(settle(held, RELEASE)).isEqualTo(Result.SETTLED);
    receiver.close();

    Inbox other = new Inbox();
    connection.receive(queue, 5, other);
    Delivery again = other.next();
    assertThat(again.attempt()).isEqualTo(2);
    accept(again);
  }

  private static void limit(String group, int deliveries) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + broker.port()))) {
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.GROUP, group),
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry(
                              "share.delivery.count.limit", Integer.toString(deliveries)),
                          AlterConfigOp.OpType.SET))))
          .all()
          .get();
    }
  }
}
