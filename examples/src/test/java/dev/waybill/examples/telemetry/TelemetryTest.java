package dev.waybill.examples.telemetry;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.AttemptResult;
import dev.waybill.ConsumerSpec;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.error.MessagingException;
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

  record Unknown(String product) {}

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

  private final CountDownLatch decided = new CountDownLatch(1);

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
  void a_failed_send_of_what_a_handler_sent_is_an_error_of_the_handlers_span() throws Exception {
    try (MessageBus bus =
        start(
            c ->
                c.onCommand(
                        Quote.class,
                        (quote, context) -> {
                          broker.faults().failNextSends(1, SendFailure.REJECTED);
                          context.send(new Quote("q"));
                        })
                    .onFailure(noRetry()))) {
      bus.send(new Quote("p")).join();
      awaitDecided();
    }

    SpanData process = span("process quotes");
    assertThat(process.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(process.getAttributes().get(Telemetry.ERROR))
        .isEqualTo(SendException.class.getName());
    assertThat(process.getAttributes().get(Telemetry.OUTCOME)).isEqualTo("deadlettered");
    assertThat(attempts()).containsExactly("handled deadlettered " + SendException.class.getName());
  }

  @Test
  void what_can_not_be_handled_has_a_span_in_its_senders_trace_and_is_counted() throws Exception {
    Routes others =
        Routes.define(r -> r.command(Unknown.class).named("unknown.v1").toQueue("quotes"));
    try (MessageBus bus = start(c -> c.onCommand(Quote.class, (quote, context) -> {}));
        MessageBus sender =
            MessageBus.over(broker.transport())
                .named("other")
                .routes(others)
                .intercept(new Telemetry(openTelemetry, "inmemory"))
                .start()) {
      sender.send(new Unknown("p")).join();
      awaitDecided();
    }

    SpanData process = span("process quotes");
    assertThat(process.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(process.getParentSpanId()).isEqualTo(span("create quotes").getSpanId());
    assertThat(attempts())
        .containsExactly("not_handled deadlettered " + MessagingException.class.getName());
  }

  private void awaitDecided() throws InterruptedException {
    assertThat(decided.await(10, TimeUnit.SECONDS)).isTrue();
  }

  /** What is counted of attempts. */
  private List<String> attempts() {
    return metrics.collectAllMetrics().stream()
        .filter(metric -> metric.getName().equals("waybill.consumer.attempts"))
        .flatMap(metric -> metric.getLongSumData().getPoints().stream())
        .map(
            point ->
                point.getAttributes().get(Telemetry.HANDLING)
                    + " "
                    + point.getAttributes().get(Telemetry.OUTCOME)
                    + " "
                    + point.getAttributes().get(Telemetry.ERROR))
        .toList();
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
        .intercept(
            new Interceptor() {
              @Override
              public void decided(AttemptResult result) {
                decided.countDown();
              }
            })
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
