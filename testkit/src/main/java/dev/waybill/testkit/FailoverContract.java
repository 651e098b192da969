package dev.waybill.testkit;

/**
 * The cases about what breaks, alone: for a broker of several nodes, whose {@link BrokerFaults}
 * stop and start one of them. It has a report of its own.
 */
public abstract class FailoverContract extends FaultCases {
  /** For the transport's own test. */
  protected FailoverContract() {}

  @Override
  protected abstract TransportHarness harness();

  @Override
  protected abstract String reportName();
}
