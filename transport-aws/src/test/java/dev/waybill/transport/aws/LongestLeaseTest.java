package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.inmemory.VirtualClock;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** SQS ends a lease twelve hours after the receipt, whatever was renewed. */
class LongestLeaseTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String RENEWALS = "ChangeMessageVisibilityBatch";

  record Job(String name) {}

  private final VirtualClock clock = VirtualClock.create();
  private final Instant start = clock.instant();
  private AwsGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = new AwsGateway(TestBrokers.aws().uri());
    gateway.enforceLongestLease(this::nanoTime);
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private long nanoTime() {
    return Duration.between(start, clock.instant()).toNanos();
  }

  private AwsTransport transport() {
    return Aws.emulator(gateway.uri())
        .visibilityTimeout(Duration.ofHours(8))
        .nanoTime(this::nanoTime)
        .build();
  }

  @Test
  void theLastRenewalIsAShortOneToTheEndOfTheTwelveHours() {
    try (Aws aws = Aws.connect(transport())) {
      Queue queue = aws.queue(false);
      Collector collector = new Collector();
      aws.receive(queue, 1, collector);
      aws.sendAndWait(queue, Aws.message("long"));
      AwsDelivery delivery = (AwsDelivery) collector.next(PATIENCE);

      clock.advance(Duration.ofHours(6));
      delivery.renewLease();
      await().atMost(PATIENCE).until(() -> delivery.leaseLeft().toHours() > 2);
      clock.advance(Duration.ofHours(6).minusSeconds(2));
      assertThat(delivery.isOwned()).isTrue();
      delivery.renewLease(); // has nothing to ask for

      clock.advance(Duration.ofSeconds(2));
      assertThat(delivery.isOwned()).isFalse();
      assertThat(Aws.settle(delivery, Settlement.accept())).isEqualTo(Result.NOT_OWNED);
      assertThat(gateway.calls(RENEWALS)).isEqualTo(1);
      assertThat(gateway.calls("DeleteMessageBatch")).isZero();
    }
  }

  @Test
  void aHandlerIsToldThatItsLeaseIsLostAfterTwelveHours() {
    String queue = Aws.unique("jobs");
    CompletableFuture<HandlerContext> handling = new CompletableFuture<>();
    CompletableFuture<Void> end = new CompletableFuture<>();
    try (MessageBus bus =
        MessageBus.over(transport())
            .routes(Routes.define(r -> r.command(Job.class).named("job.v1").toQueue(queue)))
            .consume(
                queue,
                c ->
                    c.onCommand(
                        Job.class,
                        (job, context) -> {
                          handling.complete(context);
                          end.get(5, TimeUnit.MINUTES);
                        }))
            .timer(clock.timer())
            .start()) {
      bus.send(new Job("long")).join();
      HandlerContext context = handling.orTimeout(60, TimeUnit.SECONDS).join();

      clock.advance(Duration.ofHours(3)); // a third of the lease is over
      await().atMost(PATIENCE).until(() -> gateway.calls(RENEWALS) == 1);
      clock.advance(Duration.ofHours(3)); // and another; the renewal waits for the one before
      await().atMost(PATIENCE).until(() -> gateway.calls(RENEWALS) == 2);
      clock.advance(Duration.ofHours(4));
      assertThat(context.isOwnershipLost()).isFalse();

      clock.advance(Duration.ofHours(2));
      assertThat(context.isOwnershipLost()).isTrue();

      end.complete(null);
      await().atMost(PATIENCE).until(() -> bus.inFlight() == 0);
      assertThat(gateway.calls("DeleteMessageBatch")).isZero();
    }
  }
}
