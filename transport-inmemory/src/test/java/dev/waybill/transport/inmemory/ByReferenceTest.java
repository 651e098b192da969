package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.DeadLetter;
import dev.waybill.Envelope;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.RequestFailedException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ByReferenceTest {
  private static final int DEADLINE_SECONDS = 30;

  record Pay(String order, int cents) {}

  record PayToo(String order, int cents) {}

  record Paid(String order) {}

  /** No codec can write it. */
  record Live(Thread thread) {}

  /** Nor this. */
  record LiveToo(Thread thread) {}

  private static final Routes ROUTES =
      Routes.define(
          r -> {
            r.command(Pay.class).named("pay").toQueue("payments").keyedBy(Pay::order);
            r.command(Live.class).named("live").toQueue("live");
            r.event(Paid.class).named("paid").toTopic("paid");
            r.reply(LiveToo.class).named("live-too");
          });

  private final InMemoryBroker broker = InMemoryBroker.create();
  private final InMemoryTransport transport =
      InMemoryTransport.builder().broker(broker).byReference().build();
  private final BlockingQueue<Envelope<?>> handled = new LinkedBlockingQueue<>();
  private final BlockingQueue<DeadLetter> dead = new LinkedBlockingQueue<>();

  @Test
  void a_handler_gets_the_senders_own_object_which_need_not_be_encodable() throws Exception {
    Live live = new Live(Thread.currentThread());
    try (MessageBus bus =
        MessageBus.over(transport)
            .routes(ROUTES)
            .consume("live", c -> c.onCommand(Live.class, (m, x) -> handled.add(m)))
            .start()) {
      bus.send(live).join();

      assertThat(next().payload()).isSameAs(live);
    }
  }

  @Test
  void every_subscription_of_a_topic_gets_the_same_object() throws Exception {
    Paid paid = new Paid("o-1");
    try (MessageBus bus =
        MessageBus.over(transport)
            .routes(ROUTES)
            .subscribe("paid", "billing", c -> c.onEvent(Paid.class, (m, x) -> handled.add(m)))
            .subscribe("paid", "stock", c -> c.onEvent(Paid.class, (m, x) -> handled.add(m)))
            .start()) {
      bus.publish(paid).join();

      assertThat(next().payload()).isSameAs(paid);
      assertThat(next().payload()).isSameAs(paid);
    }
  }

  @Test
  void the_metadata_are_those_that_come_over_bytes() throws Exception {
    Command<Pay> command =
        Command.of(
            new Pay("o-1", 5),
            Metadata.withId("m-1").withHeader("tenant", "t-1").withDelay(Duration.ofMillis(1)));
    Metadata byBytes = received(broker.transport(), command);
    Metadata byReference = received(transport, command);

    assertThat(byReference.withTime(null)).isEqualTo(byBytes.withTime(null));
    assertThat(byReference.time()).isNotNull();
    assertThat(byReference.delay()).isNull();
  }

  private Metadata received(InMemoryTransport over, Command<Pay> command) throws Exception {
    try (MessageBus bus =
        MessageBus.over(over)
            .named("shop")
            .routes(ROUTES)
            .consume("payments", c -> c.onCommand(Pay.class, (m, x) -> handled.add(m)))
            .start()) {
      bus.send(command).join();
      return next().metadata();
    }
  }

  @Test
  void metadata_that_could_not_be_written_are_refused_as_over_bytes() {
    try (MessageBus bus = MessageBus.over(transport).routes(ROUTES).start()) {
      Command<Pay> badHeader =
          Command.of(new Pay("o-1", 5), Metadata.create().withHeader("two words", "x"));
      Command<Pay> badKey = Command.of(new Pay("o-1", 5), Metadata.create().withKey("a\nb"));

      assertThatThrownBy(() -> bus.send(badHeader).join())
          .hasCauseInstanceOf(SendException.class)
          .hasMessageContaining("two words");
      assertThatThrownBy(() -> bus.send(badKey).join())
          .hasCauseInstanceOf(SendException.class)
          .hasMessageContaining("partitionkey");
      assertThat(broker.size("payments")).isZero();
    }
  }

  @Test
  void a_bus_that_has_another_class_for_the_type_gets_a_copy_of_its_own() throws Exception {
    Routes others =
        Routes.define(
            r -> r.command(PayToo.class).named("pay").toQueue("payments").keyedBy(PayToo::order));
    try (MessageBus sender = MessageBus.over(transport).routes(ROUTES).start();
        MessageBus receiver =
            MessageBus.over(transport)
                .routes(others)
                .consume("payments", c -> c.onCommand(PayToo.class, (m, x) -> handled.add(m)))
                .start()) {
      sender.send(new Pay("o-1", 5)).join();

      assertThat(next().payload()).isEqualTo(new PayToo("o-1", 5));
    }
  }

  @Test
  void a_bus_over_bytes_and_one_by_reference_understand_each_other() throws Exception {
    try (MessageBus byReference =
            MessageBus.over(transport)
                .routes(ROUTES)
                .subscribe("paid", "here", c -> c.onEvent(Paid.class, (m, x) -> handled.add(m)))
                .start();
        MessageBus overBytes =
            MessageBus.over(broker.transport())
                .routes(ROUTES)
                .consume("payments", c -> c.onCommand(Pay.class, (m, x) -> handled.add(m)))
                .start()) {
      overBytes.publish(new Paid("o-1")).join();
      assertThat(next().payload()).isEqualTo(new Paid("o-1"));

      Pay sent = new Pay("o-2", 5);
      byReference.send(sent).join();
      assertThat(next().payload()).isEqualTo(sent).isNotSameAs(sent);
    }
  }

  @Test
  void a_dead_letter_is_written_for_whom_reads_it() throws Exception {
    try (MessageBus bus =
        MessageBus.over(transport)
            .routes(ROUTES)
            .consume("payments", c -> c.onCommand(Pay.class, (m, x) -> x.deadLetter("no money")))
            .consumeDeadLetters("payments", dead::add)
            .start()) {
      bus.send(Command.of(new Pay("o-1", 5), Metadata.withId("m-1"))).join();

      DeadLetter letter = dead.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
      assertThat(letter).isNotNull();
      assertThat(new String(letter.message().body(), StandardCharsets.UTF_8))
          .isEqualTo("{\"order\":\"o-1\",\"cents\":5}");
      assertThat(letter.message().attributes()).containsEntry("id", "m-1");
      assertThat(letter.reason()).isEqualTo("no money");
    }
  }

  @Test
  void a_dead_letter_that_cant_be_written_has_its_evidence_and_can_be_discarded() throws Exception {
    try (MessageBus bus =
        MessageBus.over(transport)
            .routes(ROUTES)
            .consume("live", c -> c.onCommand(Live.class, (m, x) -> x.deadLetter("not wanted")))
            .start()) {
      bus.send(new Live(Thread.currentThread())).join();
      await().until(() -> broker.size("live.dlq") == 1);
    }

    Queue live = new Queue("live", false);
    Duration patience = Duration.ofSeconds(DEADLINE_SECONDS);
    try (DeadLetterDesk desk = DeadLetterDesk.open(transport, List.of(live), patience);
        DeadLetterBatch batch = desk.take(live, 10, patience)) {
      DeadLetterBatch.Entry letter = batch.entries().get(0);
      assertThat(letter.letter().reason()).isEqualTo("not wanted");
      assertThat(letter.letter().typeName()).isEqualTo("live");
      assertThat(batch.discard(List.of(letter), count -> {}).done()).isOne();
    }
    assertThat(broker.size("live.dlq")).isZero();
  }

  @Test
  void a_request_and_its_reply_are_the_same_objects_for_both() throws Exception {
    LiveToo reply = new LiveToo(Thread.currentThread());
    Live request = new Live(Thread.currentThread());
    try (MessageBus bus = answering(context -> context.reply(reply))) {
      assertThat(ask(bus, request).join()).isSameAs(reply);
      assertThat(next().payload()).isSameAs(request);
    }
  }

  @Test
  void a_request_that_cant_be_written_and_is_given_up_fails_at_once() {
    try (MessageBus bus = answering(context -> context.deadLetter("not wanted"))) {
      CompletableFuture<LiveToo> answer = ask(bus, new Live(Thread.currentThread()));

      assertThatThrownBy(answer::join).hasCauseInstanceOf(RequestFailedException.class);
      await().until(() -> broker.size("live.dlq") == 1);
      assertThat(handled).hasSize(1);
    }
  }

  private MessageBus answering(Consumer<HandlerContext> answer) {
    return MessageBus.over(transport)
        .routes(ROUTES)
        .requests("shop")
        .consume(
            "live",
            c ->
                c.onCommand(
                    Live.class,
                    (m, x) -> {
                      handled.add(m);
                      answer.accept(x);
                    }))
        .start();
  }

  private static CompletableFuture<LiveToo> ask(MessageBus bus, Live request) {
    return bus.request(request, LiveToo.class, Duration.ofSeconds(DEADLINE_SECONDS));
  }

  @Test
  void what_needs_sizes_is_refused_when_it_is_built() {
    assertThatThrownBy(() -> InMemoryTransport.builder().byReference().maxBodyBytes(10).build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("byReference() does not encode messages, so maxBodyBytes(…)");
    assertThatThrownBy(() -> InMemoryTransport.builder().byReference().profile(Profile.SQS).build())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("profile(SQS)");
  }

  private Envelope<?> next() throws InterruptedException {
    Envelope<?> envelope = handled.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
    assertThat(envelope).isNotNull();
    return envelope;
  }
}
