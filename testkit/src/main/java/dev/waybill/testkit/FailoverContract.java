package dev.waybill.testkit;

/**
 * The cases about what breaks, alone: for a broker of several nodes, whose {@link BrokerFaults}
 * stop and start one of them. What it finds is added to the report of the same transport.
 */
public abstract class FailoverContract extends FaultCases {
  /** For the transport's own test. */
  protected FailoverContract() {}

  @Override
  protected abstract TransportHarness harness();
}
