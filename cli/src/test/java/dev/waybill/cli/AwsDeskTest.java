package dev.waybill.cli;

import dev.waybill.testkit.broker.TestBrokers;

class AwsDeskTest extends DeskCases {
  @Override
  String uri() {
    return TestBrokers.aws().uri();
  }
}
