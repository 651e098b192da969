package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What the broker says in words of its own (those of 3.10 to 4.2). */
class RabbitErrorsTest {
  private static final RabbitSettings SETTINGS = RabbitUri.settings("amqp://app@host/shop");

  @Test
  void a_limit_of_connections_is_no_missing_permission() {
    MessagingException error =
        connecting(
            "NOT_ALLOWED - access to vhost 'shop' refused for user 'app': connection limit (1) is reached");

    assertThat(error.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE);
    assertThat(error).hasMessageContaining("connection limit (1) is reached");
  }

  @Test
  void a_refused_virtual_host_is_told_with_the_brokers_words() {
    MessagingException error =
        connecting("NOT_ALLOWED - access to vhost 'shop' refused for user 'app'");

    assertThat(error.code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
    assertThat(error)
        .hasMessageContaining("grant a permission")
        .hasMessageContaining("NOT_ALLOWED");
  }

  @Test
  void a_message_that_was_open_for_too_long_is_told_with_what_to_change() {
    MessagingException error =
        RabbitErrors.receiving(
            "payments",
            closed(
                new AMQP.Channel.Close.Builder()
                    .replyCode(AMQP.PRECONDITION_FAILED)
                    .replyText(
                        "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms.")
                    .build()));

    assertThat(error.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE);
    assertThat(error).hasMessageContaining("consumer_timeout").hasMessageContaining("maxUnsettled");
  }

  @Test
  void what_may_be_stored_is_stored_again_more_and_more_seldom() {
    assertThat(Reposts.mayBeStored(RabbitErrors.closedBeforeSend())).isFalse();
    assertThat(
            Reposts.mayBeStored(
                SendException.unknown(ErrorCode.TIMEOUT, "no confirm came in time", null)))
        .isTrue();
    assertThat(Reposts.waitAfter(0)).isEqualTo(Duration.ofSeconds(5));
    assertThat(Reposts.waitAfter(1)).isEqualTo(Duration.ofSeconds(10));
    assertThat(Reposts.waitAfter(4)).isEqualTo(Duration.ofSeconds(80));
    assertThat(Reposts.waitAfter(1_000)).isBetween(Duration.ofMinutes(9), Duration.ofMinutes(11));
  }

  private static MessagingException connecting(String text) {
    return RabbitErrors.connecting(
        SETTINGS,
        Duration.ofSeconds(10),
        new IOException(
            closed(
                new AMQP.Connection.Close.Builder()
                    .replyCode(AMQP.NOT_ALLOWED)
                    .replyText(text)
                    .build())));
  }

  private static ShutdownSignalException closed(com.rabbitmq.client.Method reason) {
    return new ShutdownSignalException(true, false, reason, null);
  }
}
