package dev.waybill.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.Topology;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tables: made, checked, or believed to be there. */
final class Schema {
  private static final Map<String, String> TABLES = new LinkedHashMap<>();

  static {
    TABLES.put("waybill_processed", "source, message_id, token, ends_at");
    TABLES.put("waybill_outbox", OutboxTable.MESSAGE + ", id, stored_at, due_at, attempts");
    TABLES.put("waybill_outbox_shard", "shard, token, ends_at");
    TABLES.put(
        "waybill_outbox_set_aside",
        OutboxTable.MESSAGE + ", id, stored_at, attempts, reason, set_aside_at");
  }

  private Schema() {}

  static void prepare(Connection connection, Dialect dialect, Topology.Mode mode)
      throws SQLException {
    switch (mode) {
      case CREATE -> create(connection, dialect);
      case VERIFY -> verify(connection, dialect);
      case ASSUME -> {}
    }
  }

  private static void create(Connection connection, Dialect dialect) throws SQLException {
    boolean before = connection.getAutoCommit();
    connection.setAutoCommit(false);
    boolean committed = false;
    try (Statement statement = connection.createStatement()) {
      statement.execute(dialect.lockForCreation());
      for (String each : statements(dialect)) {
        statement.execute(each);
      }
      connection.commit();
      committed = true;
    } finally {
      Transactions.end(connection, committed, before);
    }
  }

  private static List<String> statements(Dialect dialect) {
    StringBuilder script = new StringBuilder();
    read(dialect)
        .lines()
        .filter(line -> !line.startsWith("--"))
        .forEach(line -> script.append(line).append('\n'));
    return List.of(script.toString().split(";")).stream()
        .map(String::strip)
        .filter(each -> !each.isEmpty())
        .toList();
  }

  private static String read(Dialect dialect) {
    try (InputStream in = Schema.class.getResourceAsStream(dialect.script())) {
      if (in == null) {
        throw new FileNotFoundException(dialect.script() + " beside " + Schema.class.getName());
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("waybill-store-jdbc is incomplete", e);
    }
  }

  private static void verify(Connection connection, Dialect dialect) throws SQLException {
    List<String> problems = new ArrayList<>();
    for (Map.Entry<String, String> table : TABLES.entrySet()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "SELECT " + table.getValue() + " FROM " + table.getKey() + " WHERE 1 = 0");
      } catch (SQLException e) {
        if (!connection.isValid(1)) {
          throw e;
        }
        problems.add(
            "The table %s is missing or differs (%s): run dev/waybill/store/jdbc/%s of waybill-store-jdbc, or use schema(CREATE)."
                .formatted(table.getKey(), firstLine(e), dialect.script()));
      }
    }
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
  }

  private static String firstLine(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
