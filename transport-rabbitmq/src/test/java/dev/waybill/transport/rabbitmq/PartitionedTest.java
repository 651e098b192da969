package dev.waybill.transport.rabbitmq;

import static dev.waybill.transport.rabbitmq.Recording.settle;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.FaultProxy;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Keyed queues and subscriptions that are spread over several queues of the broker. */
class PartitionedTest extends RabbitTest {
  private static final int COUNT = 4;

  /** Some checks of each instance. */
  private static final Duration SHARED = Duration.ofSeconds(90);

  private final Queue queue = Wires.keyedQueue();
  private final Topic topic = new Topic(Wires.name("topic"), true);
  private final Subscription subscription = new Subscription(topic, "billing");
  private final List<TransportConnection> instances = new ArrayList<>();

  @AfterEach
  void closeInstances() {
    instances.forEach(TransportConnection::close);
  }

  @Test
  void the_messages_of_a_key_are_in_one_partition_and_in_order() throws Exception {
    TransportConnection here = instance(queue.name(), COUNT);
    assertThat(here.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    send(here, queue, 20, 5);

    Accepting all = new Accepting();
    Receiver receiver = here.receive(queue, 50, all);

    all.awaitKeys(20, 5);
    assertThat(all.partitions()).hasSize(COUNT);
    await()
        .atMost(SHARED)
        .untilAsserted(
            () ->
                assertThat(receiver.status().owned())
                    .containsExactlyElementsOf(names(queue, COUNT)));
  }

  @Test
  void a_subscription_is_spread_without_its_publishers_and_other_subscriptions_knowing()
      throws Exception {
    Subscription other = new Subscription(topic, "audit");
    TransportConnection here = instance(subscription.name(), COUNT);
    assertThat(here.prepare(Wires.topology(subscription), Mode.CREATE)).isEmpty();
    create(other);
    send(connection, topic, 20, 5);

    Accepting spread = new Accepting();
    Receiver unused = here.receive(subscription, 50, spread);
    Accepting whole = new Accepting();
    Receiver unused2 = connection.receive(other, 50, whole);

    spread.awaitKeys(20, 5);
    whole.awaitKeys(20, 5);
    assertThat(spread.partitions()).hasSize(COUNT);
    assertThat(whole.partitions()).hasSize(1);
  }

  @Test
  void what_a_foreign_publisher_sends_to_the_topic_is_received_in_order() throws Exception {
    TransportConnection here = instance(subscription.name(), COUNT);
    assertThat(here.prepare(Wires.topology(subscription), Mode.CREATE)).isEmpty();
    try (Native raw = new Native(uri())) {
      for (int i = 0; i < 10; i++) {
        raw.publish(topic.name(), i % 2 == 0 ? "" : "their.key", new BasicProperties(), "k " + i);
      }
    }

    Accepting all = new Accepting();
    Receiver unused = here.receive(subscription, 50, all);

    all.awaitKeys(1, 10);
  }

  @Test
  void dead_letters_of_all_partitions_are_in_one_queue() throws Exception {
    TransportConnection here = instance(queue.name(), COUNT);
    assertThat(here.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    send(here, queue, 8, 1);
    Recording recording = new Recording();
    Receiver unused = here.receive(queue, 50, recording);
    recording.delivery(7);
    for (Delivery delivery : recording.deliveries) {
      settle(delivery, new Settlement.Reject("no", Map.of()));
    }

    Accepting dead = new Accepting();
    Receiver unused2 = here.receive(queue.deadLetterQueue(), 50, dead);

    dead.awaitKeys(8, 1);
  }

  @Test
  void never_more_than_the_credit_is_open_over_all_partitions() throws Exception {
    TransportConnection here = instance(queue.name(), COUNT);
    assertThat(here.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    send(here, queue, 20, 1);
    Recording recording = new Recording();
    Receiver receiver = here.receive(queue, 2, recording);
    await().atMost(SHARED).until(() -> receiver.status().waiting() == COUNT - 2);

    for (int settled = 0; settled < 20; settled++) {
      Delivery delivery = recording.delivery(settled);
      assertThat(recording.deliveries).hasSizeLessThanOrEqualTo(settled + 2);
      settle(delivery, Settlement.accept());
    }
    assertThat(recording.deliveries).hasSize(20);
  }

  @Test
  void another_number_of_partitions_is_refused_and_nothing_is_made() throws Exception {
    assertThat(prepare(0, Mode.CREATE)).isEmpty();
    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(prepare(COUNT, mode))
          .anyMatch(
              text ->
                  text.contains("is to have 4 partitions")
                      && text.contains("'" + queue.name() + "' without partitions")
                      && text.contains("delete '" + queue.name() + "'"));
    }
    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(queue.name());
    }
    assertThat(prepare(COUNT, Mode.CREATE)).isEmpty();

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(prepare(0, mode))
          .anyMatch(text -> text.contains("no partitions") && text.contains(".partition-0'"));
      assertThat(prepare(COUNT + 2, mode))
          .anyMatch(text -> text.contains("has fewer: no queue") && text.contains("partition-5'"));
      assertThat(prepare(COUNT - 1, mode))
          .anyMatch(text -> text.contains("has more of them") && text.contains("partition-3'"));
      assertThat(prepare(COUNT, mode)).isEmpty();
    }
  }

  @Test
  void an_interrupted_creation_is_finished_by_the_next_start() throws Exception {
    assertThat(prepare(COUNT, Mode.CREATE)).isEmpty();
    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(Partitions.queue(queue.name(), 0));
      raw.channel.queueDelete(Partitions.queue(queue.name(), 1));
    }

    assertThat(prepare(COUNT, Mode.VERIFY)).hasSize(2).allMatch(text -> text.contains("missing"));
    assertThat(prepare(COUNT, Mode.CREATE)).isEmpty();
    assertThat(prepare(COUNT, Mode.VERIFY)).isEmpty();
  }

  @Test
  void verify_names_every_queue_and_exchange_that_is_missing() {
    TransportConnection here = instance(subscription.name(), 2);

    assertThat(here.prepare(Wires.topology(subscription), Mode.VERIFY))
        .hasSize(7)
        .anyMatch(text -> text.contains("exchange '" + topic.name() + "' is missing"))
        .anyMatch(text -> text.contains("exchange '" + subscription.name() + "' is missing"))
        .anyMatch(text -> text.contains("exchange '" + subscription.name() + ".others' is missing"))
        .anyMatch(text -> text.contains(".partition-0' is missing"))
        .anyMatch(text -> text.contains(".partition-1' is missing"))
        .anyMatch(text -> text.contains(".instances' is missing"))
        .anyMatch(text -> text.contains(".dlq' is missing"));
  }

  @Test
  void a_source_without_keys_needs_no_partitions() {
    Queue plain = Wires.queue();

    assertThat(
            RabbitTransport.builder()
                .partitions(plain.name(), 2)
                .build()
                .check(Wires.topology(plain)))
        .singleElement()
        .asString()
        .contains("has partitions but no keys");
  }

  @Test
  void names_are_shown_as_a_range() {
    assertThat(
            RabbitTransport.builder()
                .partitions("orders", 8)
                .build()
                .nativeNames(Wires.topology(new Queue("orders", true))))
        .containsEntry("orders", "orders.partition-0..7")
        .containsEntry("orders.dlq", "orders.dlq");
  }

  @Test
  void instances_share_the_partitions_and_take_over_those_of_one_that_goes() throws Exception {
    TransportConnection first = instance(queue.name(), COUNT);
    assertThat(first.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    Load load = new Load(first, queue);
    Accepting all = new Accepting();
    Receiver one = first.receive(queue, 50, all);
    load.until(() -> one.status().owned().size() == COUNT);

    TransportConnection second = instance(queue.name(), COUNT);
    Receiver two = second.receive(queue, 50, all);
    load.until(() -> one.status().owned().size() == 2 && two.status().owned().size() == 2);
    assertThat(together(one, two)).containsExactlyInAnyOrderElementsOf(names(queue, COUNT));

    second.close();
    load.until(() -> one.status().owned().size() == COUNT);
    all.awaitKeys(Load.KEYS, load.rounds());
  }

  @Test
  void an_instance_that_is_cut_off_owns_nothing_and_gets_its_share_when_it_is_back()
      throws Exception {
    TransportConnection first = instance(queue.name(), COUNT);
    assertThat(first.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    Load load = new Load(first, queue);
    Accepting all = new Accepting();
    Receiver one = first.receive(queue, 50, all);
    try (FaultProxy proxy = FaultProxy.open().forwardTo(port())) {
      TransportConnection second = instance(queue.name(), COUNT, proxy.port());
      Receiver two = second.receive(queue, 50, all);
      load.until(() -> one.status().owned().size() == 2 && two.status().owned().size() == 2);

      proxy.refuse();
      proxy.reset();
      load.until(() -> one.status().owned().size() == COUNT);
      load.until(() -> two.status().owned().isEmpty()); // it may not have read of the cut yet

      proxy.heal();
      load.until(() -> one.status().owned().size() == 2 && two.status().owned().size() == 2);
      assertThat(together(one, two)).containsExactlyInAnyOrderElementsOf(names(queue, COUNT));
      second.close();
    }
    all.awaitKeys(Load.KEYS, load.rounds());
  }

  @Test
  void without_the_queue_that_counts_instances_the_first_has_all() throws Exception {
    TransportConnection first = instance(queue.name(), COUNT);
    assertThat(first.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(Partitions.instances(queue.name()));
    }
    Accepting all = new Accepting();
    Receiver unused = first.receive(queue, 50, all);

    send(first, queue, 20, 5);

    all.awaitKeys(20, 5);
  }

  /**
   * RabbitMQ 3.10 may end the whole connection if a queue goes or comes at the moment at which
   * consuming begins, so what is open may come again.
   */
  @Test
  void a_partition_that_is_deleted_takes_only_what_was_in_it() throws Exception {
    TransportConnection here = instance(queue.name(), COUNT);
    assertThat(here.prepare(Wires.topology(queue), Mode.CREATE)).isEmpty();
    Recording recording = new Recording();
    Receiver unused = here.receive(queue, 50, recording);
    String deleted = Partitions.queue(queue.name(), 1);
    List<String> keys = IntStream.range(0, 20).mapToObj(i -> "k" + i).toList();
    List<String> kept = keys.stream().filter(key -> Partitions.slot(key) % COUNT != 1).toList();
    String lost = keys.stream().filter(key -> !kept.contains(key)).findFirst().orElseThrow();
    Wires.send(here.sender(), queue, Wires.message(lost, "before"));
    recording.delivery(0);

    try (Native raw = new Native(uri())) {
      raw.channel.queueDelete(deleted);
    }
    await()
        .atMost(SHARED)
        .until(
            () -> recording.failures.stream().anyMatch(each -> each.code() == ErrorCode.NOT_FOUND));

    for (String key : kept) {
      Wires.send(here.sender(), queue, Wires.message(key, key));
    }
    assertThat(Wires.failure(here.sender(), queue, Wires.message(lost, lost), Wires.DEADLINE))
        .isInstanceOfSatisfying(
            SendException.class,
            error -> {
              assertThat(error.code()).isEqualTo(ErrorCode.UNROUTABLE);
              assertThat(error.certainty()).isEqualTo(SendException.Certainty.REJECTED);
            });
    await().atMost(SHARED).until(() -> recording.bodies().containsAll(kept));

    assertThat(prepare(COUNT, Mode.CREATE)).isEmpty();
    await().atMost(SHARED).until(() -> recording.recoveries.get() > 0);
    Wires.send(here.sender(), queue, Wires.message(lost, lost));
    await().atMost(SHARED).until(() -> recording.bodies().contains(lost));
  }

  private List<String> prepare(int partitions, Mode mode) {
    try (TransportConnection here = instance(queue.name(), partitions)) {
      return here.prepare(Wires.topology(queue), mode);
    }
  }

  private static int port() {
    return RabbitUri.settings(uri()).addresses().get(0).getPort();
  }

  private TransportConnection instance(String source, int partitions) {
    return instance(source, partitions, port());
  }

  private TransportConnection instance(String source, int partitions, int port) {
    RabbitSettings settings = RabbitUri.settings(uri());
    RabbitTransport.Builder builder =
        RabbitTransport.builder()
            .address("127.0.0.1", port)
            .user(settings.user())
            .password(settings.password())
            .virtualHost(settings.virtualHost());
    if (partitions > 0) {
      builder.partitions(source, partitions);
    }
    TransportConnection made = builder.build().connect(Wires.DEADLINE);
    instances.add(made);
    return made;
  }

  private static List<String> names(Source source, int count) {
    return IntStream.range(0, count).mapToObj(i -> Partitions.queue(source.name(), i)).toList();
  }

  private static List<String> together(Receiver... receivers) {
    List<String> all = new ArrayList<>();
    for (Receiver receiver : receivers) {
      all.addAll(receiver.status().owned());
    }
    return all;
  }

  /** Numbered messages of each key: {@code "k3 0"}, {@code "k3 1"} and so on. */
  private static void send(
      TransportConnection from, dev.waybill.routing.Channel to, int keys, int each) {
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int number = 0; number < each; number++) {
      for (int key = 0; key < keys; key++) {
        String name = "k" + key;
        answers.add(
            from.sender().send(to, Wires.message(name + " " + number, name), Wires.DEADLINE));
      }
    }
    CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new)).join();
  }

  /** Rounds of a message for each key, for as long as it takes. */
  private static final class Load {
    static final int KEYS = 24;
    private final TransportConnection from;
    private final Queue to;
    private int rounds;

    Load(TransportConnection from, Queue to) {
      this.from = from;
      this.to = to;
    }

    int rounds() {
      return rounds;
    }

    void until(java.util.concurrent.Callable<Boolean> condition) {
      await()
          .atMost(SHARED)
          .until(
              () -> {
                List<CompletableFuture<String>> answers = new ArrayList<>();
                for (int key = 0; key < KEYS; key++) {
                  String name = "k" + key;
                  answers.add(
                      from.sender()
                          .send(to, Wires.message(name + " " + rounds, name), Wires.DEADLINE));
                }
                CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new)).join();
                rounds++;
                return condition.call();
              });
    }
  }

  /** Accepts everything, and fails if a key's numbers do not come as they were sent. */
  private static final class Accepting implements Receiver.Listener {
    private final Map<String, Integer> last = new HashMap<>();
    private final Set<String> partitions = new TreeSet<>();
    private final List<String> wrong = new ArrayList<>();
    private int count;

    @Override
    public synchronized void delivered(Delivery delivery) {
      String[] parts = Recording.body(delivery).split(" ", -1);
      int number = Integer.parseInt(parts[1]);
      int before = last.getOrDefault(parts[0], -1);
      if (number > before + 1) {
        wrong.add(Recording.body(delivery) + " after " + before);
      }
      count += number == before + 1 ? 1 : 0;
      last.merge(parts[0], number, Math::max);
      partitions.add(delivery.brokerId().substring(0, delivery.brokerId().indexOf('@')));
      var unused = delivery.settle(Settlement.accept());
    }

    @Override
    public void failed(dev.waybill.error.MessagingException problem) {}

    @Override
    public void recovered() {}

    synchronized Set<String> partitions() {
      return Set.copyOf(partitions);
    }

    void awaitKeys(int keys, int each) {
      await().atMost(SHARED).until(() -> count() >= keys * each);
      synchronized (this) {
        assertThat(wrong).isEmpty();
        assertThat(count).isEqualTo(keys * each);
      }
    }

    private synchronized int count() {
      return count;
    }
  }
}
