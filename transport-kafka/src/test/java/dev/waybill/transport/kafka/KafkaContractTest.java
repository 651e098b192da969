package dev.waybill.transport.kafka;

import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;

class KafkaContractTest extends TransportContract {
  @Override
  protected TransportHarness harness() {
    return () -> Transport.at(TestBrokers.kafka().uri());
  }
}
