package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Topic;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AddressesTest {
  private static final Topic TOPIC = new Topic("orders", false);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final AwsPort port = mock(AwsPort.class);
  private final Addresses addresses = new Addresses(port);

  private CompletableFuture<String> ask(Duration time) {
    return addresses.topicArn(TOPIC, Deadline.in(time));
  }

  @Test
  void whoAsksMeanwhileWaitsForTheSameLookup() {
    CompletableFuture<String> lookup = new CompletableFuture<>();
    when(port.topicArn(anyString(), any())).thenReturn(lookup);

    List<CompletableFuture<String>> asked =
        IntStream.range(0, 100).mapToObj(i -> ask(PATIENCE)).toList();
    lookup.complete("arn");

    assertThat(asked).allSatisfy(one -> assertThat(one).succeedsWithin(PATIENCE).isEqualTo("arn"));
    assertThat(ask(PATIENCE)).isCompletedWithValue("arn");
    verify(port, times(1)).topicArn(anyString(), any());
  }

  @Test
  void noneWaitsForALookupBeyondItsOwnTime() {
    when(port.topicArn(anyString(), any())).thenReturn(new CompletableFuture<>());
    CompletableFuture<String> first = ask(PATIENCE);

    assertFailed(ask(Duration.ofMillis(20)), ErrorCode.TIMEOUT);

    assertThat(first).isNotDone();
  }

  @Test
  void aTopicThatIsMissingIsNotLookedForByEachMessage() {
    when(port.topicArn(anyString(), any()))
        .thenReturn(CompletableFuture.failedFuture(AwsErrors.noTopic("orders")));

    for (int i = 0; i < 100; i++) {
      addresses.forget(TOPIC); // as a sender does whose message was refused for it
      assertFailed(ask(PATIENCE), ErrorCode.NOT_FOUND);
    }

    verify(port, times(1)).topicArn(anyString(), any());
    addresses.remember(TOPIC, "arn");
    assertThat(ask(PATIENCE)).isCompletedWithValue("arn");
  }

  private static void assertFailed(CompletableFuture<String> lookup, ErrorCode code) {
    assertThat(lookup)
        .failsWithin(PATIENCE)
        .withThrowableThat()
        .havingCause()
        .isInstanceOfSatisfying(
            AwsFailure.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.fate()).isEqualTo(AwsFailure.Fate.NOT_EXECUTED);
            });
  }
}
