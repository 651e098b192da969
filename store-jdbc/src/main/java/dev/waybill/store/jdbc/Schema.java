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
  private static final int VALID_WITHIN_SECONDS = 30;
  private static final Map<String, String> TABLES = new LinkedHashMap<>();

  static {
    TABLES.put("waybill_processed", "source, message_id, token, ends_at");
    TABLES.put("waybill_outbox", MessageColumns.NAMES + ", id, stored_at, due_at, attempts");
    TABLES.put("waybill_outbox_shard", "owner, shard, token, ends_at");
    TABLES.put(
        "waybill_outbox_set_aside",
        MessageColumns.NAMES + ", id, stored_at, attempts, reason, set_aside_at");
  }

  private Schema() {}

  static void prepare(Connection connection, Dialect dialect, Topology.Mode mode)
      throws SQLException {
    switch (mode) {
      case CREATE -> {
        // the script takes locks that wait for whoever writes, and whoever writes for them
        if (!problems(connection, dialect).isEmpty()) {
          create(connection, dialect);
          refuseOthers(problems(connection, dialect));
        }
      }
      case VERIFY -> {
        List<String> problems = problems(connection, dialect);
        if (!problems.isEmpty()) {
          throw new ConfigurationException(problems);
        }
      }
      case ASSUME -> {}
    }
  }

  /** Tables that are there and are not made again. */
  private static void refuseOthers(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new ConfigurationException(
          problems.stream()
              .map(
                  problem ->
                      problem
                          + " It is there, but of another version: rename or drop it before, once nothing in it is needed.")
              .toList());
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

  /** Each look in a transaction of its own, since one that fails would end it. */
  private static List<String> problems(Connection connection, Dialect dialect) throws SQLException {
    boolean before = connection.getAutoCommit();
    connection.setAutoCommit(true);
    try {
      List<String> problems = new ArrayList<>();
      checkTables(connection, dialect, problems);
      return problems;
    } finally {
      connection.setAutoCommit(before);
    }
  }

  private static void checkTables(Connection connection, Dialect dialect, List<String> problems)
      throws SQLException {
    for (Map.Entry<String, String> table : TABLES.entrySet()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "SELECT " + table.getValue() + " FROM " + table.getKey() + " WHERE 1 = 0");
      } catch (SQLException e) {
        if (!connection.isValid(VALID_WITHIN_SECONDS)) {
          throw e;
        }
        problems.add(
            "The table %s is missing or differs (%s): run dev/waybill/store/jdbc/%s of waybill-store-jdbc, or use schema(CREATE)."
                .formatted(table.getKey(), firstLine(e), dialect.script()));
      }
    }
  }

  private static String firstLine(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
