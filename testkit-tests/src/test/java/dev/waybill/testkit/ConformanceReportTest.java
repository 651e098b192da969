package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.waybill.transport.inmemory.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.api.Assumptions;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** A report has a row for each case of its suite, whatever kept it from being run. */
class ConformanceReportTest {
  /** Run by this test alone. */
  static class Broken extends ContractSupport {
    private final TransportHarness harness = new InMemoryHarness(Profile.NONE);

    @Override
    protected TransportHarness harness() {
      return harness;
    }

    @Override
    protected String reportName() {
      return getClass().getSimpleName();
    }

    @BeforeEach
    void set_up(TestInfo test) {
      if (test.getDisplayName().startsWith("set_up_throws")) {
        throw new IllegalStateException("no broker");
      }
    }

    @Test
    @Case("A1")
    void passes() {}

    @Test
    @Case("A2")
    void fails() {
      assertThat(1).as("one").isEqualTo(2);
    }

    @Test
    @Case("A3")
    void set_up_throws() {}

    @Test
    @Case("A4")
    void is_aborted() {
      Assumptions.assumeThat(1).as("one").isEqualTo(2);
    }

    @Test
    @Case("A5")
    @Disabled("for now")
    void is_disabled() {}
  }

  /** The same, of which not all is run. */
  static final class LeftOut extends Broken {}

  @AfterEach
  void remove_the_reports() throws IOException {
    for (Class<?> suite : List.of(Broken.class, LeftOut.class)) {
      Files.deleteIfExists(file(suite, ".json"));
      Files.deleteIfExists(file(suite, ".md"));
    }
  }

  @Test
  void a_case_that_is_not_run_to_its_end_has_failed_with_the_reason() throws IOException {
    run(selectClass(Broken.class));
    assertThat(rows(Broken.class))
        .satisfiesExactly(
            row -> assertThat(row).isEqualTo(tuple("A1 passes", "passed", "")),
            row -> assertFailed(row, "A2 fails", "[one]"),
            row -> assertFailed(row, "A3 set up throws", "IllegalStateException: no broker"),
            row -> assertFailed(row, "A4 is aborted", "aborted: "),
            row -> assertFailed(row, "A5 is disabled", "disabled: for now"));
  }

  @Test
  void a_case_that_is_left_out_has_failed() throws IOException {
    run(selectMethod(LeftOut.class, "passes"));
    assertThat(rows(LeftOut.class))
        .contains(tuple("A1 passes", "passed", ""), tuple("A3 set up throws", "failed", "not run"));
  }

  private static void assertFailed(Tuple row, String name, String why) {
    assertThat(row.toList()).startsWith(name, "failed");
    assertThat(row.toList().get(2)).asString().contains(why);
  }

  private static void run(DiscoverySelector selector) {
    LauncherFactory.create()
        .execute(LauncherDiscoveryRequestBuilder.request().selectors(selector).build());
  }

  private static Stream<Tuple> rows(Class<?> suite) throws IOException {
    JsonNode report = new ObjectMapper().readTree(file(suite, ".json").toFile());
    return StreamSupport.stream(report.path("cases").spliterator(), false)
        .map(
            row ->
                tuple(
                    row.path("id").asText() + " " + row.path("case").asText(),
                    row.path("result").asText(),
                    row.path("reason").asText()));
  }

  private static Path file(Class<?> suite, String ending) {
    return ReportFile.folder().resolve(suite.getSimpleName() + ending);
  }
}
