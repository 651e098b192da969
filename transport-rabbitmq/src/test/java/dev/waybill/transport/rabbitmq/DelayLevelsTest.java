package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.LongString;
import com.rabbitmq.client.impl.LongStringHelper;
import dev.waybill.transport.rabbitmq.PendingSend.Target;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DelayLevelsTest {
  private final DelayLevels levels = DelayLevels.STANDARD;

  @ParameterizedTest
  @CsvSource({
    "PT0.000000001S, in:00 00:due",
    "PT1S, in:00 00:due",
    "PT1.001S, in:01 01:due",
    "PT5S, in:02 02:00 00:due",
    "PT1H, in:11 11:10 10:09 09:04 04:due",
    "P1461D, in:26 26:25 25:24 24:23 23:18 18:17 17:12 12:11 11:10 10:09 09:08 08:07 07:due",
  })
  void a_delay_is_rounded_up_and_waited_for_in_parts_the_longest_first(Duration delay, String way) {
    assertThat(String.join(" ", levels.way(delay))).isEqualTo(way);
  }

  @Test
  void the_parts_are_never_less_than_the_delay_and_little_more() {
    Random random = new Random(7);
    for (int i = 0; i < 2_000; i++) {
      Duration delay = Duration.ofMillis(1 + random.nextLong(levels.longest().toMillis()));
      List<String> way = levels.way(delay);
      long waited =
          way.stream()
              .map(key -> key.substring(key.indexOf(':') + 1))
              .filter(level -> !level.equals("due"))
              .mapToLong(level -> levels.waitMillis(Integer.parseInt(level)))
              .sum();

      assertThat(way).doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(levels.count() + 1);
      assertThat(waited).isBetween(delay.toMillis(), delay.toMillis() + 1000 + levels.count());
    }
  }

  @Test
  void what_is_promised_is_within_the_levels() {
    assertThat(DelaySettings.STANDARD.longest())
        .isEqualTo(Duration.ofDays(1461))
        .isLessThan(levels.longest());
    assertThatThrownBy(() -> levels.way(levels.longest().plusNanos(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_message_carries_its_way_beside_its_headers() {
    BasicProperties sent =
        new BasicProperties.Builder().messageId("m").headers(Map.of("wb-tenant", "blue")).build();

    BasicProperties routed = levels.route(sent, Duration.ofSeconds(5), Target.queue("payments"));

    assertThat(routed.getMessageId()).isEqualTo("m");
    assertThat(routed.getHeaders())
        .containsOnly(
            Map.entry("wb-tenant", "blue"), Map.entry("BCC", List.of("in:02", "02:00", "00:due")));
    assertThat(levels.waitingFor(Target.queue("payments")))
        .isEqualTo(new Target("waybill.delay", "q:payments", true));
  }

  @Test
  void a_key_that_an_exchange_routes_by_is_still_there_when_the_message_is_due() {
    Target target = new Target("orders", "partition-3", false);

    BasicProperties routed = levels.route(new BasicProperties(), Duration.ofSeconds(1), target);

    assertThat(routed.getHeaders().get("BCC")).isEqualTo(List.of("in:00", "00:due", "partition-3"));
    assertThat(levels.waitingFor(target).routingKey()).isEqualTo("t:orders");
  }

  @Test
  void only_the_traces_of_delays_are_taken_out_of_the_headers() {
    Map<String, Object> ours = death("waybill.delay.07", "expired");
    Map<String, Object> theirs = death("orders.wait", "rejected");

    assertThat(
            DelayTraces.removed(
                Map.of(
                    "x-death", List.of(ours, theirs),
                    "x-first-death-queue", text("orders.wait"),
                    "x-first-death-reason", text("rejected"),
                    "x-last-death-queue", text("waybill.delay.07"),
                    "x-last-death-reason", text("expired"),
                    "wb-tenant", text("blue"))))
        .containsOnly(
            Map.entry("x-death", List.of(theirs)),
            Map.entry("x-first-death-queue", text("orders.wait")),
            Map.entry("x-first-death-reason", text("rejected")),
            Map.entry("wb-tenant", text("blue")));
    assertThat(
            DelayTraces.removed(
                Map.of(
                    "x-death", List.of(ours),
                    "x-first-death-exchange", text("waybill.delay"),
                    "x-first-death-queue", text("waybill.delay.07"))))
        .isEmpty();
    Map<String, Object> foreign = Map.of("x-death", List.of(theirs, Map.of()), "a", 1);
    assertThat(DelayTraces.removed(foreign)).isEqualTo(foreign);
    assertThat(DelayTraces.removed(Map.of("x-death", "odd"))).isEqualTo(Map.of("x-death", "odd"));
  }

  private static Map<String, Object> death(String queue, String reason) {
    return Map.of("queue", text(queue), "reason", text(reason));
  }

  private static LongString text(String text) {
    return LongStringHelper.asLongString(text);
  }
}
