package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.waybill.transport.Settlement;
import dev.waybill.transport.aws.OpenDeliveries.Room;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class OpenDeliveriesTest {
  private static final Duration LEASE = Duration.ofDays(1);

  private final Settler settler = mock(Settler.class);

  private AwsDelivery delivery(OpenDeliveries open, String id, String group) {
    ReceivedMessage received = ScriptedAws.received(id, group);
    return new AwsDelivery(
        received,
        Reading.of(received, false, true),
        true,
        1_000,
        Deadline.in(LEASE),
        settler,
        open::remove);
  }

  @Test
  void whatComesAgainDoesNotFollowItsOwnLostPredecessor() {
    OpenDeliveries open = new OpenDeliveries(10, true);
    AwsDelivery lost = delivery(open, "1", "a");
    AwsDelivery behind = delivery(open, "2", "a");
    open.add(List.of(lost, behind));
    lost.abandon(); // as the end of its lease does
    AwsDelivery again = delivery(open, "1", "a");
    AwsDelivery next = delivery(open, "2", "a");

    open.add(List.of(again, next));

    assertThat(lost.isOwned()).isFalse();
    assertThat(behind.isOwned()).isFalse();
    assertThat(again.isOwned()).isTrue();
    assertThat(next.isOwned()).isTrue();
    again.abandon();
    assertThat(next.isOwned()).isFalse();
  }

  @Test
  void creditThatIsFreeIsWorkToComeAsLongAsAnyIsLeft() {
    when(settler.delete(any())).thenReturn(new CompletableFuture<>());
    OpenDeliveries open = new OpenDeliveries(10, true);
    List<AwsDelivery> four = deliveries(open, 4);
    assertThat(open.isShortOfWork()).isFalse();

    four.subList(0, 3).forEach(delivery -> delivery.settle(Settlement.accept()));
    assertThat(open.isShortOfWork()).isFalse();

    four.get(3).settle(Settlement.accept());
    assertThat(open.isShortOfWork()).isTrue();
  }

  @Test
  void moreThanHalfOfALittleCreditInSettlementsIsNotWaitedWith() {
    when(settler.delete(any())).thenReturn(new CompletableFuture<>());
    OpenDeliveries open = new OpenDeliveries(10, true);
    List<AwsDelivery> ten = deliveries(open, 10);
    ten.subList(0, 5).forEach(delivery -> delivery.settle(Settlement.accept()));
    assertThat(open.isShortOfWork()).isFalse();

    ten.get(5).settle(Settlement.accept());
    assertThat(open.isShortOfWork()).isTrue();
  }

  private List<AwsDelivery> deliveries(OpenDeliveries open, int count) {
    List<AwsDelivery> some = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      some.add(delivery(open, String.valueOf(i), "group-" + i));
    }
    open.add(some);
    return some;
  }

  @Test
  void anEmptyPollBesideOpenMessageGroupsDoesNotTellTheBacklog() throws InterruptedException {
    OpenDeliveries keyed = new OpenDeliveries(10, true);
    OpenDeliveries unkeyed = new OpenDeliveries(10, false);
    for (OpenDeliveries open : List.of(keyed, unkeyed)) {
      deliveries(open, 1);
      open.awaitRoom(); // a poll is under way
      open.answered(true);
    }

    assertThat(keyed.status().backlog()).isNull();
    assertThat(unkeyed.status().backlog()).isEqualTo(1);
  }

  @Test
  @Timeout(60)
  void anotherPollIsMadeBesideOneOnlyWhilePollsComeBackFull() throws InterruptedException {
    OpenDeliveries open = new OpenDeliveries(100, false);
    open.polled(open.awaitRoom(), 10);

    Room first = open.awaitRoom();
    Room second = open.awaitRoom(); // which would wait for the end of the first
    open.polled(first, 10);
    open.polled(second, 9);

    open.awaitRoom();
    CompletableFuture<Room> beside = new CompletableFuture<>();
    Thread waiting =
        new Thread(
            () -> {
              try {
                beside.complete(open.awaitRoom());
              } catch (InterruptedException e) {
                beside.completeExceptionally(e);
              }
            });
    waiting.start();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> waiting.getState() == Thread.State.TIMED_WAITING);
    open.end();
    assertThat(beside.orTimeout(30, TimeUnit.SECONDS).join().max()).isZero();
  }

  @Test
  void anEmptyPollOfMessageGroupsWithNothingOpenTellsThatThereIsNone() throws InterruptedException {
    OpenDeliveries open = new OpenDeliveries(10, true);
    open.awaitRoom();
    open.answered(true);

    assertThat(open.status().backlog()).isZero();
  }
}
