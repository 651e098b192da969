package dev.waybill.house;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The README's transport table says what the transports themselves say. */
class TransportTableTest {
  private static final Path README = Path.of("../README.md");
  private static final String BEGIN = "<!-- transports: begin; written by TransportTableTest -->\n";
  private static final String END = "<!-- transports: end -->";

  @Test
  void the_table_in_the_readme_is_what_the_transports_say() throws IOException {
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
            "the table is out of date; this writes it anew: ./mvnw -pl house -am test -Dtest=TransportTableTest -Dtable.update=true")
        .isEqualTo(table);
  }

  private static String table() {
    Map<String, Transport> transports = new LinkedHashMap<>();
    transports.put("in-memory", Transport.at("memory:"));
    transports.put("Kafka", Transport.at("kafka://localhost:9092"));
    transports.put("RabbitMQ", Transport.at("amqp://localhost"));
    transports.put("SNS/SQS", Transport.at("aws://eu-west-1"));
    StringBuilder table = new StringBuilder("| |");
    transports.keySet().forEach(name -> table.append(' ').append(name).append(" |"));
    table.append("\n| --- |").append(" --- |".repeat(transports.size())).append('\n');
    for (Feature feature : Feature.values()) {
      row(
          table,
          inWords(feature),
          transports,
          capabilities -> inWords(capabilities.support(feature)));
    }
    row(table, "largest body", transports, capabilities -> bytes(capabilities.maxBodyBytes()));
    return table.toString();
  }

  private static void row(
      StringBuilder table,
      String what,
      Map<String, Transport> transports,
      Function<Capabilities, String> cell) {
    table.append("| ").append(what).append(" |");
    for (Transport transport : transports.values()) {
      String plain = cell.apply(transport.capabilities(false));
      String keyed = cell.apply(transport.capabilities(true));
      table.append(' ').append(plain);
      if (!plain.equals(keyed)) {
        table.append("; keyed: ").append(keyed);
      }
      table.append(" |");
    }
    table.append('\n');
  }

  private static String inWords(Feature feature) {
    return feature.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String inWords(Support support) {
    String level = support.level().name().toLowerCase(Locale.ROOT);
    Duration limit = support.limit();
    return limit == null ? level : level + " to " + inWords(limit);
  }

  private static String inWords(Duration limit) {
    return limit.toMinutes() % 60 == 0 ? limit.toHours() + " h" : limit.toMinutes() + " min";
  }

  private static String bytes(long bytes) {
    return bytes >= 1024 * 1024 && bytes % (1024 * 1024) == 0
        ? bytes / (1024 * 1024) + " MiB"
        : bytes / 1024 + " KiB";
  }
}
