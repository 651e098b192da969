package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class PendingSendTest {
  private static final SendException ERROR =
      SendException.rejected(ErrorCode.UNROUTABLE, "no queue", null);

  @Test
  void an_answer_is_noted_before_the_sender_knows_of_it() {
    List<Consumer<PendingSend>> answers =
        List.of(
            PendingSend::confirmed,
            send -> send.fail(ERROR),
            send -> {
              send.returned();
              send.confirmed();
            },
            send -> send.giveUp(ERROR, ERROR));
    for (Consumer<PendingSend> answer : answers) {
      List<Boolean> known = new ArrayList<>();
      PendingSend send =
          new PendingSend(
              PendingSend.Target.queue("q"),
              new BasicProperties(),
              new byte[0],
              () -> {},
              (answered, error) -> known.add(answered.answer().isDone()));

      answer.accept(send);

      assertThat(send.answer()).isDone();
      assertThat(known).containsExactly(false);
    }
  }
}
