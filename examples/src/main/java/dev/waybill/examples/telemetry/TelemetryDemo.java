package dev.waybill.examples.telemetry;

import static dev.waybill.delivery.FailurePolicy.retry;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.waybill.Command;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.SendReceipt;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Transport;
import io.opentelemetry.api.metrics.BatchCallback;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.MetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An order is paid for at the second attempt, and a mail is written; then what OpenTelemetry has
 * been told is printed. A service has an exporter of its own instead of those that keep everything.
 */
public final class TelemetryDemo {
  record PlaceOrder(String orderId) {}

  record OrderPlaced(String orderId) {}

  private static final Routes ROUTES =
      Routes.define(
          r -> {
            r.command(PlaceOrder.class).named("orders.place.v1").toQueue("orders");
            r.event(OrderPlaced.class).named("orders.placed.v1").toTopic("placed");
          });

  private final InMemorySpanExporter spans = InMemorySpanExporter.create();
  private final InMemoryMetricReader metrics = InMemoryMetricReader.create();
  private final CountDownLatch mailing = new CountDownLatch(1);
  private final CountDownLatch mailed = new CountDownLatch(1);

  private TelemetryDemo() {}

  /** Runs it over the broker of a URI; default in memory. */
  public static void main(String[] args) throws Exception {
    System.out.println(over(args.length == 0 ? "memory:" : args[0]));
  }

  static String over(String uri) throws Exception {
    return new TelemetryDemo().run(Transport.at(uri));
  }

  static OpenTelemetrySdk sdk(SpanExporter spans, MetricReader metrics) {
    return OpenTelemetrySdk.builder()
        .setTracerProvider(
            SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(spans)).build())
        .setMeterProvider(SdkMeterProvider.builder().registerMetricReader(metrics).build())
        .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
        .build();
  }

  private String run(Transport transport) throws Exception {
    try (OpenTelemetrySdk openTelemetry = sdk(spans, metrics)) {
      Telemetry telemetry = new Telemetry(openTelemetry, transport.name());
      String meanwhile;
      try (MessageBus bus = start(transport, telemetry)) {
        BatchCallback gauges = telemetry.watch(bus);
        Span click = openTelemetry.getTracer("shop").spanBuilder("click").startSpan();
        Context.current().with(click).wrap(() -> place(bus)).call().join();
        click.end();
        if (!mailing.await(30, TimeUnit.SECONDS)) {
          throw new IllegalStateException("no mail was written within 30 s");
        }
        meanwhile = Report.gaugesOf("placed.mail", metrics.collectAllMetrics());
        mailed.countDown();
        gauges.close();
      } // drains: all is handled, and told
      return Report.trace(spans.getFinishedSpanItems())
          + Report.example(spans.getFinishedSpanItems(), "process placed")
          + Report.counted(metrics.collectAllMetrics())
          + meanwhile;
    }
  }

  private MessageBus start(Transport transport, Telemetry telemetry) {
    return MessageBus.over(transport)
        .routes(ROUTES)
        .intercept(telemetry)
        .consume(
            "orders",
            c -> c.onCommand(PlaceOrder.class, this::pay).onFailure(retry(1).thenDeadLetter()))
        .subscribe("placed", "mail", c -> c.onEvent(OrderPlaced.class, (event, context) -> mail()))
        .start();
  }

  private static CompletableFuture<SendReceipt> place(MessageBus bus) {
    return bus.send(Command.of(new PlaceOrder("o-1"), Metadata.withId("o-1")));
  }

  private void pay(Command<PlaceOrder> command, HandlerContext context) {
    if (context.attempt() == 1) {
      throw new IllegalStateException("the bank is out of order");
    }
    context.publish(new OrderPlaced(command.payload().orderId()));
  }

  private void mail() throws InterruptedException {
    mailing.countDown();
    if (!mailed.await(30, SECONDS)) {
      throw new IllegalStateException("the metrics have not been read in 30 s");
    }
  }
}
