package dev.waybill.cli;

import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;

class RabbitMqDeskTest extends DeskCases {
  @Override
  Transport transport() {
    return Transport.at(TestBrokers.rabbitmq().uri());
  }
}
