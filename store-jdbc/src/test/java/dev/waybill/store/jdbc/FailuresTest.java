package dev.waybill.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailuresTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"08006", "53300", "57P01", "58030", "40001", "40P01", "40003", "90067", "90121"})
  void an_outage_and_a_collision_may_pass(String state) {
    assertThat(Failures.mayPass(new SQLException("away", state))).isTrue();
    assertThat(Failures.mayPass(new IllegalStateException(new SQLException("away", state))))
        .isTrue();
    BatchUpdateException batch = new BatchUpdateException();
    batch.setNextException(new SQLException("away", state));
    assertThat(Failures.mayPass(batch)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"25P02", "23505", "23503", "22021", "40002", "57014", "42P01", "HY000"})
  void whatever_else_a_database_says_does_not_pass_by_itself(String state) {
    assertThat(Failures.mayPass(new SQLException("no", state))).isFalse();
  }

  @Test
  void a_pool_without_a_connection_may_pass_and_other_exceptions_do_not() {
    assertThat(Failures.mayPass(new SQLTransientConnectionException("none within 30 s"))).isTrue();
    assertThat(Failures.mayPass(new SQLException())).isFalse();
    assertThat(Failures.mayPass(new ArithmeticException("long overflow"))).isFalse();
  }
}
