package dev.waybill.examples.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What OpenTelemetry is told is what the page says. */
class TelemetryTest {
  private static final Path PAGE = Path.of("02-telemetry.md");

  @Test
  void the_trace_and_the_metrics_are_those_on_the_page() throws Exception {
    assertThat(TelemetryDemo.over("memory:" + UUID.randomUUID()).strip()).isEqualTo(onThePage());
  }

  private static String onThePage() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf("```text\n") + "```text\n".length();
    return page.substring(begin, page.indexOf("```", begin)).strip();
  }
}
