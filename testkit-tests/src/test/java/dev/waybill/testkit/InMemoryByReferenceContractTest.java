package dev.waybill.testkit;

class InMemoryByReferenceContractTest extends TransportContract {
  private final TransportHarness harness = InMemoryHarness.byReference();

  @Override
  protected TransportHarness harness() {
    return harness;
  }

  @Override
  protected String reportName() {
    return "inmemory-by-reference";
  }
}
