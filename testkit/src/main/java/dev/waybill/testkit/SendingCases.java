package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Subscription;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Charged;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.testkit.ContractCase.Report;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a send promises, and when it arrives. */
abstract class SendingCases extends SendFailureCases {
  private static final Duration WAIT = Duration.ofMillis(300);

  @Test
  @Case("D7")
  void what_a_handler_sends_leaves_only_when_it_has_succeeded() {
    Recorder<Event<Charged>> seen = new Recorder<>();
    Recorder<Integer> attempts = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.keyedQueue,
                c ->
                    c.onCommand(
                            Charge.class,
                            (m, x) -> {
                              attempts.add(x.attempt());
                              x.publish(new Charged(m.payload().account(), x.attempt()));
                              if (x.attempt() == 1) {
                                throw new IllegalStateException("after sending");
                              }
                            })
                        .onFailure(retry(1)))
            .subscribe(
                here.keyedTopic, "watch", c -> c.onEvent(Charged.class, (e, x) -> seen.add(e)))
            .start()) {
      Command<Charge> command =
          Command.of(new Charge("a", 0))
              .with(m -> m.withCorrelationId("talk").withHeader("traceparent", "00-1"));
      bus.send(command).join();
      Event<Charged> event = await(seen, 1).get(0);
      assertThat(event.payload().number()).as("only the second attempt's").isEqualTo(2);
      assertThat(event.metadata().correlationId()).isEqualTo("talk");
      assertThat(event.metadata().causationId()).isEqualTo(command.metadata().id());
      assertThat(event.metadata().header("traceparent")).isEqualTo("00-1");
    }
    assertThat(seen.all()).hasSize(1);
    assertThat(attempts.all()).containsExactly(1, 2);
  }

  @Test
  @Case("D7")
  void what_a_failing_handler_sends_through_the_bus_leaves_at_once() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus outside = here.bus().start();
        MessageBus bus =
            here.bus()
                .consume(
                    here.keyedQueue,
                    c ->
                        c.onCommand(
                                Charge.class,
                                (m, x) -> {
                                  outside.publish(new Charged("a", x.attempt())).join();
                                  throw new IllegalStateException("after sending");
                                })
                            .onFailure(retry(1)))
                .subscribe(
                    here.keyedTopic,
                    "watch",
                    c -> c.onEvent(Charged.class, (e, x) -> seen.add(e.payload().number())))
                .start()) {
      bus.send(new Charge("a", 0)).join();
      assertThat(await(seen, 2)).containsExactly(1, 2);
    }
  }

  @Test
  @Case(value = "D7", needs = Feature.ATOMIC_SEND)
  void what_a_handler_sends_leaves_together_or_again_under_the_same_id() {
    Recorder<Integer> attempts = new Recorder<>();
    Recorder<String> events = new Recorder<>();
    Recorder<String> documents = new Recorder<>();
    Subscription watch = new Subscription(here.topic(here.plainTopic), "watch");
    Queue commands = here.queue(here.plainQueue);
    make(
        new Topology(
            List.of(commands, watch.topic()),
            List.of(commands, watch),
            List.of(commands.deadLetterQueue(), watch.deadLetterQueue())));
    try (MessageBus sending =
        here.bus()
            .topology(Topology.Mode.ASSUME)
            .sendTimeout(Duration.ofSeconds(15))
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                            Refresh.class,
                            (m, x) -> {
                              attempts.add(x.attempt());
                              x.publish(new Refreshed(1));
                              x.transfer(new Report("to a queue that is not there yet", List.of()));
                            })
                        .onFailure(retry(0).thenBackoff(WAIT, 1, WAIT, 100)))
            .subscribe(
                here.plainTopic,
                "watch",
                c -> c.onEvent(Refreshed.class, (e, x) -> events.add(e.metadata().id())))
            .start()) {
      sending.send(new Refresh(0)).join();
      await(attempts, 2);
      try (MessageBus receiving =
          here.bus()
              .consume(
                  here.documents,
                  c -> c.onDocument(Report.class, (d, x) -> documents.add(d.metadata().id())))
              .start()) {
        await(documents, 1);
        await(events, 1);
        pass(Duration.ofMillis(500));
        assertThat(receiving.describe()).contains(here.documents);
      }
    }
    assertThat(new HashSet<>(documents.all())).as("one, however often it was sent").hasSize(1);
    assertThat(new HashSet<>(events.all())).as("one, however often it was sent").hasSize(1);
    if (support(Feature.ATOMIC_SEND).level() == Level.NATIVE) {
      assertThat(documents.all()).hasSize(1);
      assertThat(events.all()).hasSize(1);
    }
  }

  @Test
  @Case("D6")
  void many_threads_send_and_nothing_is_lost_or_doubled() throws InterruptedException {
    Recorder<Integer> seen = new Recorder<>();
    Recorder<SendReceipt> receipts = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      List<Thread> threads =
          IntStream.range(0, 8)
              .mapToObj(
                  thread ->
                      new Thread(
                          () -> {
                            for (int i = 0; i < 25; i++) {
                              receipts.add(bus.send(new Refresh(25 * thread + i)).join());
                            }
                          }))
              .toList();
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(receipts.all()).extracting(SendReceipt::messageId).doesNotHaveDuplicates();
      assertThat(await(seen, 200))
          .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 200).boxed().toList());
    }
    assertThat(seen.all()).hasSize(200);
  }

  @Test
  @Case("H4")
  void a_closed_bus_rejects() {
    MessageBus bus = here.bus().start();
    bus.close();
    bus.close();
    assertThatThrownBy(() -> bus.publish(new Refreshed(1)).join())
        .isInstanceOf(CompletionException.class)
        .cause()
        .hasMessage("The bus contract is closed: send before closing it.")
        .satisfies(e -> assertThat(((SendException) e).code()).isEqualTo(ErrorCode.CLOSED));
  }
}
