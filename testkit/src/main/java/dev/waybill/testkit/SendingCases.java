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
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Charged;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a send promises. */
abstract class SendingCases extends TimingCases {

  @Test
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
  void many_threads_send_and_nothing_is_lost_or_doubled() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      List<CompletableFuture<SendReceipt>> sends =
          IntStream.range(0, 200).parallel().mapToObj(i -> bus.send(new Refresh(i))).toList();
      confirmed(sends);
      assertThat(new HashSet<>(await(seen, 200))).hasSize(200);
    }
    assertThat(seen.all()).hasSize(200);
  }

  @Test
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
