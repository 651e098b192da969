package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.rabbitmq.PendingSend.Target;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DelaysTest {
  private static final Target TARGET = Target.queue("q");

  private final AtomicInteger works = new AtomicInteger();
  private final AtomicLong now = new AtomicLong();
  private final Delays delays =
      new Delays(
          Wires.delays(Duration.ofMillis(1)),
          work -> works.incrementAndGet(),
          Runnable::run,
          now::get);

  @BeforeEach
  void bind() {
    delays.mode(Mode.CREATE);
    assertThat(delays.ready(TARGET)).isCompleted();
    assertThat(works).hasValue(2); // the levels, and the binding
  }

  @Test
  void a_channel_is_bound_once_in_a_while() {
    now.addAndGet(Duration.ofSeconds(59).toNanos());
    assertThat(delays.ready(TARGET)).isCompleted();
    assertThat(works).hasValue(2);

    now.addAndGet(Duration.ofSeconds(1).toNanos());

    assertThat(delays.ready(TARGET)).isCompleted();
    assertThat(works).hasValue(3);
  }

  @Test
  void a_channel_that_was_missing_is_bound_again_and_no_other() {
    assertThat(delays.ready(Target.queue("other"))).isCompleted();
    delays.forget(TARGET);

    assertThat(delays.ready(TARGET)).isCompleted();
    assertThat(delays.ready(Target.queue("other"))).isCompleted();

    assertThat(works).hasValue(4);
  }

  @Test
  void a_channel_is_bound_again_for_what_is_sent_while_there_is_no_connection() {
    delays.lost(new MessagingException(ErrorCode.CONNECTION_FAILED, "cut"));

    assertThat(delays.ready(TARGET)).isCompleted();

    assertThat(works).hasValue(4);
  }
}
