package dev.waybill.store.jdbc;

import dev.waybill.error.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** What databases say differently. All times are the database's own. */
enum Dialect {
  POSTGRESQL(
      "postgresql.sql",
      "statement_timestamp()",
      "statement_timestamp() + ? * interval '1 millisecond'",
      " ON CONFLICT DO NOTHING"),
  H2("h2.sql", "CURRENT_TIMESTAMP", "DATEADD(MILLISECOND, ?, CURRENT_TIMESTAMP)", "");

  /** SQLSTATE of a key that is there already. */
  static final String DUPLICATE = "23505";

  private final String script;
  private final String now;
  private final String later;
  private final String unlessThere;

  Dialect(String script, String now, String later, String unlessThere) {
    this.script = script;
    this.now = now;
    this.later = later;
    this.unlessThere = unlessThere;
  }

  /** The dialect of a database. */
  static Dialect of(Connection connection) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName();
    for (Dialect dialect : values()) {
      if (dialect.name().equalsIgnoreCase(product)) {
        return dialect;
      }
    }
    throw new ConfigurationException(
        List.of(
            "The data source leads to %s: Waybill's JDBC store knows PostgreSQL and H2."
                .formatted(product)));
  }

  /** The resource beside this class with all tables. */
  String script() {
    return script;
  }

  /**
   * SQL with {@code NOW}, {@code LATER} (one parameter: milliseconds) and {@code UNLESS_THERE}. It
   * is the same moment for all rows of a statement: the order of keys depends on it.
   */
  String sql(String text) {
    return text.replace("UNLESS_THERE", unlessThere).replace("LATER", later).replace("NOW", now);
  }

  /** Keeps two instances from making the same tables at the same moment, until the commit. */
  String lockForCreation() {
    return this == POSTGRESQL ? "SELECT pg_advisory_xact_lock(7461793114)" : "SELECT 1";
  }
}
