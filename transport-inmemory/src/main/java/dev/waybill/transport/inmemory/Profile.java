package dev.waybill.transport.inmemory;

import dev.waybill.transport.Capabilities;

/**
 * Which broker an in-memory transport is like: what it declares, and how it behaves. So an
 * application that is to run over that broker is tested without it, its start-up checks included.
 */
public enum Profile {
  /** Like none: everything is native, and nothing has a limit but the body. The default. */
  NONE(Counting.EXACT),
  /**
   * Like {@code waybill-transport-kafka}: an attempt that is cut off does not count, and what is
   * delayed can't be taken back.
   */
  KAFKA(Counting.FAILURES),
  /**
   * Like {@code waybill-transport-rabbitmq} with quorum queues: messages are delayed up to four
   * years, and can't be taken back.
   */
  RABBITMQ(Counting.EXACT),
  /**
   * Like {@code waybill-transport-aws}: a channel with keys is a FIFO queue or topic, one without
   * is a standard one, which keeps no order. Deliveries are leased for 30 seconds, and each counts
   * as an attempt.
   */
  SQS(Counting.DELIVERIES);

  private final Counting counting;

  Profile(Counting counting) {
    this.counting = counting;
  }

  /** What the transport declares for keyed channels, or for the others. */
  Capabilities.Builder capabilities(boolean keyed) {
    return switch (this) {
      case NONE -> OwnCapabilities.get();
      case KAFKA -> KafkaLike.capabilities();
      case RABBITMQ -> RabbitLike.capabilities(keyed);
      case SQS -> SqsLike.capabilities(keyed);
    };
  }

  /** How the broker behaves under the capabilities that were made of {@link #capabilities}. */
  Conduct conduct(Capabilities declared) {
    return new Conduct(declared, counting);
  }
}
