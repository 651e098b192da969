package dev.waybill.examples.killed;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.testkit.broker.PostgresTestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The database of the payments, seen from outside of the process that fills it. */
final class PaymentDatabase implements AutoCloseable {
  private final String url;
  private final HikariDataSource pool;

  private PaymentDatabase(String url) {
    this.url = url;
    this.pool = pool(url, 3);
  }

  /** One without payments, in a schema of its own. */
  static PaymentDatabase create(PostgresTestServer server) throws SQLException {
    String schema = "t" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = DriverManager.getConnection(server.uri());
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA " + schema);
      statement.execute(
          "CREATE TABLE %s.payment (number INT, message_id VARCHAR(100))".formatted(schema));
    }
    return new PaymentDatabase(server.uri() + "&currentSchema=" + schema);
  }

  static HikariDataSource pool(String url, int connections) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(connections);
    config.setMinimumIdle(0);
    return new HikariDataSource(config);
  }

  String url() {
    return url;
  }

  long count(String table) throws SQLException {
    return Long.parseLong(rows("SELECT COUNT(*) FROM " + table).get(0));
  }

  /** The id of the message of each payment. */
  List<String> payments() throws SQLException {
    return rows("SELECT message_id FROM payment");
  }

  private List<String> rows(String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (row.next()) {
        rows.add(row.getString(1));
      }
      return rows;
    }
  }

  @Override
  public void close() {
    pool.close();
  }
}
