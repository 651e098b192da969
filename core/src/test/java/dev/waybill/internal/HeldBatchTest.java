package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeldBatchTest {
  private final Queue payments = new Queue("payments", false);
  private final FakeTransport transport = new FakeTransport();
  private final Intake intake = new Intake(payments, 10);
  private final List<String> calls = new ArrayList<>();

  /** What the broker says while the receiver is closed. */
  private Runnable atClose = () -> {};

  private final Receiver receiver =
      new Receiver() {
        @Override
        public void pause() {}

        @Override
        public void resume() {}

        @Override
        public void stop() {}

        @Override
        public void close() {
          calls.add("closed");
          atClose.run();
        }
      };

  @Test
  void a_decision_that_was_not_stored_is_an_error_of_the_close_once_all_is_given_back() {
    HeldBatch batch = batch();
    assertThat(batch.discard(batch.entries(), count -> {}).done()).isOne();
    atClose = this::forget;

    assertThatThrownBy(batch::close)
        .isInstanceOfSatisfying(
            MessagingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT))
        .hasMessage(
            "Dead letters of the queue payments that were decided about may be there again, since"
                + " that is not stored: not committed");
    batch.close();
    assertThat(calls).containsExactly("closed");
  }

  @Test
  void what_was_forgotten_before_the_first_decision_does_not_matter() {
    HeldBatch batch = batch();
    forget();
    assertThat(batch.discard(batch.entries(), count -> {}).done()).isOne();

    batch.close();

    assertThat(calls).containsExactly("closed");
  }

  @Test
  void nothing_is_forgotten_where_nothing_was_decided() {
    HeldBatch batch = batch();
    atClose = this::forget;

    batch.close();

    assertThat(calls).containsExactly("closed");
  }

  private HeldBatch batch() {
    intake.delivered(FakeDelivery.of("payments.dlq@1", null));
    LeaseKeeping leases = new LeaseKeeping(intake, null, new ManualTimer());
    return new HeldBatch(
        payments, transport.connect(Duration.ZERO).sender(), receiver, intake, leases);
  }

  private void forget() {
    intake.forgotten(new MessagingException(ErrorCode.TIMEOUT, "not committed"));
  }
}
