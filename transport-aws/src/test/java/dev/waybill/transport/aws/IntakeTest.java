package dev.waybill.transport.aws;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.reset;
import static org.mockito.Mockito.when;
import static org.mockito.Mockito.withSettings;

import dev.waybill.routing.Queue;
import java.lang.ref.WeakReference;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IntakeTest {
  private static final Duration LEASE = Duration.ofHours(12);

  private final Queue queue = new Queue("later", false);
  private final OpenDeliveries open = new OpenDeliveries(10, false);
  private final Timer timer = new Timer("test");

  private final Settler settler = mock(Settler.class, withSettings().stubOnly());

  @AfterEach
  void close() {
    timer.close();
  }

  @Test
  void whatWasPutBackIsNotKeptInMemoryForTheRestOfItsLease() {
    when(settler.lease()).thenReturn(LEASE);
    when(settler.sendLater(any(), any(), any())).thenReturn(completedFuture("copy"));
    when(settler.delete(any())).thenReturn(completedFuture(true));
    doAnswer(
            call -> {
              call.<Runnable>getArgument(0).run();
              return null;
            })
        .when(settler)
        .tell(any());
    Intake intake =
        new Intake(
            queue,
            new Handover(queue, new Collector()),
            open,
            settler,
            new GivingBack(mock(AwsPort.class), mock(Addresses.class), queue),
            timer,
            false,
            1_000,
            Clock.systemUTC());

    WeakReference<ReceivedMessage> taken = takeEarly(intake);
    reset(settler); // which keeps what it was asked last

    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              System.gc();
              return taken.get() == null;
            });
  }

  private static WeakReference<ReceivedMessage> takeEarly(Intake intake) {
    long due = Instant.now().plus(Duration.ofDays(1)).toEpochMilli();
    ReceivedMessage message =
        new ReceivedMessage(
            "m",
            "receipt",
            "body",
            Map.of(WireFormat.DUE, NativeAttribute.string(String.valueOf(due))),
            null,
            1);
    intake.take(List.of(message), Deadline.in(LEASE)).join();
    return new WeakReference<>(message);
  }
}
