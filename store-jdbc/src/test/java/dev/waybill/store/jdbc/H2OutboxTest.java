package dev.waybill.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;

class H2OutboxTest extends OutboxCases {
  @Override
  HikariDataSource database(int connections) {
    return Databases.h2(connections);
  }
}
