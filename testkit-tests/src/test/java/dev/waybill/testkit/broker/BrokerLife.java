package dev.waybill.testkit.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What must be left of a broker: nothing. */
final class BrokerLife {

  private BrokerLife() {}

  static ProcessHandle processOf(LocalTestBroker broker) {
    return broker.running().handle().orElseThrow();
  }

  /**
   * The processes that have {@code folder} in their command line: the broker, its guard, its epmd.
   */
  static List<ProcessHandle> processesIn(Path folder) {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(folder.toString()))
        .toList();
  }

  static void assertNothingIsLeftOf(LocalTestBroker broker) {
    assertThat(broker.folder()).doesNotExist();
    // nobody waits for the death of what the guard ends last
    await().untilAsserted(() -> assertThat(processesIn(broker.folder())).isEmpty());
    assertThat(isOpen(broker.port())).as("port %d is open", broker.port()).isFalse();
  }

  static boolean isOpen(int port) {
    try (Socket socket = Loopback.connect(port)) {
      return socket.isConnected();
    } catch (ConnectException refused) {
      return false;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The process and all it has started. */
  static List<ProcessHandle> treeOf(ProcessHandle process) {
    return Stream.concat(Stream.of(process), process.descendants()).toList();
  }
}
