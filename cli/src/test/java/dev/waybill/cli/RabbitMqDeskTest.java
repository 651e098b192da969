package dev.waybill.cli;

import dev.waybill.testkit.broker.TestBrokers;

class RabbitMqDeskTest extends DeskCases {
  @Override
  String uri() {
    return TestBrokers.rabbitmq().uri();
  }
}
