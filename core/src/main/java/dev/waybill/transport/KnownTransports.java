package dev.waybill.transport;

import java.util.Map;

/** Which published module serves which scheme, so that an error can name the missing dependency. */
final class KnownTransports {
  static final Map<String, String> BY_SCHEME =
      Map.of(
          "memory", "waybill-transport-inmemory",
          "kafka", "waybill-transport-kafka",
          "amqp", "waybill-transport-rabbitmq",
          "amqps", "waybill-transport-rabbitmq",
          "aws", "waybill-transport-aws");

  private KnownTransports() {}
}
