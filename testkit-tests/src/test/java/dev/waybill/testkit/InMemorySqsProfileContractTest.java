package dev.waybill.testkit;

import dev.waybill.transport.inmemory.Profile;

class InMemorySqsProfileContractTest extends TransportContract {
  private final TransportHarness harness = new InMemoryHarness(Profile.SQS);

  @Override
  protected TransportHarness harness() {
    return harness;
  }

  @Override
  protected String reportName() {
    return "inmemory-sqs";
  }
}
