package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Channel;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Charged;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Report;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a send that was not confirmed says, and that it says so in time. */
abstract class SendFailureCases extends TimingCases {
  private static final Duration CONNECT = Duration.ofSeconds(60);

  /**
   * Several times less than the patience, by which a send must have its answer; and less than a
   * client takes to give up a connection that hangs. The first send of one may take longer.
   */
  private static final Duration SEND_TIMEOUT = Duration.ofSeconds(5);

  @Test
  @Case(value = "D1", alone = true)
  void
      a_send_to_a_broker_that_is_down_fails_in_time_and_one_to_a_broker_that_is_back_is_confirmed() {
    BrokerFaults broker = harness().brokerFaults();
    if (broker == null) {
      notProvable("the harness can not stop the broker");
      return;
    }
    Recorder<Integer> seen = new Recorder<>();
    SendException failure;
    try (MessageBus bus = here.bus().sendTimeout(SEND_TIMEOUT).start()) {
      confirmedAgain(() -> bus.send(new Refresh(1)));
      broker.stop();
      try {
        failure = failure(bus.send(new Refresh(2)));
      } finally {
        broker.start();
      }
      confirmedAgain(() -> bus.send(new Refresh(3)));
    }
    assertThat(failure.code().isTransient()).as("%s passes", failure.code()).isTrue();
    assertThat(failure).hasMessageContaining(here.plainQueue);
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      assertThat(bus.describe()).contains(here.plainQueue);
      List<Integer> kept = await(seen, all -> all.contains(1) && all.contains(3), "1 and 3");
      if (failure.certainty() == Certainty.REJECTED) {
        assertThat(kept).as("what was rejected is not stored").doesNotContain(2);
      }
    }
  }

  @Test
  @Case("D2")
  void of_ten_sends_at_once_each_has_its_own_answer() {
    Recorder<Integer> seen = new Recorder<>();
    make(here.queue(here.plainQueue), here.queue(here.documents));
    String tooLong = "x".repeat((int) harness().transport().capabilities(false).maxBodyBytes());
    try (MessageBus bus = assuming()) {
      List<CompletableFuture<SendReceipt>> good = new ArrayList<>();
      List<CompletableFuture<SendReceipt>> tooLarge = new ArrayList<>();
      List<CompletableFuture<SendReceipt>> nowhere = new ArrayList<>();
      good.add(bus.send(new Refresh(0)));
      nowhere.add(bus.send(new Charge("a", 1)));
      tooLarge.add(bus.transfer(new Report(tooLong, List.of())));
      good.add(bus.send(new Refresh(1)));
      good.add(bus.send(new Refresh(2)));
      tooLarge.add(bus.transfer(new Report(tooLong, List.of())));
      nowhere.add(bus.send(new Charge("b", 1)));
      good.add(bus.send(new Refresh(3)));
      tooLarge.add(bus.transfer(new Report(tooLong, List.of())));
      good.add(bus.send(new Refresh(4)));
      confirmed(good);
      assertThat(tooLarge).allSatisfy(send -> rejected(send, ErrorCode.TOO_LARGE));
      assertThat(nowhere)
          .allSatisfy(send -> rejected(send, ErrorCode.NOT_FOUND, ErrorCode.UNROUTABLE));
      assertThat(good).extracting(send -> send.join().messageId()).doesNotHaveDuplicates();
    }
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      assertThat(bus.describe()).contains(here.plainQueue);
      assertThat(await(seen, 5)).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    }
  }

  @Test
  @Case("D3")
  void a_send_to_what_does_not_exist_is_rejected_as_not_found_and_names_it() {
    try (MessageBus bus = assuming()) {
      Map<String, CompletableFuture<SendReceipt>> sends = new LinkedHashMap<>();
      sends.put(here.plainQueue, bus.send(new Refresh(1)));
      sends.put(here.keyedTopic, bus.publish(new Charged("a", 1)));
      sends.forEach(
          (channel, send) ->
              assertThat(rejected(send, ErrorCode.NOT_FOUND, ErrorCode.UNROUTABLE))
                  .hasMessageContaining(channel));
    }
  }

  @Test
  @Case("D4")
  void what_only_a_person_can_mend_is_rejected_and_permanent() {
    MessageBus closed = assuming();
    closed.close();
    try (MessageBus bus = assuming()) {
      Map<ErrorCode, CompletableFuture<SendReceipt>> sends = new LinkedHashMap<>();
      sends.put(ErrorCode.NO_ROUTE, bus.send(new Unrouted()));
      sends.put(ErrorCode.WRONG_KIND, bus.publish(new Refresh(1)));
      sends.put(
          ErrorCode.INVALID_MESSAGE,
          bus.send(Command.of(new Refresh(1)).with(m -> m.withHeader("no spaces", "x"))));
      sends.put(ErrorCode.CLOSED, closed.send(new Refresh(1)));
      sends.forEach(
          (code, send) -> assertThat(rejected(send, code).code().isTransient()).isFalse());
    }
    assertThat(ErrorCode.NOT_FOUND.isTransient()).isFalse();
    assertThat(ErrorCode.TOO_LARGE.isTransient()).isFalse();
  }

  private record Unrouted() {}

  @Test
  @Case("D4")
  void what_passes_is_transient_and_the_same_envelope_is_confirmed_then() {
    ConnectionFaults way = harness().connectionFaults();
    if (way == null) {
      notProvable("the harness can not disturb a connection");
      return;
    }
    try (way;
        MessageBus bus = here.bus(way.transport()).sendTimeout(SEND_TIMEOUT).start()) {
      confirmedAgain(() -> bus.send(new Refresh(0)));
      Command<Refresh> command = Command.of(new Refresh(1));
      way.hold();
      SendException failure = failure(bus.send(command));
      way.heal();
      assertThat(failure.code().isTransient()).as("%s passes", failure.code()).isTrue();
      assertThat(confirmedAgain(() -> bus.send(command)).messageId())
          .isEqualTo(command.metadata().id());
    }
  }

  @Test
  @Case("D5")
  void a_send_whose_answer_is_lost_is_unknown_and_its_resend_keeps_the_id() {
    ConnectionFaults way = harness().connectionFaults();
    if (way == null) {
      notProvable("the harness can not lose an answer");
      return;
    }
    Recorder<String> seen = new Recorder<>();
    try (MessageBus receiving =
            here.refreshing(
                c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.metadata().id())));
        way;
        MessageBus bus = here.bus(way.transport()).sendTimeout(SEND_TIMEOUT).start()) {
      Command<Refresh> before = Command.of(new Refresh(0));
      String first = confirmedAgain(() -> bus.send(before)).messageId();
      Command<Refresh> command = Command.of(new Refresh(1));
      way.holdAnswers();
      SendException failure = failure(bus.send(command));
      way.heal();
      assertThat(failure.certainty()).isEqualTo(Certainty.UNKNOWN);
      assertThat(failure.code()).isEqualTo(ErrorCode.TIMEOUT);
      assertThat(failure).hasMessageContaining("stored");
      SendReceipt resent = confirmedAgain(() -> bus.send(command));
      String second = command.metadata().id();
      assertThat(resent.messageId()).isEqualTo(second);
      assertThat(await(seen, all -> all.containsAll(List.of(first, second)), "both"))
          .containsOnly(first, second);
      assertThat(receiving.describe()).contains(here.plainQueue);
    }
  }

  @Test
  @Case("D5")
  void cancelling_the_future_of_a_send_changes_nothing() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      IntStream.range(0, 10).forEach(i -> bus.send(new Refresh(i)).cancel(true));
      bus.send(new Refresh(10)).join();
      assertThat(await(seen, 11))
          .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(0, 10).boxed().toList());
    }
  }

  @Test
  @Case(value = "D8", needs = Feature.MANDATORY)
  void a_command_without_a_queue_is_an_error_and_one_without_a_consumer_is_kept_for_it() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus = assuming()) {
      rejected(bus.send(new Refresh(1)), ErrorCode.NOT_FOUND, ErrorCode.UNROUTABLE);
      make(here.queue(here.plainQueue));
      confirmedAgain(() -> bus.send(new Refresh(2)));
    }
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      bus.send(new Refresh(3)).join();
      assertThat(await(seen, 2)).containsExactlyInAnyOrder(2, 3);
    }
  }

  /** A bus that makes nothing, and so may send to what is not there. */
  final MessageBus assuming() {
    return here.bus().topology(Topology.Mode.ASSUME).start();
  }

  /** Makes channels, and nothing else. */
  final void make(Channel... channels) {
    make(new Topology(List.of(channels), List.of(), List.of()));
  }

  /** Makes a topology without a bus. */
  final void make(Topology topology) {
    try (TransportConnection connection = harness().transport().connect(CONNECT)) {
      assertThat(connection.prepare(topology, Topology.Mode.CREATE)).isEmpty();
    }
  }

  /** Waits for a send to fail. */
  final SendException failure(CompletableFuture<SendReceipt> send) {
    until("an answer", send::isDone);
    SendReceipt receipt;
    try {
      receipt = send.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof SendException failure) {
        return failure;
      }
      throw new AssertionError("failed with another exception than a SendException", e);
    }
    throw new AssertionError("confirmed, and should not be: " + receipt);
  }

  /** Waits for a send to fail as rejected, with one of these codes. */
  final SendException rejected(CompletableFuture<SendReceipt> send, ErrorCode... codes) {
    SendException failure = failure(send);
    assertThat(failure.certainty()).isEqualTo(Certainty.REJECTED);
    assertThat(failure.code()).isIn((Object[]) codes);
    return failure;
  }

  /** Sends until it is confirmed. */
  final SendReceipt confirmedAgain(Supplier<CompletableFuture<SendReceipt>> send) {
    for (int tries = 0; tries < 100; tries++) {
      CompletableFuture<SendReceipt> answer = send.get();
      until("an answer", answer::isDone);
      if (!answer.isCompletedExceptionally()) {
        return answer.join();
      }
      pass(Duration.ofMillis(200));
    }
    throw new AssertionError("100 sends were not confirmed");
  }
}
