package dev.waybill.testkit;

import dev.waybill.MessageBus;
import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.VirtualClock;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@link TransportContract} needs of a transport under test. Only {@link #transport()} has to
 * be given; each of the others that is not leaves cases that can't be proved, and the report says
 * so. Where cases run side by side, each has a test instance, and so a harness, of its own.
 */
public interface TransportHarness {
  /** The transport to a running broker; the same broker on each call. */
  Transport transport();

  /** Product and version of the broker, for the report: {@code "Kafka 4.4.0"}. */
  default String broker() {
    return "unknown";
  }

  /**
   * The same broker with leases as short as it can be asked for; the transport itself where leases
   * do not end by time.
   */
  default Transport shortLease() {
    return transport();
  }

  /**
   * How long the suite waits for what has to happen; more than the slowest redelivery of the
   * broker.
   */
  default Duration patience() {
    return Duration.ofSeconds(30);
  }

  /**
   * Whether instances that consume the same source have the parts of it that they will keep. A
   * broker that deals a source out in parts moves some of them when an instance comes, and what is
   * open there meanwhile is delivered twice; a case that allows nothing to be delivered twice waits
   * for this. True where there are no parts.
   */
  default boolean isBalanced(List<MessageBus> instances) {
    return true;
  }

  /** The time that the broker lives in, if it does not pass by itself; null for real time. */
  default @Nullable VirtualClock clock() {
    return null;
  }

  /** A way to the same broker that can be disturbed; null if there is none. */
  default @Nullable ConnectionFaults connectionFaults() {
    return null;
  }

  /** A hand on the broker itself; null if it can't be stopped. */
  default @Nullable BrokerFaults brokerFaults() {
    return null;
  }

  /** A transport whose credentials the broker refuses; null if it knows no credentials. */
  default @Nullable Transport refusedTransport() {
    return null;
  }
}
