package dev.waybill.transport.rabbitmq;

import static dev.waybill.transport.rabbitmq.Recording.body;
import static dev.waybill.transport.rabbitmq.Recording.settle;
import static dev.waybill.transport.rabbitmq.Wires.DEADLINE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.GetResponse;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RabbitDelayTest extends RabbitTest {
  private static final Duration UNIT = Duration.ofMillis(20);

  private static final DelaySettings SHARED = Wires.delays(UNIT);

  private DelaySettings delays = SHARED;
  private final Queue queue = Wires.queue();
  private final Topic topic = new Topic(Wires.name("topic"), false);

  @BeforeEach
  void connectWithShortLevels() {
    connection.close();
    connection = connected();
  }

  @AfterEach
  void leaveNoLevelsOfOneTest() throws Exception {
    if (!delays.equals(SHARED)) {
      deleteLevels();
    }
  }

  /** From now on there are no levels yet. */
  private void withoutLevels() {
    connection.close();
    delays = Wires.delays(UNIT);
    connection = connected();
  }

  private void deleteLevels() throws Exception {
    DelayLevels levels = delays.levels();
    try (Native raw = new Native(uri())) {
      for (int level = 0; level < levels.count(); level++) {
        raw.channel.queueDelete(levels.level(level));
        raw.channel.exchangeDelete(levels.level(level));
      }
      for (String name : List.of(levels.undeliverable(), levels.unsubscribed())) {
        raw.channel.queueDelete(name);
        raw.channel.exchangeDelete(name);
      }
      raw.channel.exchangeDelete(levels.dueExchange());
      raw.channel.exchangeDelete(levels.entry());
    }
  }

  @Test
  void a_delayed_message_comes_not_before_its_time_and_as_it_was_sent() throws Exception {
    create(queue);
    Recording recording = receive(queue, 10);
    WireMessage sent =
        new WireMessage(
            new byte[] {1, 2},
            "text/odd",
            Map.of("id", "m-1", "type", "test.v1", "source", "/test", "partitionkey", "k"),
            Map.of("wb-tenant", "Zoë"),
            "k",
            UNIT.multipliedBy(45));
    long begin = System.nanoTime();

    send(queue, sent);
    Delivery late = recording.delivery(0);

    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(UNIT.multipliedBy(45));
    assertThat(late.message().body()).isEqualTo(sent.body());
    assertThat(late.message().contentType()).isEqualTo("text/odd");
    assertThat(late.message().attributes()).isEqualTo(sent.attributes());
    assertThat(late.message().headers()).isEqualTo(sent.headers());
    assertThat(late.message().key()).isEqualTo("k");
    assertThat(late.message().delay()).isNull();
    assertThat(late.attempt()).isEqualTo(1);
    settle(late, Settlement.accept());
  }

  @Test
  void another_client_sees_a_persistent_message_without_the_way_it_came() throws Exception {
    create(queue);

    send(queue, Wires.delayed("late", UNIT.multipliedBy(5)));

    try (Native raw = new Native(uri())) {
      GetResponse late = raw.take(queue.name());
      assertThat(late.getProps().getDeliveryMode()).isEqualTo(2);
      assertThat(late.getProps().getExpiration()).isNull();
      assertThat(late.getProps().getHeaders())
          .containsKeys("ce-id", "wb-tenant", "x-death")
          .doesNotContainKeys("BCC", "CC");
    }
  }

  @Test
  void none_of_thousands_of_messages_is_early_or_lost() throws Exception {
    Queue keyed = Wires.keyedQueue();
    create(queue, keyed);
    Map<String, Long> due = new ConcurrentHashMap<>();
    Map<String, Long> early = new ConcurrentHashMap<>();
    Map<String, Boolean> came = new ConcurrentHashMap<>();
    Recording recording =
        new Recording() {
          @Override
          public void delivered(Delivery delivery) {
            long now = System.nanoTime();
            String body = body(delivery);
            if (now - due.get(body) < 0) {
              early.put(body, due.get(body) - now);
            }
            came.put(body, true);
            var unused = delivery.settle(Settlement.accept());
          }
        };
    receive(queue, 200, recording);
    receive(keyed, 200, recording);
    Random random = new Random(11);
    List<CompletableFuture<String>> sends = new ArrayList<>();

    for (int i = 0; i < 2_000; i++) {
      Duration delay = Duration.ofMillis(1 + random.nextInt(3_000));
      due.put("m" + i, System.nanoTime() + delay.toNanos());
      WireMessage message = Wires.delayed("m" + i, delay);
      sends.add(connection.sender().send(i % 2 == 0 ? queue : keyed, message, DEADLINE));
    }
    CompletableFuture.allOf(sends.toArray(CompletableFuture<?>[]::new))
        .get(DEADLINE.toSeconds(), TimeUnit.SECONDS);

    await().atMost(Duration.ofSeconds(90)).until(() -> came.size() == due.size());
    assertThat(early).isEmpty();
  }

  @Test
  void a_delay_beyond_the_limit_is_rejected_and_takes_up_no_room() throws Exception {
    create(queue);
    WireMessage late = Wires.delayed("late", delays.longest().plusNanos(1));
    for (int i = 0; i < 1_001; i++) { // one more than may be without an answer
      SendException error = failure(connection, queue, late, Duration.ofSeconds(1));
      assertThat(error.code()).isEqualTo(ErrorCode.UNSUPPORTED);
      assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    }
  }

  @Test
  void the_first_senders_of_several_instances_make_the_levels_together() throws Exception {
    withoutLevels();
    create(queue);
    TransportConnection other = connected();
    assertThat(other.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    Recording recording = receive(queue, 50);

    List<CompletableFuture<String>> sends =
        IntStream.range(0, 8)
            .parallel()
            .mapToObj(
                i ->
                    (i % 2 == 0 ? connection : other)
                        .sender()
                        .send(queue, Wires.delayed("m" + i, UNIT), DEADLINE))
            .toList();

    for (CompletableFuture<String> sent : sends) {
      assertThat(sent.get(DEADLINE.toSeconds(), TimeUnit.SECONDS))
          .isEqualTo(delays.levels().entry() + "/q:" + queue.name());
    }
    other.close();
    recording.delivery(7);
    assertThat(recording.bodies())
        .containsExactlyInAnyOrder("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7");
  }

  @Test
  void flush_waits_for_what_waits_for_its_levels() throws Exception {
    withoutLevels();
    create(queue);

    CompletableFuture<String> sent =
        connection.sender().send(queue, Wires.delayed("late", UNIT), DEADLINE);

    assertThat(connection.sender().flush(DEADLINE)).isTrue();
    assertThat(sent).isCompleted();
  }

  @Test
  void a_delayed_event_reaches_the_subscriptions_that_there_are_when_it_is_due() throws Exception {
    for (Duration delay = UNIT.multipliedBy(50); ; delay = delay.multipliedBy(3)) {
      Topic orders = new Topic(Wires.name("topic"), false);
      Subscription early = new Subscription(orders, "early");
      Subscription late = new Subscription(orders, "late");
      create(early);
      long due = System.nanoTime() + delay.toNanos();
      send(orders, Wires.delayed("event", delay));
      create(late);
      if (System.nanoTime() - due < 0) {
        assertThat(body(receive(early, 5).delivery(0))).isEqualTo("event");
        assertThat(body(receive(late, 5).delivery(0))).isEqualTo("event");
        return;
      }
    }
  }

  @Test
  void events_that_nobody_subscribes_to_hold_nothing_up() throws Exception {
    create(queue);
    assertThat(connection.prepare(Wires.sendingTo(topic), Mode.CREATE)).isEmpty();
    for (int i = 0; i < 100; i++) { // the broker takes 32 messages of a queue at a time
      send(topic, Wires.delayed("event", UNIT));
    }

    send(queue, Wires.delayed("after", UNIT));

    assertThat(body(receive(queue, 5).delivery(0))).isEqualTo("after");
  }

  @Test
  void what_is_due_for_a_queue_that_is_gone_is_kept_aside_and_holds_nothing_up() throws Exception {
    Queue gone = Wires.queue();
    create(queue, gone);
    send(gone, Wires.delayed("in time", UNIT));

    try (Native raw = new Native(uri())) {
      assertThat(raw.take(gone.name())).isNotNull();
      raw.channel.queueDelete(gone.name());
      raw.channel.queuePurge(delays.levels().undeliverable());
      for (int i = 0; i < 40; i++) { // the broker takes 32 messages of a queue at a time
        send(gone, Wires.delayed("late", UNIT));
      }

      await().atMost(Recording.LIMIT).until(() -> undeliverable() == 40);
      GetResponse kept = raw.take(delays.levels().undeliverable());
      assertThat(kept.getEnvelope().getRoutingKey()).isEqualTo("q:" + gone.name());
      assertThat(kept.getProps().getHeaders()).containsKeys("ce-id", "wb-tenant");
    }
    send(queue, Wires.delayed("after", UNIT));
    assertThat(body(receive(queue, 5).delivery(0))).isEqualTo("after");
  }

  @Test
  void a_queue_that_is_made_anew_gets_what_is_on_its_way() throws Exception {
    for (Duration delay = UNIT.multipliedBy(50); ; delay = delay.multipliedBy(3)) {
      Queue again = Wires.queue();
      create(again);
      long due = System.nanoTime() + delay.toNanos();
      send(again, Wires.delayed("late", delay));
      try (Native raw = new Native(uri());
          TransportConnection other = connected()) {
        raw.channel.queueDelete(again.name());
        assertThat(other.prepare(Wires.topology(again), Mode.CREATE)).isEmpty();
        if (System.nanoTime() - due < 0) {
          assertThat(body(receive(again, 5).delivery(0))).isEqualTo("late");
          return;
        }
      }
    }
  }

  @Test
  void a_queue_that_others_delete_and_declare_is_bound_again() throws Exception {
    create(queue);
    Recording recording = receive(queue, 5);
    send(queue, Wires.delayed("before", UNIT));
    settle(recording.delivery(0), Settlement.accept());
    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(queue.name());
      await().atMost(Recording.LIMIT).until(() -> !recording.failures.isEmpty());
      raw.channel.queueDeclare(queue.name(), true, false, false, Map.of("x-queue-type", "quorum"));
    }

    send(queue, Wires.delayed("after", UNIT));

    assertThat(body(recording.delivery(1))).isEqualTo("after");
  }

  @Test
  void a_queue_that_a_sender_has_missed_and_others_have_declared_is_bound_again() throws Exception {
    create(queue);
    send(queue, Wires.delayed("before", UNIT));
    try (Native raw = new Native(uri())) {
      await().atMost(Recording.LIMIT).until(() -> raw.channel.messageCount(queue.name()) == 1);
      raw.channel.queueDelete(queue.name());
      assertThat(failure(connection, queue, Wires.message("missed"), DEADLINE).code())
          .isEqualTo(ErrorCode.UNROUTABLE);
      raw.channel.queueDeclare(queue.name(), true, false, false, Map.of("x-queue-type", "quorum"));
    }

    send(queue, Wires.delayed("after", UNIT));

    assertThat(body(receive(queue, 5).delivery(0))).isEqualTo("after");
  }

  @Test
  void a_delayed_message_to_a_queue_that_is_missing_is_rejected() throws Exception {
    create(queue);

    SendException error = failure(connection, Wires.queue(), Wires.delayed("a", UNIT), DEADLINE);

    assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(error.code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void levels_that_are_deleted_are_missed_and_made_again() throws Exception {
    withoutLevels();
    create(queue);
    Recording recording = receive(queue, 5);
    send(queue, Wires.delayed("before", UNIT));
    assertThat(body(recording.delivery(0))).isEqualTo("before");
    deleteLevels();

    SendException error = failure(connection, queue, Wires.delayed("lost", UNIT), DEADLINE);
    assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(error.code()).isIn(ErrorCode.NOT_FOUND, ErrorCode.UNROUTABLE);
    send(queue, Wires.delayed("after", UNIT));

    assertThat(body(recording.delivery(1))).isEqualTo("after");
  }

  @Test
  void levels_that_are_not_as_needed_are_named_and_nothing_is_sent() throws Exception {
    withoutLevels();
    create(queue);
    String first = delays.levels().level(0);
    try (Native raw = new Native(uri())) {
      raw.channel.queueDeclare(first, true, false, false, Map.of("x-queue-type", "classic"));
      raw.channel.exchangeDeclare(delays.levels().entry(), BuiltinExchangeType.DIRECT, true);
    }

    SendException error = failure(connection, queue, Wires.delayed("a", UNIT), DEADLINE);

    assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(error).hasMessageContaining(first).hasMessageContaining("x-message-ttl");
  }

  @Test
  void a_message_whose_levels_can_not_be_made_in_time_is_rejected() throws Exception {
    withoutLevels();
    RabbitSettings settings = RabbitUri.settings(uri());
    int port = settings.addresses().get(0).getPort();
    try (FaultProxy proxy = FaultProxy.open().forwardTo(port);
        TransportConnection cut =
            RabbitTransport.builder()
                .address("127.0.0.1", proxy.port())
                .user(settings.user())
                .password(settings.password())
                .virtualHost(settings.virtualHost())
                .delays(delays)
                .build()
                .connect(DEADLINE)) {
      assertThat(cut.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
      proxy.refuse();
      proxy.reset();
      await().atMost(Recording.LIMIT).until(() -> cut.unwrap(Connection.class).isEmpty());

      SendException error = failure(cut, queue, Wires.delayed("a", UNIT), Duration.ofSeconds(1));

      assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(error.code()).isEqualTo(ErrorCode.TIMEOUT);
      CompletableFuture<String> open = cut.sender().send(queue, Wires.delayed("b", UNIT), DEADLINE);
      cut.close();
      assertThat(open).isCompletedExceptionally();
    }
  }

  @Test
  void the_other_modes_reject_a_delay_unless_they_are_told_that_it_leads_back() throws Exception {
    withoutLevels();
    create(queue);
    try (TransportConnection other = told()) {
      assertThat(other.prepare(Wires.topology(queue), Mode.ASSUME)).isEmpty();
      SendException error = failure(other, queue, Wires.delayed("a", UNIT), DEADLINE);
      assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(error.code()).isEqualTo(ErrorCode.NOT_FOUND);
      assertThat(error).hasMessageContaining(delays.levels().entry());
    }
    Queue unbound = Wires.queue();
    create(unbound);
    send(queue, Wires.delayed("mine", UNIT));
    for (Mode mode : List.of(Mode.VERIFY, Mode.ASSUME)) {
      try (TransportConnection other = connected()) {
        assertThat(other.prepare(Wires.topology(unbound), mode)).isEmpty();
        SendException error = failure(other, unbound, Wires.delayed("a", UNIT), DEADLINE);
        assertThat(error.certainty()).isEqualTo(Certainty.REJECTED);
        assertThat(error.code()).isEqualTo(ErrorCode.UNSUPPORTED);
        assertThat(error).hasMessageContaining("delays(true)");
      }
    }
    assertThat(undeliverable()).isZero();
    try (TransportConnection other = told()) {
      assertThat(other.prepare(Wires.topology(queue), Mode.ASSUME)).isEmpty();
      Wires.send(other.sender(), queue, Wires.delayed("theirs", UNIT));
    }
    Recording recording = receive(queue, 5);
    recording.delivery(1);
    assertThat(recording.bodies()).containsExactlyInAnyOrder("mine", "theirs");
  }

  private TransportConnection told() {
    return Wires.transport(uri()).delays(delays.withFromStart(true)).build().connect(DEADLINE);
  }

  @Test
  void verify_names_the_levels_that_are_missing_where_delays_belong_to_the_topology()
      throws Exception {
    withoutLevels();
    create(queue);
    DelayLevels levels = delays.levels();
    Topology topology = Wires.topology(queue);
    try (TransportConnection asking =
        Wires.transport(uri()).delays(delays.withFromStart(true)).build().connect(DEADLINE)) {
      assertThat(asking.prepare(topology, Mode.VERIFY))
          .hasSize(2 * levels.count() + 5)
          .anyMatch(text -> text.contains("queue '" + levels.level(0) + "' is missing"))
          .anyMatch(text -> text.contains("exchange '" + levels.entry() + "' is missing"));
    }
    try (TransportConnection making =
        Wires.transport(uri()).delays(delays.withFromStart(true)).build().connect(DEADLINE)) {
      assertThat(making.prepare(topology, Mode.CREATE)).isEmpty();
      assertThat(making.prepare(topology, Mode.VERIFY)).isEmpty();
      Wires.send(making.sender(), queue, Wires.delayed("late", UNIT));
    }
    assertThat(body(receive(queue, 5).delivery(0))).isEqualTo("late");
  }

  @Test
  void a_delayed_reply_comes_to_its_requester_only_where_it_may_be_bound() throws Exception {
    ReplyQueue replies = new ReplyQueue(Wires.name("web"), "one");
    assertThat(
            connection.prepare(new Topology(List.of(), List.of(), List.of(), replies), Mode.CREATE))
        .isEmpty();
    Recording recording = receive(replies, 5);

    send(replies, Wires.delayed("reply", UNIT.multipliedBy(3)));
    assertThat(body(recording.delivery(0))).isEqualTo("reply");

    SendException gone =
        failure(connection, new ReplyQueue("nobody", "one"), Wires.delayed("a", UNIT), DEADLINE);
    assertThat(gone.code()).isEqualTo(ErrorCode.NOT_FOUND);
    try (TransportConnection other = connected()) {
      assertThat(other.prepare(new Topology(List.of(), List.of(), List.of()), Mode.VERIFY))
          .isEmpty();
      SendException refused = failure(other, replies, Wires.delayed("a", UNIT), DEADLINE);
      assertThat(refused.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(refused.code()).isEqualTo(ErrorCode.UNSUPPORTED);
    }
  }

  @Test
  void the_standard_levels_keep_a_message_for_years() throws Exception {
    DelayLevels levels = DelayLevels.STANDARD;
    try (TransportConnection standard = open(uri());
        Native raw = new Native(uri())) {
      assertThat(standard.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
      Wires.send(standard.sender(), queue, Wires.delayed("late", DelaySettings.STANDARD.longest()));

      GetResponse waiting = raw.take(levels.level(levels.count() - 1));
      assertThat(waiting.getEnvelope().getRoutingKey()).isEqualTo("q:" + queue.name());
    }
  }

  private TransportConnection connected() {
    return Wires.transport(uri()).delays(delays).build().connect(DEADLINE);
  }

  private void send(Channel channel, WireMessage message) throws Exception {
    assertThat(Wires.send(connection.sender(), channel, message)).isNotEmpty();
  }

  private static SendException failure(
      TransportConnection by, Channel channel, WireMessage message, Duration deadline)
      throws Exception {
    return (SendException) Wires.failure(by.sender(), channel, message, deadline);
  }

  private long undeliverable() throws Exception {
    try (Native raw = new Native(uri())) {
      return raw.channel.messageCount(delays.levels().undeliverable());
    }
  }
}
