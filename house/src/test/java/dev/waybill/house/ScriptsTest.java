package dev.waybill.house;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What the scripts say before they do anything. */
@EnabledOnOs({OS.LINUX, OS.MAC})
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScriptsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir private Path folder;

  private record Result(int code, String out, String err) {}

  @Test
  void help_is_what_was_asked_for() throws Exception {
    assertThat(run(Map.of(), "demo", "--help"))
        .isEqualTo(new Result(0, "usage: ./demo [memory|kafka|rabbitmq|aws|all]\n", ""));
  }

  @Test
  void a_demo_of_two_brokers_is_refused() throws Exception {
    assertThat(run(Map.of(), "demo", "kafka", "rabbitmq"))
        .isEqualTo(new Result(2, "", "usage: ./demo [memory|kafka|rabbitmq|aws|all]\n"));
  }

  @Test
  void a_bench_of_an_unknown_broker_is_refused_before_anything_is_installed() throws Exception {
    assertThat(run(Map.of(), "bench/run", "kakfa"))
        .isEqualTo(new Result(2, "", "bench/run: 'kakfa' is unknown: see bench/run --help\n"));
  }

  @Test
  void a_relative_cache_of_brokers_is_refused() throws Exception {
    assertThat(run(Map.of("WAYBILL_BROKERS", "brokers"), "testkit/brokers/install", "kafka"))
        .isEqualTo(
            new Result(
                1,
                "",
                "brokers    the cache folder 'brokers' is relative: give WAYBILL_BROKERS or XDG_CACHE_HOME an absolute path\n"));
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_jdk_is_looked_for_from_where_the_check_was_called() throws Exception {
    assertThat(run(Map.of(), "check", "--jdk", "jdk").err())
        .isEqualTo(
            "check: %s/jdk is no JDK, it has no bin/javac: Waybill needs JDK 17 or newer, name one with --jdk DIR or JAVA_HOME\n"
                .formatted(folder.toRealPath()));
  }

  @Test
  void a_demo_without_a_jdk_says_so() throws Exception {
    assertThat(run(Map.of("JAVA_HOME", "/nowhere"), "demo"))
        .isEqualTo(
            new Result(
                1,
                "",
                "demo: /nowhere is no JDK, it has no bin/javac: Waybill needs JDK 17 or newer, name one with JAVA_HOME\n"));
  }

  @Test
  @EnabledOnOs(OS.LINUX) // which has flock
  void one_run_in_a_checkout_waits_for_another() throws Exception {
    Process first = locking("first");
    Process second;
    try (BufferedReader said = first.inputReader(UTF_8)) {
      assertThat(said.readLine()).isEqualTo("locked");
      second = locking("second");
      assertThat(second.errorReader(UTF_8).readLine())
          .isEqualTo("second: waiting for another run in this checkout …");
      first.getOutputStream().close();
      assertThat(first.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      first.destroyForcibly();
    }
    try (BufferedReader said = second.inputReader(UTF_8)) {
      assertThat(said.readLine()).isEqualTo("locked");
      second.getOutputStream().close();
      assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      second.destroyForcibly();
    }
  }

  /** A process that locks the folder until its standard input ends. */
  private Process locking(String name) throws IOException {
    String lines = "script=" + name + "; . \"$1\"; lock -x; echo locked; read -r _ || exit 0";
    Path common = ROOT.resolve("house/scripts/common.sh");
    return new ProcessBuilder("bash", "-euc", lines, name, common.toString())
        .directory(folder.toFile())
        .start();
  }

  private Result run(Map<String, String> environment, String script, String... arguments)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(ROOT.resolve(script).toString());
    builder.command().addAll(List.of(arguments));
    builder.directory(folder.toFile()).environment().putAll(environment);
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), UTF_8);
      String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
      return new Result(process.waitFor(), out, err);
    } finally {
      process.destroyForcibly();
    }
  }
}
