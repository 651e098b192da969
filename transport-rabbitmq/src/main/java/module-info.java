/** Waybill's transport for RabbitMQ. */
@org.jspecify.annotations.NullMarked
module dev.waybill.transport.rabbitmq {
  requires transitive dev.waybill;
  requires com.rabbitmq.client;
  requires org.slf4j;

  exports dev.waybill.transport.rabbitmq;

  provides dev.waybill.transport.TransportProvider with
      dev.waybill.transport.rabbitmq.RabbitTransportProvider;
}
