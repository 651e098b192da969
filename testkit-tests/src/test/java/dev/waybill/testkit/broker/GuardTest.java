package dev.waybill.testkit.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GuardTest {

  /** Starts the shared broker that its argument names, tells about it, and stays. */
  static final class Starter {

    private Starter() {}

    public static void main(String[] arguments) throws IOException {
      TestBroker started =
          switch (BrokerKind.valueOf(arguments[0])) {
            case KAFKA -> TestBrokers.kafka();
            case RABBITMQ -> TestBrokers.rabbitmq();
            case AWS -> TestBrokers.aws();
            case POSTGRESQL -> TestBrokers.postgresql();
          };
      LocalTestBroker broker = (LocalTestBroker) started;
      System.out.println(BrokerLife.processOf(broker).pid());
      System.out.println(broker.folder());
      if (System.in.read() >= 0) {
        System.exit(0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothing_is_left_when_the_jvm_is_killed(BrokerKind kind) throws IOException {
    Process jvm = startedJvm(kind);
    BufferedReader told = jvm.inputReader(UTF_8);
    ProcessHandle broker = ProcessHandle.of(Long.parseLong(told.readLine())).orElseThrow();
    Path folder = Path.of(told.readLine());
    List<ProcessHandle> all = BrokerLife.treeOf(broker);
    assertThat(broker.isAlive()).isTrue();

    jvm.destroyForcibly();

    assertNothingIsLeftOf(all, folder);
  }

  @ParameterizedTest
  @EnumSource
  void nothing_is_left_when_the_jvm_ends(BrokerKind kind) throws Exception {
    Process jvm = startedJvm(kind);
    BufferedReader told = jvm.inputReader(UTF_8);
    ProcessHandle broker = ProcessHandle.of(Long.parseLong(told.readLine())).orElseThrow();
    Path folder = Path.of(told.readLine());
    List<ProcessHandle> all = BrokerLife.treeOf(broker);

    jvm.outputWriter(UTF_8).append("end").close();
    jvm.waitFor();

    assertThat(folder).doesNotExist();
    assertNothingIsLeftOf(all, folder);
  }

  private static void assertNothingIsLeftOf(List<ProcessHandle> all, Path folder) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              assertThat(all).noneMatch(ProcessHandle::isAlive);
              assertThat(BrokerLife.processesIn(folder)).isEmpty();
              assertThat(folder).doesNotExist();
            });
  }

  private static Process startedJvm(BrokerKind kind) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Starter.class.getName(),
            kind.name());
    builder.environment().remove(kind.variable());
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
