package dev.waybill.examples.telemetry;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.ConsumerSpec;
import dev.waybill.MessageBus;
import dev.waybill.error.SendException;
import dev.waybill.routing.Routes;
import dev.waybill.transport.inmemory.Faults.SendFailure;
import dev.waybill.transport.inmemory.InMemoryBroker;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What OpenTelemetry is told is what the page says. */
class TelemetryTest {
  private static final Path PAGE = Path.of("02-telemetry.md");

  record Quote(String product) {}

  record Price(long cents) {}

  private static final Routes ROUTES =
      Routes.define(
          r -> {
            r.command(Quote.class).named("quote.v1").toQueue("quotes");
            r.reply(Price.class).named("price.v1");
          });

  private final InMemoryBroker broker = InMemoryBroker.create();
  private final InMemorySpanExporter spans = InMemorySpanExporter.create();
  private final InMemoryMetricReader metrics = InMemoryMetricReader.create();
  private final OpenTelemetrySdk openTelemetry = TelemetryDemo.sdk(spans, metrics);

  @AfterEach
  void close() {
    openTelemetry.close();
  }

  @Test
  void the_trace_and_the_metrics_are_those_on_the_page() throws Exception {
    assertThat(TelemetryDemo.over("memory:" + UUID.randomUUID()).strip()).isEqualTo(onThePage());
  }

  private static String onThePage() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf("```text\n") + "```text\n".length();
    return page.substring(begin, page.indexOf("```", begin)).strip();
  }

  @Test
  void a_send_that_fails_is_an_error_of_its_span_and_is_counted_by_its_kind() {
    try (MessageBus bus = start(c -> c.onCommand(Quote.class, (quote, context) -> {}))) {
      broker.faults().failNextSends(1, SendFailure.REJECTED);
      assertThat(bus.send(new Quote("p"))).failsWithin(ofSeconds(10));
    }

    SpanData send = span("send quotes");
    assertThat(send.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(send.getKind()).isEqualTo(SpanKind.CLIENT);
    assertThat(send.getParentSpanId()).isEqualTo(span("create quotes").getSpanId());
    assertThat(send.getEvents().get(0).getAttributes().asMap())
        .containsValue(SendException.class.getName());
    assertThat(send.getAttributes().get(Telemetry.ERROR)).isNotNull();
    assertThat(metrics.collectAllMetrics())
        .filteredOn(metric -> metric.getName().equals("messaging.client.sent.messages"))
        .flatExtracting(metric -> metric.getLongSumData().getPoints())
        .extracting(LongPointData.class::cast)
        .extracting(point -> point.getAttributes().get(Telemetry.ERROR))
        .containsExactly(send.getAttributes().get(Telemetry.ERROR));
  }

  @Test
  void a_handler_that_fails_later_is_an_error_of_its_span_by_what_it_failed_with()
      throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    try (MessageBus bus =
        start(
            c ->
                c.onCommandAsync(
                        Quote.class,
                        (quote, context) -> {
                          begun.countDown();
                          return CompletableFuture.supplyAsync(
                              () -> {
                                throw new IllegalStateException("no");
                              });
                        })
                    .onFailure(noRetry()))) {
      bus.send(new Quote("p")).join();
      assertThat(begun.await(10, TimeUnit.SECONDS))
          .isTrue(); // what has not begun a close gives back
    }

    assertThat(span("process quotes").getAttributes().get(Telemetry.ERROR))
        .isEqualTo(IllegalStateException.class.getName());
  }

  @Test
  void a_reply_is_sent_by_the_handling_of_its_request_and_named_without_the_instance() {
    try (MessageBus bus =
        start(c -> c.onCommand(Quote.class, (quote, context) -> context.reply(new Price(1))))) {
      assertThat(bus.request(new Quote("p"), Price.class, ofSeconds(10)))
          .succeedsWithin(ofSeconds(20));
    }

    SpanData reply = span("create replies.shop");
    assertThat(reply.getParentSpanId()).isEqualTo(span("process quotes").getSpanId());
    assertThat(reply.getAttributes().get(Telemetry.TEMPLATE)).isEqualTo("replies.shop");
    assertThat(reply.getAttributes().get(Telemetry.DESTINATION)).isNull();
  }

  private MessageBus start(Consumer<ConsumerSpec> quotes) {
    return MessageBus.over(broker.transport())
        .named("shop")
        .routes(ROUTES)
        .requests("shop")
        .intercept(new Telemetry(openTelemetry, "inmemory"))
        .consume("quotes", quotes)
        .start();
  }

  private SpanData span(String name) {
    List<SpanData> named =
        spans.getFinishedSpanItems().stream().filter(one -> one.getName().equals(name)).toList();
    assertThat(named).as(name).hasSize(1);
    return named.get(0);
  }
}
