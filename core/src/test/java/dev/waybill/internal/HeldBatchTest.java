package dev.waybill.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HeldBatchTest {
  private final Queue payments = new Queue("payments", false);
  private final FakeTransport transport = new FakeTransport();
  private final Intake intake = new Intake(payments, 10);

  @Test
  void a_decision_that_was_not_stored_is_an_error_of_the_close_once_all_is_given_back() {
    HeldBatch batch = batch();
    assertThat(batch.discard(batch.entries(), count -> {}).done()).isOne();
    forget();

    assertThatThrownBy(batch::close)
        .isInstanceOfSatisfying(
            MessagingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT))
        .hasMessage(
            "Dead letters of the queue payments that were decided about may be there again, since"
                + " that is not stored: not committed");
    batch.close();
    assertThat(transport.calls).containsOnlyOnce("close payments.dlq");
  }

  @Test
  void what_was_forgotten_before_the_first_decision_does_not_matter() {
    HeldBatch batch = batch();
    forget();
    assertThat(batch.discard(batch.entries(), count -> {}).done()).isOne();

    batch.close();

    assertThat(transport.calls).containsOnlyOnce("close payments.dlq");
  }

  @Test
  void nothing_is_forgotten_where_nothing_was_decided() {
    HeldBatch batch = batch();
    forget();

    batch.close();

    assertThat(transport.calls).containsOnlyOnce("close payments.dlq");
  }

  private HeldBatch batch() {
    intake.delivered(FakeDelivery.of("payments.dlq@1", null));
    LeaseKeeping leases = new LeaseKeeping(intake, null, new ManualTimer());
    TransportConnection connection = transport.connect(Duration.ZERO);
    Receiver receiver = connection.receive(payments.deadLetterQueue(), 10, intake);
    return new HeldBatch(payments, connection.sender(), receiver, intake, leases);
  }

  private void forget() {
    intake.forgotten(new MessagingException(ErrorCode.TIMEOUT, "not committed"));
  }
}
