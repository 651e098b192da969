/**
 * Waybill's in-memory transport: a broker within the JVM, the embedded default and the reference.
 */
@org.jspecify.annotations.NullMarked
module dev.waybill.transport.inmemory {
  requires transitive dev.waybill;
  requires org.slf4j;

  exports dev.waybill.transport.inmemory;

  provides dev.waybill.transport.TransportProvider with
      dev.waybill.transport.inmemory.InMemoryTransportProvider;
}
