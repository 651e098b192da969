package dev.waybill.testkit;

import dev.waybill.transport.Transport;
import java.time.Duration;

/**
 * A way to the broker that fails as networks do. A case {@linkplain #heal heals} it before it ends.
 */
public interface ConnectionFaults extends AutoCloseable {
  /** The transport whose connections go this way. */
  Transport transport();

  /** Breaks all connections that are open (a reset); new ones work. */
  void cut();

  /** Keeps connections open and lets nothing through, either way: a half-open network. */
  void hold();

  /** Lets the broker's answers vanish, while what is sent to it arrives. */
  void holdAnswers();

  /** Makes everything take this much longer, each way. */
  void delay(Duration each);

  /** Ends {@link #hold}, {@link #holdAnswers} and {@link #delay}. */
  void heal();

  /** Ends the way, with all its connections. */
  @Override
  void close();
}
