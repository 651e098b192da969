package dev.waybill.cli;

import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;

class AwsDeskTest extends DeskCases {
  @Override
  Transport transport() {
    return Transport.at(TestBrokers.aws().uri());
  }
}
