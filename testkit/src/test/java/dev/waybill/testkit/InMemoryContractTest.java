package dev.waybill.testkit;

import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.VirtualClock;

class InMemoryContractTest extends TransportContract {
  private final VirtualClock clock = VirtualClock.create();
  private final InMemoryBroker broker = InMemoryBroker.create(clock);

  @Override
  protected TransportHarness harness() {
    return new TransportHarness() {
      @Override
      public Transport transport() {
        return broker.transport();
      }

      @Override
      public String broker() {
        return "the JVM";
      }

      @Override
      public VirtualClock clock() {
        return clock;
      }
    };
  }
}
