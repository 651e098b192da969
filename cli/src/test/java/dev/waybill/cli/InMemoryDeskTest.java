package dev.waybill.cli;

import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.InMemoryBroker;

class InMemoryDeskTest extends DeskCases {
  private final InMemoryBroker broker = InMemoryBroker.create();

  @Override
  Transport transport() {
    return broker.transport();
  }
}
