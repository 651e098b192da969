package dev.waybill.transport;

import dev.waybill.routing.Source;
import java.util.List;
import java.util.Optional;

/**
 * A live connection of one bus to one broker, made by {@link Transport#connect}. It survives broker
 * restarts: a connection that breaks is made again by the transport, under a new epoch.
 */
public interface TransportConnection extends AutoCloseable {
  /**
   * Sees to it that the topology stands. Blocks, at most about 30 seconds. Called once, before any
   * other use.
   *
   * @return what is missing or differs, one sentence each with the remedy; empty if all is well.
   *     {@code CREATE} makes what is missing and never changes what is there; {@code VERIFY} makes
   *     nothing; {@code ASSUME} does no administrative call at all and returns nothing. The reply
   *     queue is this connection's own: it is made in every mode, by the means the transport's page
   *     says, and removed by {@link #close}.
   * @throws dev.waybill.error.MessagingException if the broker can't be asked
   */
  List<String> prepare(Topology topology, Topology.Mode mode);

  /** The sender; always the same. */
  Sender sender();

  /**
   * Begins to receive from a source. Returns without waiting for the first message.
   *
   * @param source a queue (also a dead-letter queue), subscription or the reply queue of the
   *     topology. From a reply queue everything arrives that is sent to it after {@link #prepare}
   *     has returned, also over lost connections where the broker can keep it; it is accepted at
   *     once, and never released or rejected
   * @param maxUnsettled the credit: how many deliveries may be open at once, at least 1
   * @param listener gets deliveries and disturbances, one call at a time
   */
  Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener);

  /**
   * The native client of a class, for what Waybill has no word for; its use is at the user's own
   * risk. By default there is none.
   */
  default <T> Optional<T> unwrap(Class<T> nativeType) {
    return Optional.empty();
  }

  /**
   * The broker's product and version as it gives them, for people; {@code unknown} where it
   * doesn't, and by default.
   */
  default String brokerVersion() {
    return "unknown";
  }

  /**
   * Closes receivers, sender and clients. Sends without an answer fail as unknown. Blocks up to
   * about five seconds, leaves no thread and no connection. Idempotent; never throws for a broker
   * that is gone.
   */
  @Override
  void close();
}
