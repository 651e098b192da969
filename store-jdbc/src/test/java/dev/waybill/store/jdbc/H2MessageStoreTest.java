package dev.waybill.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.testkit.ProcessedMessageStoreContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

class H2MessageStoreTest extends ProcessedMessageStoreContract {
  private static final int CONNECTIONS = 4;

  private final HikariDataSource database = Databases.h2(CONNECTIONS);

  @Override
  protected ProcessedMessageStore open(Duration lease, Duration retention) {
    return JdbcStore.over(database).lease(lease).retention(retention).build();
  }

  @AfterEach
  void close() {
    database.close();
  }
}
