package dev.waybill.cli;

import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;

class KafkaDeskTest extends DeskCases {
  @Override
  Transport transport() {
    return Transport.at(TestBrokers.kafka().uri() + "?partitions=1");
  }
}
