package dev.waybill.transport.inmemory;

import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;

class InMemoryContractTest extends TransportContract {
  private final InMemoryBroker broker = InMemoryBroker.create();

  @Override
  protected TransportHarness harness() {
    return broker::transport;
  }
}
