package dev.waybill.transport.kafka;

import static dev.waybill.transport.kafka.KafkaFixture.unique;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.TestBrokers;
import java.net.URI;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What stands in the log, read without Waybill: CloudEvents 1.0 in Kafka's binary mode. */
class KafkaCloudEventsTest {
  record Charge(String account, long cents) {}

  private static final Pattern ATTRIBUTE = Pattern.compile("ce_[a-z0-9]{1,20}");

  private final KafkaFixture kafka = new KafkaFixture(TestBrokers.kafka());

  @AfterEach
  void close() {
    kafka.close();
  }

  @Test
  void what_a_bus_sends_is_a_cloud_event_in_binary_mode() {
    String queue = unique("charges");
    Routes routes =
        Routes.define(
            r ->
                r.command(Charge.class).named("charge.v1").toQueue(queue).keyedBy(Charge::account));
    try (MessageBus bus = MessageBus.over(kafka.builder().build()).routes(routes).start()) {
      bus.send(new Charge("käse", 995)).join();
    }

    ConsumerRecord<byte[], byte[]> record = kafka.read(queue, 1).get(0);

    Map<String, String> headers = new HashMap<>();
    for (Header header : record.headers()) {
      String before = headers.put(header.key(), new String(header.value(), UTF_8));
      assertThat(before).as("a second header %s", header.key()).isNull();
    }
    assertThat(headers)
        .containsEntry("ce_specversion", "1.0")
        .containsEntry("ce_type", "charge.v1")
        .containsEntry("content-type", "application/json");
    assertThat(headers.get("ce_id")).isNotBlank();
    assertThat(URI.create(headers.get("ce_source")).toString()).isNotBlank();
    assertThat(OffsetDateTime.parse(headers.get("ce_time"))).isNotNull();
    assertThat(headers.keySet())
        .filteredOn(name -> name.startsWith("ce_"))
        .allMatch(name -> ATTRIBUTE.matcher(name).matches());
    assertThat(headers).containsEntry("ce_partitionkey", "käse");
    assertThat(new String(record.key(), UTF_8)).isEqualTo("käse");
    assertThat(new String(record.value(), UTF_8)).isEqualTo("{\"account\":\"käse\",\"cents\":995}");
  }
}
