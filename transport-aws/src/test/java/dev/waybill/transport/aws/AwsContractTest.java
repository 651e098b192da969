package dev.waybill.transport.aws;

import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;

class AwsContractTest extends TransportContract {
  @Override
  protected TransportHarness harness() {
    return () -> Transport.at(TestBrokers.aws().uri());
  }
}
