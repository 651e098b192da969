package dev.waybill.bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.waybill.Command;
import dev.waybill.Handler;
import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.transport.WireMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.slf4j.LoggerFactory;

/**
 * From a transport's delivery over lanes and handlers to the settlement: a batch of 1,000 with few
 * or many keys, whose handler decides, and does not read the payload.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DispatchBenchmark {
  private static final int BATCH = 1_000;

  @Param({"1", "1000"})
  public int keys;

  @Param({"acknowledge", "discard", "dead-letter"})
  public String settle;

  private final Nowhere nowhere = new Nowhere();
  private final List<WireMessage> messages = new ArrayList<>();
  private MessageBus bus;

  @Setup
  public void start() {
    ((Logger) LoggerFactory.getLogger("dev.waybill")).setLevel(Level.OFF); // or lines are measured
    Handler<Command<Order>> handler =
        switch (settle) {
          case "acknowledge" -> (order, context) -> {};
          case "discard" -> (order, context) -> context.discard("measured");
          default -> (order, context) -> context.deadLetter("measured");
        };
    Routes routes =
        Routes.define(
            r ->
                r.command(Order.class)
                    .named("bench.order.v1")
                    .toQueue("orders")
                    .keyedBy(Order::customer));
    bus =
        MessageBus.over(nowhere)
            .routes(routes)
            .consume(
                "orders", c -> c.onCommand(Order.class, handler).concurrency(2).maxUnsettled(BATCH))
            .start();
    Orders orders = new Orders(keys);
    for (int i = 0; i < BATCH; i++) {
      bus.send(orders.number(i)).join();
      messages.add(nowhere.last());
    }
  }

  @TearDown
  public void stop() {
    bus.close();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void dispatch() throws InterruptedException {
    nowhere.deliver(messages);
  }
}
