package dev.waybill.testkit.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class PostgresTestServerTest {
  @Test
  void what_is_committed_is_there_after_a_kill_and_a_stop_and_nothing_is_left_in_the_end()
      throws Exception {
    Path folder;
    try (PostgresTestServer server = PostgresTestServer.start()) {
      folder = server.folder();
      assertThat(server.version()).matches("PostgreSQL \\d+.*");
      assertThat(server.uri())
          .isEqualTo("jdbc:postgresql://127.0.0.1:" + server.port() + "/waybill?user=waybill");
      Connection killed = DriverManager.getConnection(server.uri());
      execute(killed, "create table kept (number int)");
      execute(killed, "insert into kept values (1)");

      server.kill();
      assertThatThrownBy(() -> execute(killed, "select 1")).isInstanceOf(SQLException.class);
      server.restart();

      try (Connection open = DriverManager.getConnection(server.uri())) {
        execute(open, "insert into kept values (2)");
        server.restart(); // also with a client
        try (Connection again = DriverManager.getConnection(server.uri());
            Statement statement = again.createStatement();
            ResultSet sum = statement.executeQuery("select sum(number) from kept")) {
          assertThat(sum.next()).isTrue();
          assertThat(sum.getInt(1)).isEqualTo(3);
        }
      }
    }
    assertThat(Files.exists(folder)).isFalse();
  }

  @Test
  void a_paused_server_answers_nobody_and_goes_on_when_it_is_resumed() throws Exception {
    PostgresTestServer server = TestBrokers.postgresql();
    try (Connection connection = DriverManager.getConnection(server.uri())) {
      execute(connection, "select 1");
      CompletableFuture<Void> answered;
      server.pause();
      try {
        answered = CompletableFuture.runAsync(() -> run(connection));
        await().during(Duration.ofMillis(300)).until(() -> !answered.isDone());
      } finally {
        server.resume();
      }
      await().atMost(Duration.ofSeconds(60)).until(answered::isDone);
      answered.join();
    }
  }

  private static void run(Connection connection) {
    try {
      execute(connection, "select 1");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
