package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.DeadLetter;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.WireMessage;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvidenceTest {
  private static final Instant FIRST = Instant.parse("2026-01-02T03:04:05.123456789Z");
  private static final Instant LAST = Instant.parse("2026-01-02T03:14:05Z");

  private final Source billing = new Subscription(new Topic("orders", true), "billing");
  private final FakeDelivery delivery =
      new FakeDelivery(
          "orders-0@42",
          FakeDelivery.wire(
              "{\"a\":1}",
              Map.of("id", "m-1", "type", "t"),
              Map.of("wb-tenant", "acme", "native", "n"),
              "k"),
          1);

  @Test
  void evidence_goes_there_and_back() {
    Work work = failedTwice();

    DeadLetter read =
        afterReject(
            Evidence.of(billing, work, "attempt 2 failed", new IllegalStateException("broken")));

    assertThat(read.reason()).isEqualTo("attempt 2 failed");
    assertThat(read.exceptionClass()).isEqualTo("java.lang.IllegalStateException");
    assertThat(read.exceptionMessage()).isEqualTo("broken");
    assertThat(read.channel()).isEqualTo("orders");
    assertThat(read.subscription()).isEqualTo("billing");
    assertThat(read.attempts()).isEqualTo(2);
    assertThat(read.firstFailure()).isEqualTo(FIRST);
    assertThat(read.lastFailure()).isEqualTo(LAST);
    assertThat(read.messageId()).isEqualTo("m-1");
    assertThat(read.typeName()).isEqualTo("t");
    assertThat(read)
        .hasToString(
            "DeadLetter[t m-1 from orders.billing: attempt 2 failed, java.lang.IllegalStateException: broken]");
  }

  @Test
  void the_message_is_as_received_and_without_the_evidence() {
    DeadLetter read = afterReject(Evidence.of(billing, failedTwice(), "why", null));

    WireMessage original = delivery.message();
    assertThat(read.message().body()).isSameAs(original.body());
    assertThat(read.message().contentType()).isEqualTo(original.contentType());
    assertThat(read.message().attributes()).isEqualTo(original.attributes());
    assertThat(read.message().headers()).isEqualTo(original.headers());
    assertThat(read.message().key()).isEqualTo(original.key());
  }

  @Test
  void a_queue_has_no_subscription_and_an_expired_message_no_exception_and_no_attempts() {
    Map<String, String> evidence =
        Evidence.of(new Queue("payments", false), new Work(delivery), "expired", null);

    assertThat(evidence)
        .containsOnlyKeys(
            "waybill-dead-letter-reason",
            "waybill-dead-letter-channel",
            "waybill-dead-letter-attempts");
    DeadLetter read = afterReject(evidence);
    assertThat(read.channel()).isEqualTo("payments");
    assertThat(read.subscription()).isNull();
    assertThat(read.exceptionClass()).isNull();
    assertThat(read.attempts()).isZero();
    assertThat(read.firstFailure()).isNull();
  }

  @Test
  void an_exception_may_have_no_message() {
    assertThat(Evidence.of(billing, failedTwice(), "why", new IllegalStateException()))
        .containsKey("waybill-dead-letter-exception-class")
        .doesNotContainKey("waybill-dead-letter-exception-message");
  }

  @Test
  void an_exception_that_can_not_say_its_message_is_evidence_all_the_same() {
    RuntimeException broken =
        new RuntimeException() {
          @Override
          public String getMessage() {
            throw new IllegalStateException("no words");
          }
        };

    assertThat(Evidence.of(billing, failedTwice(), "why", broken))
        .containsEntry("waybill-dead-letter-exception-class", broken.getClass().getName())
        .doesNotContainKey("waybill-dead-letter-exception-message");
  }

  @Test
  void texts_are_cut_at_1000_code_points_and_never_within_one() {
    String smileys = "\uD83D\uDE00".repeat(1_001);

    Map<String, String> evidence =
        Evidence.of(billing, failedTwice(), smileys, new IllegalStateException("x".repeat(5_000)));

    assertThat(evidence.get("waybill-dead-letter-reason")).isEqualTo("\uD83D\uDE00".repeat(1_000));
    assertThat(evidence.get("waybill-dead-letter-exception-message")).isEqualTo("x".repeat(1_000));
  }

  @Test
  void texts_have_no_control_characters_and_no_half_surrogates() {
    Map<String, String> evidence =
        Evidence.of(
            billing,
            failedTwice(),
            "a\nb\u0000c\u0085d\uD83De\uDE00f",
            new IllegalStateException("\tx\u007f"));

    assertThat(evidence.get("waybill-dead-letter-reason")).isEqualTo("a b c def");
    assertThat(evidence.get("waybill-dead-letter-exception-message")).isEqualTo(" x ");
  }

  @Test
  void a_message_that_someone_else_put_into_the_queue_is_read_too() {
    DeadLetter read = Evidence.read(FakeDelivery.of("dlq@7", null));

    assertThat(read)
        .isEqualTo(
            new DeadLetter(
                "dlq@7",
                null,
                read.message(),
                "unknown: put here by someone else",
                null,
                null,
                null,
                null,
                0,
                null,
                null));
  }

  @Test
  void evidence_that_makes_no_sense_is_unknown_and_not_an_error() {
    Map<String, String> odd = new HashMap<>();
    odd.put("waybill-dead-letter-attempts", "99999999999");
    odd.put("waybill-dead-letter-first-failure", "yesterday");

    DeadLetter read = afterReject(odd);

    assertThat(read.attempts()).isZero();
    assertThat(read.firstFailure()).isNull();
  }

  private Work failedTwice() {
    Work work = new Work(delivery);
    work.begin();
    work.failed(FIRST);
    work.next();
    work.begin();
    work.failed(LAST);
    return work;
  }

  private DeadLetter afterReject(Map<String, String> evidence) {
    return Evidence.read(new FakeDelivery("dlq@1", delivery.message().withHeaders(evidence), 1));
  }
}
