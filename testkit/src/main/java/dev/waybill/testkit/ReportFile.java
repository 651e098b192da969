package dev.waybill.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.waybill.testkit.ConformanceReport.Row;
import dev.waybill.testkit.ConformanceReport.Status;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The conformance report of one transport: {@code <name>.json} for programs and {@code <name>.md}
 * for people, in the folder that the system property {@value #FOLDER} names, {@code
 * target/conformance} unless it is set.
 */
final class ReportFile {
  static final String FOLDER = "waybill.conformance";

  /** A product, its version, and what else may be said: {@code Kafka 4.4.0, 3 nodes}. */
  private static final Pattern VERSIONED = Pattern.compile("(.+?) (\\d[^ ,]*).*");

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final String name;
  private final String broker;
  private final Transport transport;
  private final Map<String, Row> rows = new TreeMap<>(ReportFile::byNumber);

  ReportFile(String name, String broker, Transport transport) {
    this.name = name;
    this.broker = broker;
    this.transport = transport;
  }

  synchronized void add(Row row) {
    rows.merge(keyOf(row), row, ReportFile::worse);
  }

  synchronized void addIfAbsent(Row row) {
    rows.putIfAbsent(keyOf(row), row);
  }

  private static String keyOf(Row row) {
    return row.id() + " " + row.name();
  }

  /** A case that is run again does not make good that it has failed. */
  private static Row worse(Row had, Row now) {
    return had.status() == Status.FAILED ? had : now;
  }

  synchronized void write() {
    write(".json", json());
    write(".md", markdown());
  }

  /** The folder of all reports. */
  static Path folder() {
    return Path.of(System.getProperty(FOLDER, "target/conformance"));
  }

  private void write(String ending, String text) {
    try {
      Files.createDirectories(folder());
      Files.writeString(folder().resolve(name + ending), text);
    } catch (IOException e) {
      throw new UncheckedIOException("the conformance report could not be written", e);
    }
  }

  private String json() {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("transport", name);
    Matcher versioned = VERSIONED.matcher(broker);
    report.put("broker", versioned.matches() ? versioned.group(1) : broker);
    report.put("version", versioned.matches() ? versioned.group(2) : "");
    for (Status status : Status.values()) {
      report.put(status.name().toLowerCase(Locale.ROOT), count(status));
    }
    report.put(
        "capabilities",
        Map.of(
            "keyed",
            capabilities(transport.capabilities(true)),
            "unkeyed",
            capabilities(transport.capabilities(false))));
    List<Map<String, String>> cases = new ArrayList<>();
    for (Row row : rows.values()) {
      Map<String, String> each = new LinkedHashMap<>();
      each.put("id", row.id());
      each.put("case", row.name());
      each.put("result", row.status().name().toLowerCase(Locale.ROOT));
      each.put("reason", row.reason());
      cases.add(each);
    }
    report.put("cases", cases);
    try {
      return JSON.writeValueAsString(report) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report of strings and numbers can be written", e);
    }
  }

  private static Map<String, Object> capabilities(Capabilities capabilities) {
    Map<String, Object> all = new LinkedHashMap<>();
    for (Feature feature : Feature.values()) {
      Support support = capabilities.support(feature);
      Map<String, String> each = new LinkedHashMap<>();
      each.put("level", support.level().name().toLowerCase(Locale.ROOT));
      each.put("limit", support.limit() == null ? "" : support.limit().toString());
      each.put("note", support.note());
      all.put(feature.name(), each);
    }
    all.put("maxBodyBytes", capabilities.maxBodyBytes());
    return all;
  }

  private String markdown() {
    StringBuilder text = new StringBuilder();
    text.append("# Conformance of ").append(name).append("\n\nBroker: ").append(broker);
    text.append(". ");
    for (Status status : Status.values()) {
      text.append(count(status))
          .append(' ')
          .append(status.name().toLowerCase(Locale.ROOT))
          .append(status == Status.FAILED ? ".\n\n" : ", ");
    }
    text.append("| case | | result | reason |\n| --- | --- | --- | --- |\n");
    for (Row row : rows.values()) {
      text.append(
          "| %s | %s | %s | %s |\n"
              .formatted(
                  row.id(),
                  row.name(),
                  row.status().name().toLowerCase(Locale.ROOT),
                  row.reason().replace("|", "\\|").replace('\n', ' ')));
    }
    return text.toString();
  }

  private long count(Status status) {
    return rows.values().stream().filter(row -> row.status() == status).count();
  }

  /** A2 before A10. */
  private static int byNumber(String a, String b) {
    return padded(a).compareTo(padded(b));
  }

  private static String padded(String key) {
    int end = key.indexOf(' ');
    return end == 2 ? key.charAt(0) + "0" + key.substring(1) : key;
  }
}
