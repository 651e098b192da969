package dev.waybill.testkit;

import dev.waybill.transport.inmemory.Profile;

class InMemoryRabbitMqProfileContractTest extends TransportContract {
  private final TransportHarness harness = new InMemoryHarness(Profile.RABBITMQ);

  @Override
  protected TransportHarness harness() {
    return harness;
  }

  @Override
  protected String reportName() {
    return "inmemory-rabbitmq";
  }
}
