/** Waybill: messages, routes and delivery, described once and carried by any transport. */
@org.jspecify.annotations.NullMarked
module dev.waybill {
  requires transitive org.jspecify;
  requires org.slf4j;
  requires com.fasterxml.jackson.core;
  requires transitive com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.datatype.jsr310;

  exports dev.waybill;
  exports dev.waybill.deadletter;
  exports dev.waybill.delivery;
  exports dev.waybill.error;
  exports dev.waybill.routing;
  exports dev.waybill.serialization;
  exports dev.waybill.transport;
  exports dev.waybill.transport.support;

  opens dev.waybill.internal to
      com.fasterxml.jackson.databind;

  uses dev.waybill.transport.TransportProvider;
  uses dev.waybill.MessageBus.Provider;
  uses dev.waybill.deadletter.DeadLetterDesk.Provider;

  provides dev.waybill.MessageBus.Provider with
      dev.waybill.internal.BusProvider;
  provides dev.waybill.deadletter.DeadLetterDesk.Provider with
      dev.waybill.internal.DeskProvider;
}
