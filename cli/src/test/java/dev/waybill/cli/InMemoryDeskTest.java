package dev.waybill.cli;

import java.util.UUID;

class InMemoryDeskTest extends DeskCases {
  private final String uri = "memory:b" + UUID.randomUUID().toString().substring(0, 8);

  @Override
  String uri() {
    return uri;
  }
}
