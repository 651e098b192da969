package dev.waybill.testkit;

import dev.waybill.transport.inmemory.Profile;

class InMemoryContractTest extends TransportContract {
  private final TransportHarness harness = new InMemoryHarness(Profile.NONE);

  @Override
  protected TransportHarness harness() {
    return harness;
  }
}
