package dev.waybill.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.Envelope;
import dev.waybill.Outbox;
import dev.waybill.SendReceipt;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Sender.Addressed;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A backlog is drained: a million messages in a process of 128 MB in the profile {@code chaos},
 * some thousands else.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class OutboxBacklogTest {
  private static final int MESSAGES =
      Integer.getInteger("outbox.messages", Boolean.getBoolean("chaos") ? 1_000_000 : 5_000);
  private static final int KEYS = 1_000;

  /** Takes whatever comes, and checks that each key's messages come once and in order. */
  private static final class Checking implements Outbox.Relay {
    final BitSet seen = new BitSet(MESSAGES);
    final int[] last = new int[KEYS];
    final AtomicInteger count = new AtomicInteger();
    volatile String wrong = "";

    @Override
    public String owner() {
      return "shop";
    }

    @Override
    public String address() {
      return "nowhere:";
    }

    @Override
    public Addressed ready(Envelope<?> envelope) {
      throw new UnsupportedOperationException();
    }

    @Override
    public synchronized CompletableFuture<SendReceipt> send(Addressed message) {
      String id = message.message().id();
      int number = Integer.parseInt(id);
      if (seen.get(number) || last[number % KEYS] >= number) {
        wrong += " " + number;
      }
      seen.set(number);
      last[number % KEYS] = number;
      count.incrementAndGet();
      return CompletableFuture.completedFuture(new SendReceipt(id, message.channel(), "taken"));
    }
  }

  @Test
  void a_backlog_is_drained_in_the_order_of_each_key() {
    try (HikariDataSource database = Databases.postgres(TestBrokers.postgresql(), 3)) {
      JdbcStore store = JdbcStore.over(database).build();
      Databases.execute(
          database,
          """
          INSERT INTO waybill_outbox (owner, shard, message_id, channel_kind, channel, keyed, message_key,
            content_type, attributes, headers, body)
          SELECT 'shop', (number %% %1$d) %% 16, number, 'topic', 'paid', true, 'key-' || number %% %1$d,
            'application/json', 'id=' || number || E'\\n', '', decode(repeat('7b', 200), 'hex')
          FROM generate_series(1, %2$d - 1) AS numbers (number)
          """
              .formatted(KEYS, MESSAGES));
      Checking relay = new Checking();

      long begun = System.nanoTime();
      Outbox.Dispatch dispatch = store.outbox().start(relay);
      try {
        await()
            .atMost(Duration.ofMinutes(50))
            .pollInterval(Duration.ofMillis(20))
            .until(() -> relay.count.get() >= MESSAGES - 1);
        double seconds = (System.nanoTime() - begun) / 1e9;
        System.out.printf(
            "%,d messages drained in %.1f s: %,.0f messages/s%n",
            MESSAGES, seconds, MESSAGES / seconds);
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> Databases.count(database, "waybill_outbox") == 0);
      } finally {
        dispatch.close();
      }
      assertThat(relay.wrong).as("repeated, or out of the order of its key").isEmpty();
      assertThat(relay.seen.cardinality()).isEqualTo(MESSAGES - 1);
    }
  }
}
