package dev.waybill.testkit;

import dev.waybill.ConsumerSpec;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Consumers that keep the numbers of what they handle, and messages to tell the end by. */
final class Numbers {
  /** Enough to come by every partition of a queue, behind what was there before. */
  static final List<Integer> MARKERS = IntStream.range(1_000, 1_012).boxed().toList();

  private Numbers() {}

  static Consumer<ConsumerSpec> charges(Recorder<Integer> seen) {
    return c -> c.onCommand(Charge.class, (m, x) -> seen.add(m.payload().number()));
  }

  static Consumer<ConsumerSpec> refreshes(Recorder<Integer> seen) {
    return c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number()));
  }

  static Consumer<ConsumerSpec> refreshed(Recorder<Integer> seen) {
    return c -> c.onEvent(Refreshed.class, (m, x) -> seen.add(m.payload().number()));
  }

  static List<CompletableFuture<SendReceipt>> refresh(MessageBus bus, IntStream numbers) {
    return numbers.mapToObj(i -> bus.send(new Refresh(i))).toList();
  }

  /** Charges, each to an account of its own. */
  static List<CompletableFuture<SendReceipt>> charge(MessageBus bus, IntStream numbers) {
    return numbers.mapToObj(i -> bus.send(new Charge("account-" + i, i))).toList();
  }

  static List<CompletableFuture<SendReceipt>> tell(MessageBus bus, IntStream numbers) {
    return numbers.mapToObj(i -> bus.publish(new Refreshed(i))).toList();
  }

  static IntStream markers() {
    return MARKERS.stream().mapToInt(i -> i);
  }

  /** What there is besides the markers. */
  static List<Integer> withoutMarkers(List<Integer> numbers) {
    return numbers.stream().filter(i -> !MARKERS.contains(i)).toList();
  }
}
