package dev.waybill.examples.telemetry;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.PointData;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Spans and metrics as text, without what differs from run to run. */
final class Report {
  private Report() {}

  static String trace(List<SpanData> spans) {
    StringBuilder text = new StringBuilder("trace\n");
    append(text, spans, SpanId.getInvalid(), "  ");
    return text.append('\n').toString();
  }

  private static void append(
      StringBuilder text, List<SpanData> spans, String parent, String indent) {
    spans.stream()
        .filter(span -> span.getParentSpanId().equals(parent))
        .sorted(
            Comparator.comparing(SpanData::getName)
                .thenComparing(span -> String.valueOf(span.getAttributes().get(Telemetry.ATTEMPT))))
        .forEach(
            span -> {
              text.append(
                      "%-26s%-10s%s"
                          .formatted(indent + span.getName(), span.getKind(), notes(span))
                          .stripTrailing())
                  .append('\n');
              append(text, spans, span.getSpanId(), indent + "  ");
            });
  }

  private static String notes(SpanData span) {
    return List.of(Telemetry.ATTEMPT, Telemetry.OUTCOME, Telemetry.ERROR).stream()
        .filter(key -> span.getAttributes().get(key) != null)
        .map(key -> key.getKey() + "=" + span.getAttributes().get(key))
        .collect(Collectors.joining(" "));
  }

  static String example(List<SpanData> spans, String name) {
    SpanData span =
        spans.stream().filter(one -> one.getName().equals(name)).findFirst().orElseThrow();
    StringBuilder text = new StringBuilder(name + "\n");
    sorted(span.getAttributes())
        .forEach((key, value) -> text.append("  %-40s%s\n".formatted(key, value)));
    return text.append('\n').toString();
  }

  static String counted(Collection<MetricData> metrics) {
    return points("counters, and histograms with their counts", metrics, point -> true);
  }

  static String gaugesOf(String source, Collection<MetricData> metrics) {
    return points(
        "gauges of " + source + ", while it is handled",
        metrics,
        point -> source.equals(point.getAttributes().get(Telemetry.SOURCE)));
  }

  private static String points(
      String title, Collection<MetricData> metrics, Predicate<PointData> wanted) {
    TreeSet<String> lines = new TreeSet<>();
    for (MetricData metric : metrics) {
      metric.getData().getPoints().stream()
          .filter(wanted)
          .map(point -> line(metric, point))
          .forEach(lines::add);
    }
    return title + "\n" + String.join("", lines) + "\n";
  }

  private static String line(MetricData metric, PointData point) {
    String where =
        sorted(point.getAttributes()).entrySet().stream()
            .filter(one -> !one.getKey().startsWith("messaging.operation"))
            .filter(one -> !one.getKey().equals(Telemetry.SYSTEM.getKey()))
            .map(one -> one.getKey() + "=" + one.getValue())
            .collect(Collectors.joining(" "));
    return "  %-36s %-10s %-4s %s\n"
        .formatted(metric.getName(), metric.getUnit(), value(point), where);
  }

  /** Of a time no more than whether there is one. */
  private static String value(PointData point) {
    if (point instanceof LongPointData number) {
      return Long.toString(number.getValue());
    }
    if (point instanceof HistogramPointData histogram) {
      return Long.toString(histogram.getCount());
    }
    return point instanceof DoublePointData number && number.getValue() > 0 ? "> 0" : "0";
  }

  private static Map<String, Object> sorted(Attributes attributes) {
    Map<String, Object> sorted = new TreeMap<>();
    attributes.forEach((AttributeKey<?> key, Object value) -> sorted.put(key.getKey(), value));
    return sorted;
  }
}
