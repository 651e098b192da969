package dev.waybill.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;

class H2TransactionTest extends TransactionCases {
  @Override
  HikariDataSource database(int connections) {
    return Databases.h2(connections);
  }
}
