package dev.waybill.testkit.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Erlang's port mapper (epmd), by which the nodes of a RabbitMQ cluster find each other. */
final class PortMapper implements ClusterNodes.Shared {

  private static final Duration READY_WITHIN = Duration.ofMinutes(1);

  private final int port;
  private @Nullable Path folder;
  private @Nullable GuardedProcess process;

  PortMapper(int port) {
    this.port = port;
  }

  @Override
  public synchronized void launch() throws PortTakenException {
    try {
      Path made = Files.createTempDirectory("waybill-epmd-");
      folder = made;
      Path script = Folders.copyResource("epmd.sh", made);
      BrokerCommand command =
          new BrokerCommand(
              List.of("bash", "-c", ". " + script + "; start_epmd; echo epmd serves; wait"),
              Map.of("ERL_EPMD_PORT", String.valueOf(port)),
              "epmd serves");
      GuardedProcess started = GuardedProcess.start(command, made, made.resolve("output.log"));
      process = started;
      started.awaitOutput(command.ready(), READY_WITHIN);
    } catch (IOException e) {
      throw new BrokerUnavailableException("Erlang's epmd could not be run", e);
    }
  }

  @Override
  public synchronized void close() {
    if (process != null) {
      process.kill();
    }
    if (folder != null) {
      try {
        Folders.delete(folder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
