package dev.waybill.examples.killed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A process that only consumes lives until it is told to end (SIGTERM), and ends what it has begun.
 */
class ToldToEndTest {
  private static final int BY_SIGTERM = 128 + 15;

  @Test
  void what_runs_is_handled_to_its_end() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                ServiceProcess.class.getName())
            .redirectErrorStream(true)
            .start();
    CompletableFuture.delayedExecutor(120, TimeUnit.SECONDS).execute(process::destroyForcibly);
    try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
      readUntil(said, "begins 1");

      process.toHandle().destroy();
      readUntil(said, "told to end");
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();

      readUntil(said, "handled 1");
      while (said.readLine() != null) {
        // what it logs, to its end
      }
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(BY_SIGTERM);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void the_page_shows_the_program_that_is_run() throws Exception {
    String source =
        Files.readString(Path.of("src/test/java/dev/waybill/examples/killed/ServiceProcess.java"));
    String region =
        source
            .substring(
                source.indexOf("// tag::service[]\n") + "// tag::service[]\n".length(),
                source.indexOf("    // end::service[]"))
            .indent(-4)
            .strip();

    assertThat(Files.readString(Path.of("../docs/getting-started.md"))).contains(region);
  }

  private static void readUntil(BufferedReader said, String line) throws Exception {
    String read = said.readLine();
    while (read != null && !read.equals(line)) {
      read = said.readLine();
    }
    assertThat(read).isEqualTo(line);
  }
}
