package dev.waybill.testkit.broker;

import dev.waybill.testkit.BrokerFaults;
import org.jspecify.annotations.Nullable;

/**
 * A running broker of a test, which can be made to fail as real ones do.
 *
 * <p>A broker that was found running (see {@link TestBrokers}) only has an address: everything that
 * ends, stops or pauses it throws {@link BrokerUnavailableException}.
 *
 * <p>All methods may be called from any thread; they take effect one after another.
 */
public interface TestBroker extends AutoCloseable {

  /**
   * The address for clients, as Waybill's transports take it: {@code kafka://127.0.0.1:PORT},
   * {@code amqp://USER:PASSWORD@127.0.0.1:PORT/VHOST} or {@code
   * aws://127.0.0.1:PORT?region=REGION}; of a database its JDBC URL.
   *
   * @return the address; it stays the same over restarts
   */
  String uri();

  /**
   * The port at which the broker itself listens for clients, on 127.0.0.1: where a {@link
   * FaultProxy} forwards to.
   *
   * @return the port; it stays the same over restarts
   */
  int port();

  /**
   * The broker product and its version, for reports: {@code "Kafka 4.4.0"}.
   *
   * @return name and version; without the version if the broker was found running
   */
  String version();

  /**
   * Kills the broker's process (SIGKILL), as a crash does, and waits until it has gone. Nothing
   * happens if it does not run.
   */
  void kill();

  /**
   * Freezes the broker's process (SIGSTOP): connections stay open and new ones are still accepted
   * by the operating system, but nothing answers. Returns when that is so (on Linux; elsewhere soon
   * after).
   *
   * @throws BrokerUnavailableException if the broker does not run
   */
  void pause();

  /**
   * Lets a paused broker go on (SIGCONT). Nothing happens if it is not paused.
   *
   * @throws BrokerUnavailableException if the broker does not run
   */
  void resume();

  /**
   * Starts the broker again, on the same data and at the same address, and waits until it serves. A
   * broker that still runs is stopped first.
   *
   * @throws BrokerUnavailableException if it does not start, or has been closed
   */
  void restart();

  /**
   * Stops the broker as an administrator does (SIGTERM) and waits until it has gone; its data stay.
   * Nothing happens if it does not run.
   *
   * @throws BrokerUnavailableException if it had to be killed because it did not end in time
   */
  void stop();

  /**
   * This broker in the hand of the contract suite, which {@linkplain #kill kills} and {@linkplain
   * #restart restarts} it. A harness keeps the broker itself: {@link TestBrokers} would start it
   * again while it is meant to be down.
   *
   * @return the hand on it; null if the broker was found running
   */
  default @Nullable BrokerFaults faults() {
    return new BrokerFaults() {
      @Override
      public void stop() {
        kill();
      }

      @Override
      public void start() {
        restart();
      }
    };
  }

  /**
   * Ends the broker and removes all it has written. Its data go too, so it is killed, which is
   * faster than {@link #stop()}. A second call does nothing, neither does one on a broker of {@link
   * TestBrokers}, which others use.
   */
  @Override
  void close();
}
