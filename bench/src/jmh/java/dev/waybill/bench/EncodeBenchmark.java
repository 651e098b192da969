package dev.waybill.bench;

import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.routing.Routes;
import dev.waybill.serialization.JacksonCodec;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** An order of 1 KiB: its JSON alone, and all that a send does up to the transport and back. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EncodeBenchmark {
  private final Order order = new Orders(1).number(0);
  private final JacksonCodec codec = JacksonCodec.upTo(2 * Orders.BYTES);
  private MessageBus bus;

  @Setup
  public void start() {
    Routes routes =
        Routes.define(
            r ->
                r.command(Order.class)
                    .named("bench.order.v1")
                    .toQueue("orders")
                    .keyedBy(Order::customer));
    bus = MessageBus.over(new Nowhere()).routes(routes).start();
  }

  @TearDown
  public void stop() {
    bus.close();
  }

  @Benchmark
  public byte[] json() {
    return codec.encode(order);
  }

  @Benchmark
  public CompletableFuture<SendReceipt> send() {
    return bus.send(order);
  }
}
