package dev.waybill.testkit.files;

import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.transport.Transport;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;

// tag::suite[]
class FileContractTest extends TransportContract {
  @TempDir private Path folder;

  @Override
  protected TransportHarness harness() {
    return new TransportHarness() {
      @Override
      public Transport transport() {
        return new FileTransport(folder, Duration.ofSeconds(30));
      }

      @Override
      public Transport shortLease() {
        return new FileTransport(folder, Duration.ofSeconds(9));
      }

      @Override
      public String broker() {
        return "a folder";
      }
    };
  }
}
// end::suite[]
