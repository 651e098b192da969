package dev.waybill.testkit;

import dev.waybill.transport.inmemory.Profile;

class InMemoryKafkaProfileContractTest extends TransportContract {
  private final TransportHarness harness = new InMemoryHarness(Profile.KAFKA);

  @Override
  protected TransportHarness harness() {
    return harness;
  }

  @Override
  protected String reportName() {
    return "inmemory-kafka";
  }
}
