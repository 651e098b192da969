package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import dev.waybill.transport.aws.AwsPort.Answer;
import dev.waybill.transport.aws.BatchAnswers.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchAnswersTest {
  @Test
  void anEntryWithoutAResultMayHaveBeenDoneAndTheOthersKeepTheirPlaces() {
    List<Answer> answers =
        BatchAnswers.inOrder(
            4,
            List.of("3", "0"),
            id -> Entry.done(id, "m-" + id),
            List.of("1"),
            id -> Entry.failed(id, "ThrottlingException", true, "too many"));

    assertThat(answers).hasSize(4);
    assertThat(answers.get(0)).isEqualTo(Answer.done("m-0"));
    assertThat(answers.get(1).failure().fate()).isEqualTo(Fate.NOT_NOW);
    assertThat(answers.get(2).failure().fate()).isEqualTo(Fate.UNKNOWN);
    assertThat(answers.get(2).failure().code()).isEqualTo(ErrorCode.BROKER_ERROR);
    assertThat(answers.get(3)).isEqualTo(Answer.done("m-3"));
  }
}
