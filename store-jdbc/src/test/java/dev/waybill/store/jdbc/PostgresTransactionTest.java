package dev.waybill.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.testkit.broker.TestBrokers;

class PostgresTransactionTest extends TransactionCases {
  @Override
  HikariDataSource database(int connections) {
    return Databases.postgres(TestBrokers.postgresql(), connections);
  }
}
