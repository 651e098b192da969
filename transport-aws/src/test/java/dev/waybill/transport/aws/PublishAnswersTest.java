package dev.waybill.transport.aws;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sns.model.BatchResultErrorEntry;
import com.amazonaws.services.sns.model.PublishBatchRequest;
import com.amazonaws.services.sns.model.PublishBatchResult;
import com.amazonaws.services.sns.model.PublishBatchResultEntry;
import com.amazonaws.services.sqs.AmazonSQS;
import dev.waybill.error.ErrorCode;
import dev.waybill.transport.aws.AwsFailure.Fate;
import dev.waybill.transport.aws.AwsPort.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentMatchers;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sns.model.PublishBatchResponse;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/** What SNS answers to each message of a call; no emulator refuses one alone. */
class PublishAnswersTest {
  private static final List<OutgoingMessage> THREE =
      List.of(message("0"), message("1"), message("2"));

  private static OutgoingMessage message(String body) {
    return new OutgoingMessage(body, Map.of(), null, null, 0);
  }

  @Test
  void eachMessageHasItsOwnAnswerFromVersion1() {
    AmazonSNS sns = mock(AmazonSNS.class);
    when(sns.publishBatch(any(PublishBatchRequest.class)))
        .thenReturn(
            new PublishBatchResult()
                .withFailed(
                    new BatchResultErrorEntry()
                        .withId("0")
                        .withCode("InternalError")
                        .withSenderFault(false),
                    new BatchResultErrorEntry()
                        .withId("2")
                        .withCode("InvalidParameter")
                        .withSenderFault(true))
                .withSuccessful(new PublishBatchResultEntry().withId("1").withMessageId("sns-1")));

    assertAnswers(new Sdk1(null, mock(AmazonSQS.class), sns));
  }

  @Test
  void eachMessageHasItsOwnAnswerFromVersion2() {
    SnsAsyncClient sns = mock(SnsAsyncClient.class);
    doReturn(
            completedFuture(
                PublishBatchResponse.builder()
                    .failed(
                        List.of(
                            refused("0", "InternalError", false),
                            refused("2", "InvalidParameter", true)))
                    .successful(
                        List.of(
                            software.amazon.awssdk.services.sns.model.PublishBatchResultEntry
                                .builder()
                                .id("1")
                                .messageId("sns-1")
                                .build()))
                    .build()))
        .when(sns)
        .publishBatch(
            ArgumentMatchers
                .<Consumer<software.amazon.awssdk.services.sns.model.PublishBatchRequest.Builder>>
                    any());

    assertAnswers(new Sdk2(null, mock(SqsAsyncClient.class), sns));
  }

  private static software.amazon.awssdk.services.sns.model.BatchResultErrorEntry refused(
      String id, String code, boolean senderFault) {
    return software.amazon.awssdk.services.sns.model.BatchResultErrorEntry.builder()
        .id(id)
        .code(code)
        .senderFault(senderFault)
        .build();
  }

  private static void assertAnswers(Sdk sdk) {
    AwsSettings settings =
        new AwsSettings(
            null,
            null,
            false,
            null,
            Duration.ofSeconds(30),
            Duration.ZERO,
            false,
            Set.of(),
            sdk,
            System::nanoTime);
    try (AwsPort port = sdk.open(settings)) {
      List<Answer> answers =
          port.publish("arn:aws:sns:eu-west-1:1:t", THREE, Deadline.in(Duration.ofSeconds(30)))
              .orTimeout(30, TimeUnit.SECONDS)
              .join();

      assertThat(answers.get(0).failure().fate()).isEqualTo(Fate.UNKNOWN);
      assertThat(answers.get(1).id()).isEqualTo("sns-1");
      assertThat(answers.get(1).failure()).isNull();
      assertThat(answers.get(2).failure().fate()).isEqualTo(Fate.NOT_EXECUTED);
      assertThat(answers.get(2).failure().code()).isEqualTo(ErrorCode.BROKER_ERROR);
    }
  }
}
