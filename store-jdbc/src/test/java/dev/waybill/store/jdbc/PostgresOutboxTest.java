package dev.waybill.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.testkit.broker.TestBrokers;

class PostgresOutboxTest extends OutboxCases {
  @Override
  HikariDataSource database(int connections) {
    return Databases.postgres(TestBrokers.postgresql(), connections);
  }
}
