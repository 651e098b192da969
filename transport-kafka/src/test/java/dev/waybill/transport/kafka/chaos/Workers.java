package dev.waybill.transport.kafka.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.delivery.DeliveryGuarantee;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/** The consumer processes, each of which has a successor when it has ended. */
final class Workers implements AutoCloseable {
  private static final int END_WITHIN_SECONDS = 60;
  private static final int LOG_LINES = 1_000;
  private static final Duration ANSWER = Duration.ofSeconds(20);

  private final String servers;
  private final DeliveryGuarantee guarantee;
  private final Path folder;
  private final List<Process> running = new ArrayList<>();
  private final List<Path> journals = new ArrayList<>();
  private final Map<Process, Path> logs = new HashMap<>();

  Workers(String servers, DeliveryGuarantee guarantee, Path folder, int count) throws IOException {
    this.servers = servers;
    this.guarantee = guarantee;
    this.folder = folder;
    for (int i = 0; i < count; i++) {
      running.add(start());
    }
  }

  List<Path> journals() {
    return journals;
  }

  int count() {
    return running.size();
  }

  /** SIGKILL; another one takes its place. */
  void kill(int worker) throws IOException, InterruptedException {
    running.get(worker).destroyForcibly().waitFor();
    running.set(worker, start());
  }

  /** SIGTERM, as an orchestrator does; another one takes its place. */
  void restart(int worker) throws IOException, InterruptedException {
    Process old = running.get(worker);
    old.destroy();
    assertThat(old.waitFor(END_WITHIN_SECONDS, TimeUnit.SECONDS)).as("ends in time").isTrue();
    running.set(worker, start());
  }

  /** SIGSTOP: neither the broker nor the process itself notices at once. */
  void pause(int worker) throws IOException, InterruptedException {
    signal("STOP", worker);
  }

  void resume(int worker) throws IOException, InterruptedException {
    signal("CONT", worker);
  }

  /** Each worker's health and threads, and the end of its log. */
  List<String> describe() throws IOException {
    for (Process process : running) {
      if (process.isAlive()) {
        process.getOutputStream().write('?');
        process.getOutputStream().flush();
      }
    }
    List<String> lines = new ArrayList<>();
    for (Process process : running) {
      Path log = logs.get(process);
      boolean answered = answers(process, log);
      lines.add(
          "-- worker %d, %s, %s"
              .formatted(
                  process.pid(),
                  log.getFileName(),
                  process.isAlive() ? "answers: " + answered : "ended: " + process.exitValue()));
      List<String> all = Files.readAllLines(log);
      lines.addAll(all.subList(Math.max(0, all.size() - LOG_LINES), all.size()));
    }
    return lines;
  }

  /** A worker that is paused, or has ended, does not. */
  private static boolean answers(Process process, Path log) {
    try {
      await()
          .atMost(ANSWER)
          .until(() -> !process.isAlive() || Files.readString(log).contains(ChaosWorker.DESCRIBED));
    } catch (ConditionTimeoutException e) {
      return false;
    }
    return process.isAlive();
  }

  private void signal(String name, int worker) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("kill", "-" + name, Long.toString(running.get(worker).pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  private Process start() throws IOException {
    Path journal = folder.resolve("worker-%d.journal".formatted(journals.size()));
    journals.add(journal);
    Path log = Path.of(journal + ".log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                ChaosWorker.class.getName(),
                servers,
                guarantee.name(),
                journal.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    logs.put(process, log);
    return process;
  }

  @Override
  public void close() throws InterruptedException {
    for (Process process : running) {
      process.destroyForcibly().waitFor();
    }
  }
}
