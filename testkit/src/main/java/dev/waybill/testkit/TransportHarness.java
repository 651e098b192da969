package dev.waybill.testkit;

import dev.waybill.transport.Transport;
import java.time.Duration;

/** What {@link TransportContract} needs of a transport under test. */
public interface TransportHarness {
  /** The transport to a running broker; the same broker on each call. */
  Transport transport();

  /**
   * How long the suite waits for what has to happen; more than the slowest redelivery of the
   * broker.
   */
  default Duration patience() {
    return Duration.ofSeconds(30);
  }
}
