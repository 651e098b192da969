package dev.waybill.transport.aws;

import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Receives from one queue: a thread that polls, and the deliveries that are open. */
final class AwsReceiver implements Receiver {
  private static final Duration CLOSING = Duration.ofSeconds(5);

  /** A little more than the longest poll beside open deliveries. */
  private static final Duration STOPPING = Duration.ofMillis(2_500);

  private final OpenDeliveries open;
  private final PollLoop loop;
  private final Settler settler;
  private final GivingBack givingBack;
  private final Consumer<AwsReceiver> whenClosed;
  private final Thread thread;

  AwsReceiver(
      String name,
      OpenDeliveries open,
      PollLoop loop,
      Settler settler,
      GivingBack givingBack,
      Consumer<AwsReceiver> whenClosed) {
    this.open = open;
    this.loop = loop;
    this.settler = settler;
    this.givingBack = givingBack;
    this.whenClosed = whenClosed;
    this.thread = Threads.named("receive-" + name, loop);
  }

  void start() {
    thread.start();
  }

  /** Its backlog is known while a poll has found nothing that is not open here. */
  @Override
  public Status status() {
    return open.status();
  }

  @Override
  public void pause() {
    open.pause(true);
  }

  @Override
  public void resume() {
    open.pause(false);
  }

  /** Whether a poll is under way. */
  boolean isPolling() {
    return open.isPolling();
  }

  /** Hands over nothing more; does not wait. */
  void beginStop() {
    loop.stop();
  }

  /** Waits for polls that are under way beside open deliveries, as they would get them back. */
  @Override
  public void stop() {
    beginStop();
    open.awaitPolls(Deadline.in(STOPPING));
  }

  @Override
  public void close() {
    close(Deadline.in(CLOSING));
  }

  /**
   * Closes by the deadline; what is not done by then is left to the lease. Polls have to end before
   * messages are given back, or would get them; one that waits with nothing open goes on until the
   * connection is closed, and gives back at once what it gets.
   */
  synchronized void close(Deadline deadline) {
    loop.stop();
    settler.flush();
    open.awaitPolls(Deadline.in(deadline.remaining().multipliedBy(3).dividedBy(4)));
    open.awaitSettlements(Deadline.in(deadline.remaining().dividedBy(2)));
    List<AwsDelivery> left = open.all();
    List<String> handles =
        left.stream()
            .filter(delivery -> delivery.isOwned() && !delivery.isSettling())
            .map(AwsDelivery::receiptHandle)
            .toList();
    left.forEach(AwsDelivery::abandon);
    left.forEach(open::remove);
    givingBack.now(handles, deadline);
    join(deadline);
    whenClosed.accept(this);
  }

  private void join(Deadline deadline) {
    try {
      TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, deadline.remainingNanos()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
