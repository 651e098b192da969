package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Address;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Method;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Topology.Mode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One connection to a broker, and what is done by it beside the messages. */
class LinkTest {
  private final RabbitThreads threads = new RabbitThreads();
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final CountDownLatch released = new CountDownLatch(1);
  private final AtomicBoolean holding = new AtomicBoolean();
  private final AtomicInteger held = new AtomicInteger();
  private final Mailbox mailbox = new Mailbox(threads, "test");
  private ScriptedBroker broker;
  private RabbitSettings settings;
  private RabbitLink link;

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("3.10.8");
    settings = broker.builder().credentials(this::credentials).settings();
    link = new RabbitLink(settings, "consume", threads);
    link.open(Wires.DEADLINE);
  }

  @AfterEach
  void closeAndLeaveNothing() throws Exception {
    released.countDown();
    mailbox.close();
    link.close();
    blocking.shutdownNow();
    broker.close();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @Test
  void who_is_removed_while_a_connection_is_made_is_not_told_of_it() {
    AtomicInteger told = new AtomicInteger();
    AtomicInteger toldLater = new AtomicInteger();
    holding.set(true);
    link.connection().abort();
    await().atMost(Wires.DEADLINE).until(() -> held.get() > 0);

    RabbitLink.Listener gone = counting(told);
    link.add(gone);
    link.remove(gone);
    released.countDown();
    link.add(counting(toldLater));

    await().atMost(Wires.DEADLINE).until(() -> toldLater.get() == 1);
    link.connection().abort();
    await().atMost(Wires.DEADLINE).until(() -> toldLater.get() > 1);
    assertThat(told).hasValueLessThanOrEqualTo(1); // of the connection that there was, perhaps
  }

  @Test
  void each_address_of_a_single_name_has_its_part_of_the_time() throws Exception {
    InetAddress[] three = InetAddress.getAllByName("127.0.0.1");
    Hosts.Lookup lookup = name -> new InetAddress[] {three[0], three[0], three[0]};

    assertThat(Hosts.count(List.of(new Address("cluster")), lookup)).isEqualTo(3);
    assertThat(Hosts.count(List.of(new Address("a"), new Address("b")), lookup)).isEqualTo(2);
    assertThat(
            Hosts.count(
                List.of(new Address("nowhere")),
                name -> {
                  throw new UnknownHostException(name);
                }))
        .isEqualTo(1);
  }

  @Test
  void a_queue_whose_node_is_down_is_not_missing() {
    broker.sayOfQueues(
        "NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible");

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      MessagingException error =
          Assertions.catchThrowableOfType(
              MessagingException.class,
              () ->
                  new RabbitTopology(link.connection(), settings)
                      .prepare(Wires.topology(new Queue("q", true)), mode));

      assertThat(error.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE);
      assertThat(error).hasMessageContaining("down or inaccessible");
    }
  }

  @Test
  void what_a_side_channel_is_refused_at_first_is_not_asked_for_each_time() {
    broker.refuseToLook();
    AtomicBoolean begun = new AtomicBoolean();
    SideChannel side =
        new SideChannel(
            "a test",
            mailbox,
            new Calls(blocking),
            beginning(new AMQP.Queue.Declare.Builder().queue("q").passive().build(), begun));
    mailbox.ask(Wires.DEADLINE, () -> side.connected(link.connection()));

    awaitOneQuestion(side::isReady);
    mailbox.ask(Wires.DEADLINE, side::end);

    assertThat(begun).isFalse();
  }

  @Test
  void a_question_that_a_side_channel_is_refused_is_not_asked_again_soon() {
    broker.refuseToLook();
    AtomicBoolean begun = new AtomicBoolean();
    SideChannel side =
        new SideChannel("a test", mailbox, new Calls(blocking), beginning(null, begun));
    mailbox.ask(Wires.DEADLINE, () -> side.connected(link.connection()));
    await().atMost(Wires.DEADLINE).untilTrue(begun);

    try (Logged logged = new Logged()) {
      mailbox.ask(Wires.DEADLINE, () -> side.ask("q", answer -> {}));
      awaitOneQuestion(
          () -> {
            if (side.isReady()) {
              side.ask("q", answer -> {});
            }
          });

      assertThat(logged.lines("dev.waybill"))
          .filteredOn(line -> line.contains("a test") && line.contains("refused"))
          .hasSize(1);
    }
    mailbox.ask(Wires.DEADLINE, side::end);
  }

  /** One question, and none in the second that comes then, though it may be asked ever again. */
  private void awaitOneQuestion(Runnable again) {
    await().atMost(Wires.DEADLINE).until(() -> broker.askedForCounts() == 1);
    await()
        .during(Duration.ofSeconds(1))
        .atMost(Wires.DEADLINE)
        .until(() -> mailbox.ask(Wires.DEADLINE, again) && broker.askedForCounts() == 1);
  }

  private static SideChannel.Use beginning(Method first, AtomicBoolean begun) {
    return new SideChannel.Use() {
      @Override
      public Method first(Channel made) {
        return first;
      }

      @Override
      public void begun() {
        begun.set(true);
      }

      @Override
      public void unanswered() {}
    };
  }

  private RabbitCredentials credentials() {
    if (holding.get()) {
      held.incrementAndGet();
      try {
        released.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return new RabbitCredentials("guest", "guest");
  }

  private static RabbitLink.Listener counting(AtomicInteger told) {
    return new RabbitLink.Listener() {
      @Override
      public void connected(Connection connection) {
        told.incrementAndGet();
      }

      @Override
      public void lost(MessagingException problem) {}
    };
  }
}
