package dev.waybill.testkit.broker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A broker's process under a guard ({@code guard.sh}), which kills it when this JVM has gone: the
 * guard's standard input is a pipe that only this JVM keeps open.
 *
 * <p>Signals go to the broker itself, through a handle that knows it apart from a later process
 * with the same id.
 */
final class GuardedProcess {

  private static final Duration PID_WITHIN = Duration.ofSeconds(30);
  private static final Duration END_WITHIN = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 10;
  private static final int REPORTED_LINES = 15;
  private static final Pattern PORT_TAKEN =
      Pattern.compile(
          "address already in use|eaddrinuse|port_already_used", Pattern.CASE_INSENSITIVE);

  private final Process guard;
  private final @Nullable ProcessHandle broker;
  private final Path log;

  private GuardedProcess(Process guard, @Nullable ProcessHandle broker, Path log) {
    this.guard = guard;
    this.broker = broker;
    this.log = log;
  }

  /** Starts {@code command} in {@code folder}, with its output in {@code log}. */
  static GuardedProcess start(BrokerCommand command, Path folder, Path log) throws IOException {
    Path pid = folder.resolve("broker.pid");
    Files.deleteIfExists(pid);
    Path script = Folders.copyResource("guard.sh", folder);
    List<String> line = new ArrayList<>(List.of("bash", script.toString(), folder.toString()));
    line.addAll(command.line());
    File output = log.toFile();
    ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
    builder.redirectErrorStream(true).redirectOutput(output);
    builder.environment().putAll(command.environment());
    builder.environment().values().removeIf(String::isEmpty);
    Process guard = builder.start();
    await(PID_WITHIN, () -> Files.exists(pid) || !guard.isAlive());
    if (!Files.exists(pid)) {
      guard.destroyForcibly();
      throw new BrokerUnavailableException("The guard did not run the broker: " + tail(log));
    }
    long id = Long.parseLong(Files.readString(pid).strip());
    return new GuardedProcess(guard, ProcessHandle.of(id).orElse(null), log);
  }

  /** The broker's process; none if it ended as soon as it was started. */
  Optional<ProcessHandle> handle() {
    return Optional.ofNullable(broker);
  }

  /** Whether the broker runs, or the guard is still clearing up after it. */
  boolean isAlive() {
    return guard.isAlive();
  }

  /** Waits until the output has {@code text}. */
  void awaitOutput(String text, Duration within) throws PortTakenException {
    boolean decided = await(within, () -> output(log).contains(text) || !isAlive());
    String output = output(log);
    if (output.contains(text)) {
      return;
    }
    if (!decided) {
      throw new BrokerUnavailableException(
          "The broker was not ready within " + within.toSeconds() + " s: " + tail(log));
    }
    if (PORT_TAKEN.matcher(output).find()) {
      throw new PortTakenException(tail(log));
    }
    throw new BrokerUnavailableException("The broker ended while it started: " + tail(log));
  }

  String output() {
    return output(log);
  }

  void signal(String name) throws IOException {
    if (broker != null && broker.isAlive()) {
      Folders.run(List.of("bash", "-c", "kill -s " + name + " " + broker.pid()));
    }
  }

  /** The same to all the processes that the broker has started, if it serves by them. */
  void signalChildren(String name) throws IOException {
    for (ProcessHandle child : children()) {
      // one that has just ended needs none
      Folders.run(
          List.of("bash", "-c", "kill -s " + name + " " + child.pid() + " 2>/dev/null || true"));
    }
  }

  private List<ProcessHandle> children() {
    return broker == null ? List.of() : broker.descendants().toList();
  }

  /** Freezes the process, and returns when all of its threads stand still. */
  void freeze() throws IOException {
    signal("STOP");
    if (broker != null && !await(END_WITHIN, () -> !broker.isAlive() || isFrozen(broker.pid()))) {
      throw new BrokerUnavailableException("Still running after SIGSTOP: " + broker.pid());
    }
  }

  /** As Linux tells; where nothing does, the signal is believed to have come. */
  private static boolean isFrozen(long pid) {
    Path threads = Path.of("/proc", Long.toString(pid), "task");
    try (DirectoryStream<Path> each = Files.newDirectoryStream(threads)) {
      for (Path thread : each) {
        String stat = Files.readString(thread.resolve("stat"), ISO_8859_1);
        if (Character.toUpperCase(stat.charAt(stat.lastIndexOf(')') + 2)) != 'T') {
          return false;
        }
      }
      return true;
    } catch (IOException | DirectoryIteratorException e) {
      return !Files.exists(threads); // no /proc; else a thread has ended meanwhile
    }
  }

  void kill() {
    List<ProcessHandle> children = children();
    handle().ifPresent(ProcessHandle::destroyForcibly);
    children.forEach(ProcessHandle::destroyForcibly);
    if (!await(
        END_WITHIN, () -> !guard.isAlive() && children.stream().allMatch(GuardedProcess::isGone))) {
      throw new BrokerUnavailableException(
          "Still there after SIGKILL: " + guard.descendants().toList());
    }
  }

  /**
   * Whether nothing of a process runs; one that its parent has not asked for may still be listed.
   */
  private static boolean isGone(ProcessHandle process) {
    if (!process.isAlive()) {
      return true;
    }
    Path stat = Path.of("/proc", Long.toString(process.pid()), "stat");
    try {
      String line = Files.readString(stat, ISO_8859_1);
      return line.charAt(line.lastIndexOf(')') + 2) == 'Z';
    } catch (IOException e) {
      return !process.isAlive();
    }
  }

  /** Ends the broker by SIGTERM; false if it had to be killed. */
  boolean terminate() {
    handle().ifPresent(ProcessHandle::destroy);
    boolean ended = await(END_WITHIN, () -> !guard.isAlive());
    if (!ended) {
      kill();
    }
    return ended;
  }

  private static boolean await(Duration within, BooleanSupplier condition) {
    long deadline = System.nanoTime() + within.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      try {
        MILLISECONDS.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new BrokerUnavailableException("Interrupted while waiting for a broker", e);
      }
    }
    return true;
  }

  private static String output(Path log) {
    try {
      return new String(Files.readAllBytes(log), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String tail(Path log) {
    List<String> lines = output(log).lines().toList();
    List<String> last = lines.subList(Math.max(0, lines.size() - REPORTED_LINES), lines.size());
    return "its output ends with\n" + String.join("\n", last);
  }
}
