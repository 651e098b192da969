package dev.waybill.testkit.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A broker that this JVM has started, in a folder of its own. */
abstract sealed class LocalTestBroker implements TestBroker
    permits KafkaTestBroker, RabbitTestBroker, AwsTestBroker, PostgresTestServer {

  private static final Duration READY_WITHIN = Duration.ofMinutes(2);
  private static final int ATTEMPTS = 5;

  private final BrokerKind kind;
  private final Path folder;
  private @Nullable GuardedProcess process;
  private String startOutput = "";
  private int starts;
  private boolean paused;
  private boolean shared;
  private boolean closed;

  LocalTestBroker(BrokerKind kind) {
    this.kind = kind;
    try {
      this.folder = Files.createTempDirectory("waybill-" + kind.argument() + "-");
    } catch (IOException e) {
      throw new BrokerUnavailableException("No temporary folder for " + kind.product(), e);
    }
  }

  /** Makes a broker, with ports and a folder of its own. */
  interface Attempt<B> {
    B make();
  }

  /** Starts a broker; again with new ports if another process takes one of them. */
  static <B extends LocalTestBroker> B launch(Attempt<B> attempt) {
    for (int count = 1; ; count++) {
      B broker = attempt.make();
      try {
        broker.launch();
        return broker;
      } catch (PortTakenException e) {
        broker.end();
        if (count == ATTEMPTS) {
          throw new BrokerUnavailableException("No port stayed free: " + e.getMessage(), e);
        }
      } catch (RuntimeException e) {
        broker.end();
        throw e;
      }
    }
  }

  /** Writes what the broker needs before its first start. */
  abstract void prepare(Path folder) throws IOException;

  /** How the broker is run on what {@link #prepare} has written. */
  abstract BrokerCommand command(Path folder) throws IOException;

  @Override
  public final synchronized void kill() {
    if (isRunning() && !paused) {
      beforeKill();
    }
    killProcess();
  }

  /** Does what makes a kill of the serving broker lose no more than a test may count on. */
  void beforeKill() {}

  /** Says what else than SIGTERM makes the process end although it has clients. */
  void beforeStop(GuardedProcess process) {}

  private void killProcess() {
    if (process != null) {
      process.kill();
    }
    paused = false;
  }

  @Override
  public final synchronized void pause() {
    try {
      running().freeze();
      if (kind.servesByChildren()) {
        running().signalChildren("STOP");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    paused = true;
  }

  @Override
  public final synchronized void resume() {
    try {
      running().signal("CONT");
      if (kind.servesByChildren()) {
        running().signalChildren("CONT");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    paused = false;
  }

  @Override
  public final synchronized void restart() {
    if (closed) {
      throw new BrokerUnavailableException(kind.product() + " has been closed: start a new one");
    }
    stop();
    try {
      run();
    } catch (PortTakenException e) {
      throw new BrokerUnavailableException(
          "Another process took a port of " + kind.product() + " while it was down", e);
    }
  }

  @Override
  public final synchronized void stop() {
    if (!isRunning()) {
      return;
    }
    resume();
    beforeStop(running());
    if (!running().terminate()) {
      throw new BrokerUnavailableException(kind.product() + " did not stop and has been killed");
    }
  }

  @Override
  public final void close() {
    if (!shared) {
      end();
    }
  }

  /** Ends the broker, whoever uses it. */
  final synchronized void end() {
    closed = true;
    killProcess();
    try {
      Folders.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes {@link #close()} spare the broker. */
  final void share() {
    shared = true;
  }

  final synchronized boolean isRunning() {
    return process != null && process.isAlive();
  }

  final synchronized GuardedProcess running() {
    GuardedProcess current = process;
    if (current == null || !current.isAlive()) {
      throw new BrokerUnavailableException(kind.product() + " is not running: restart() it first");
    }
    return current;
  }

  /** What the broker printed until it was ready. */
  final synchronized String startOutput() {
    return startOutput;
  }

  final BrokerKind kind() {
    return kind;
  }

  /** All that the broker has written. */
  final Path folder() {
    return folder;
  }

  final synchronized void launch() throws PortTakenException {
    try {
      prepare(folder);
    } catch (IOException e) {
      throw new BrokerUnavailableException(kind.product() + " could not be set up", e);
    }
    run();
  }

  private void run() throws PortTakenException {
    starts++;
    boolean ready = false;
    try {
      BrokerCommand command = command(folder);
      Path log = folder.resolve("output-" + starts + ".log");
      GuardedProcess started = GuardedProcess.start(command, folder, log);
      process = started;
      started.awaitOutput(command.ready(), READY_WITHIN);
      startOutput = started.output();
      ready = true;
    } catch (IOException e) {
      throw new BrokerUnavailableException(kind.product() + " could not be run", e);
    } finally {
      if (!ready) {
        killProcess();
      }
    }
  }
}
