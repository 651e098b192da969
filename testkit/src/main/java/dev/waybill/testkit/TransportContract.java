package dev.waybill.testkit;

/**
 * The contract of a transport as its users see it: each case runs a bus over the transport's real
 * broker. A transport's own test extends this and gives a {@link TransportHarness}, nothing else.
 *
 * <p>Where a capability is refused, the case asserts the refusal; none is skipped. After each case
 * no thread of the bus or the transport is left.
 */
public abstract class TransportContract extends TelemetryCases {
  /** For the transport's own test. */
  protected TransportContract() {}

  @Override
  protected abstract TransportHarness harness();
}
