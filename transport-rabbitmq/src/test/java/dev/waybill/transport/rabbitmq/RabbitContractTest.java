package dev.waybill.transport.rabbitmq;

import dev.waybill.testkit.TransportContract;
import dev.waybill.testkit.TransportHarness;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;

class RabbitContractTest extends TransportContract {
  @Override
  protected TransportHarness harness() {
    return () -> Transport.at(TestBrokers.rabbitmq().uri());
  }
}
