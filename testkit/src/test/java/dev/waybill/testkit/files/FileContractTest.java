package dev.waybill.testkit.files;

import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.transport.Transport;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FileContractTest extends TransportContract {
  @TempDir private Path folder;

  @Override
  protected TransportHarness harness() {
    return new TransportHarness() {
      @Override
      public Transport transport() {
        return new FileTransport(folder);
      }

      @Override
      public String broker() {
        return "a folder";
      }
    };
  }
}
