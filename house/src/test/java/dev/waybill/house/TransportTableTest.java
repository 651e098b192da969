package dev.waybill.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.waybill.transport.Capabilities.Feature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The README's transport table says what the conformance reports say, which every build writes. */
class TransportTableTest {
  private static final Path README = Path.of("../README.md");
  private static final Path REPORTS =
      Path.of(System.getProperty("waybill.conformance", "../target/conformance"));
  private static final String BEGIN = "<!-- transports: begin; written by TransportTableTest -->\n";
  private static final String END = "<!-- transports: end -->";

  @Test
  void the_table_in_the_readme_is_what_the_conformance_reports_say() throws IOException {
    String readme = Files.readString(README);
    int begin = readme.indexOf(BEGIN) + BEGIN.length();
    int end = readme.indexOf(END);
    String table = table();
    if (Boolean.getBoolean("table.update")) {
      Files.writeString(README, readme.substring(0, begin) + table + readme.substring(end));
      return;
    }
    assertThat(readme.substring(begin, end))
        .as(
            "the table is out of date; this writes it anew from the reports of the last run: ./mvnw -pl house -am test -Dtest=TransportTableTest -Dtable.update=true")
        .isEqualTo(table);
  }

  @Test
  void no_case_of_a_report_has_failed_and_none_is_without_a_reason() throws IOException {
    List<JsonNode> all = new ArrayList<>(reports().values());
    all.add(report("kafka-failover"));
    all.add(report("kafka-newer-protocol-failover"));
    all.add(report("kafka-newer-protocol-faults"));
    all.add(report("kafka-share"));
    all.add(report("kafka-share-failover"));
    all.add(report("aws-sdk1"));
    for (JsonNode report : all) {
      assertThat(report.path("failed").asInt())
          .as("failed on %s", report.path("transport"))
          .isZero();
      for (JsonNode row : report.path("cases")) {
        assertThat(row.path("id").asText()).as("%s", row).matches("[A-M][0-9]{1,2}");
        if (!row.path("result").asText().equals("passed")) {
          assertThat(row.path("reason").asText()).as("%s", row).isNotBlank();
        }
      }
    }
  }

  private static String table() throws IOException {
    Map<String, JsonNode> reports = reports();
    StringBuilder table = new StringBuilder("| |");
    reports.keySet().forEach(name -> table.append(' ').append(name).append(" |"));
    table.append("\n| --- |").append(" --- |".repeat(reports.size())).append('\n');
    for (Feature feature : Feature.values()) {
      row(
          table,
          feature.name().toLowerCase(Locale.ROOT).replace('_', ' '),
          reports,
          capabilities -> inWords(capabilities.path(feature.name())));
    }
    row(
        table,
        "largest body",
        reports,
        capabilities -> bytes(capabilities.path("maxBodyBytes").asLong()));
    table.append("| contract cases passed, emulated, refused |");
    for (JsonNode report : reports.values()) {
      table.append(
          " %d, %d, %d |"
              .formatted(
                  report.path("passed").asInt(),
                  report.path("emulated").asInt(),
                  report.path("refused").asInt()));
    }
    return table.append('\n').toString();
  }

  private static Map<String, JsonNode> reports() throws IOException {
    Map<String, JsonNode> reports = new LinkedHashMap<>();
    reports.put("in-memory", report("inmemory"));
    reports.put("Kafka", report("kafka"));
    reports.put("RabbitMQ", report("rabbitmq"));
    reports.put("SNS/SQS", report("aws"));
    return reports;
  }

  private static JsonNode report(String transport) throws IOException {
    Path file = REPORTS.resolve(transport + ".json");
    assertThat(file)
        .as("the contract suite writes it: run ./check, or the contract tests of all transports")
        .exists();
    return new ObjectMapper().readTree(file.toFile());
  }

  private static void row(
      StringBuilder table,
      String what,
      Map<String, JsonNode> reports,
      Function<JsonNode, String> cell) {
    table.append("| ").append(what).append(" |");
    for (JsonNode report : reports.values()) {
      String plain = cell.apply(report.path("capabilities").path("unkeyed"));
      String keyed = cell.apply(report.path("capabilities").path("keyed"));
      table.append(' ').append(plain);
      if (!plain.equals(keyed)) {
        table.append("; keyed: ").append(keyed);
      }
      table.append(" |");
    }
    table.append('\n');
  }

  private static String inWords(JsonNode support) {
    String level = support.path("level").asText();
    String limit = support.path("limit").asText();
    return limit.isEmpty() ? level : level + " to " + inWords(Duration.parse(limit));
  }

  private static String inWords(Duration limit) {
    if (limit.toDays() > 1 && limit.toHours() % 24 == 0) {
      return limit.toDays() + " days";
    }
    return limit.toMinutes() % 60 == 0 ? limit.toHours() + " h" : limit.toMinutes() + " min";
  }

  private static String bytes(long bytes) {
    return bytes >= 1024 * 1024 && bytes % (1024 * 1024) == 0
        ? bytes / (1024 * 1024) + " MiB"
        : bytes / 1024 + " KiB";
  }
}
