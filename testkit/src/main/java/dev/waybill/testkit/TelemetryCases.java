package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.Handler;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Charged;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Report;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What belongs together can be seen to. */
abstract class TelemetryCases extends RequestCases {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final String OTHER = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
  private static final String STATE = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7";

  @Test
  @Case("M1")
  void the_trace_crosses_and_goes_on_to_what_the_handler_sends() {
    Recorder<Metadata> handled = new Recorder<>();
    Recorder<Envelope<?>> sent = new Recorder<>();
    try (MessageBus bus =
        sending(
            (m, x) -> {
              handled.add(m.metadata());
              x.publish(new Charged("a", 1));
              x.send(new Refresh(1));
              x.transfer(new Report("r", List.of()));
              x.publish(
                  Event.of(new Charged("own", 2)).with(e -> e.withHeader("traceparent", OTHER)));
            },
            sent)) {
      bus.send(traced()).join();
      List<Envelope<?>> all = await(sent, 4);
      assertThat(handled.all())
          .allSatisfy(
              metadata -> {
                assertThat(metadata.header("traceparent")).isEqualTo(PARENT);
                assertThat(metadata.header("tracestate")).isEqualTo(STATE);
              });
      assertThat(all)
          .allSatisfy(
              envelope -> {
                boolean own = envelope.payload().equals(new Charged("own", 2));
                assertThat(envelope.metadata().header("traceparent"))
                    .isEqualTo(own ? OTHER : PARENT);
                assertThat(envelope.metadata().header("tracestate")).isEqualTo(own ? null : STATE);
              });
    }
  }

  @Test
  @Case("M2")
  void everything_a_handler_sends_has_its_correlation_and_its_cause() {
    Recorder<Envelope<?>> sent = new Recorder<>();
    try (MessageBus bus =
        sending(
            (m, x) -> {
              x.publish(new Charged("a", 1));
              x.send(new Refresh(1));
              x.transfer(new Report("r", List.of()));
              x.send(Command.of(new Refresh(2)).with(c -> c.withCorrelationId("another talk")));
            },
            sent)) {
      Command<Charge> command =
          Command.of(new Charge("a", 0)).with(m -> m.withCorrelationId("talk"));
      bus.send(command).join();
      assertThat(await(sent, 4))
          .allSatisfy(
              envelope -> {
                boolean other = envelope.payload().equals(new Refresh(2));
                assertThat(envelope.metadata().causationId()).isEqualTo(command.metadata().id());
                assertThat(envelope.metadata().correlationId())
                    .isEqualTo(other ? "another talk" : "talk");
              });
    }
  }

  @Test
  @Case("M2")
  void a_message_without_a_cause_begins_a_conversation_and_what_is_sent_by_the_bus_another() {
    Recorder<Metadata> handled = new Recorder<>();
    Recorder<Envelope<?>> sent = new Recorder<>();
    try (MessageBus outside = here.bus().start();
        MessageBus bus =
            sending(
                (m, x) -> {
                  handled.add(m.metadata());
                  x.publish(new Charged("a", 1));
                  outside.send(new Refresh(1)).join();
                },
                sent)) {
      String id = bus.send(new Charge("a", 0)).join().messageId();
      List<Envelope<?>> both = await(sent, 2);
      assertThat(handled.all())
          .allSatisfy(
              metadata -> {
                assertThat(metadata.correlationId()).isEqualTo(id);
                assertThat(metadata.causationId()).isNull();
              });
      for (Envelope<?> envelope : both) {
        boolean caused = envelope.payload() instanceof Charged;
        Metadata metadata = envelope.metadata();
        assertThat(metadata.causationId()).isEqualTo(caused ? id : null);
        assertThat(metadata.correlationId()).isEqualTo(caused ? id : metadata.id());
      }
    }
  }

  @Test
  @Case("M3")
  void each_attempt_sees_the_same_trace_and_what_it_sends_continues_it() {
    Recorder<Metadata> handled = new Recorder<>();
    Recorder<Envelope<?>> sent = new Recorder<>();
    try (MessageBus bus =
        sending(
            (m, x) -> {
              handled.add(m.metadata());
              x.publish(new Charged("a", x.attempt()));
              if (x.attempt() < 4) {
                throw new IllegalStateException("not yet");
              }
            },
            sent)) {
      Command<Charge> command = traced();
      bus.send(command).join();
      Metadata last = await(sent, 1).get(0).metadata();
      assertThat(handled.all()).hasSize(4);
      assertThat(handled.all().stream().distinct()).as("the same at each attempt").hasSize(1);
      assertThat(handled.all().get(0).header("traceparent")).isEqualTo(PARENT);
      assertThat(last.header("traceparent")).isEqualTo(PARENT);
      assertThat(last.header("tracestate")).isEqualTo(STATE);
      assertThat(last.causationId()).isEqualTo(command.metadata().id());
      assertThat(last.correlationId()).isEqualTo(command.metadata().id());
    }
    assertThat(sent.all()).hasSize(1);
  }

  private static Command<Charge> traced() {
    return Command.of(new Charge("a", 0))
        .with(m -> m.withHeader("traceparent", PARENT).withHeader("tracestate", STATE));
  }

  /** A bus with a handler of charges, which keeps what that sends. */
  private MessageBus sending(Handler<Command<Charge>> handler, Recorder<Envelope<?>> sent) {
    return here.bus()
        .consume(
            here.keyedQueue,
            c ->
                c.onCommand(Charge.class, handler)
                    .onFailure(retry(1).thenAfter(Duration.ofMillis(50), Duration.ofMillis(50))))
        .consume(here.plainQueue, c -> c.onCommand(Refresh.class, (m, x) -> sent.add(m)))
        .consume(here.documents, c -> c.onDocument(Report.class, (d, x) -> sent.add(d)))
        .subscribe(here.keyedTopic, "watch", c -> c.onEvent(Charged.class, (e, x) -> sent.add(e)))
        .start();
  }
}
