package dev.waybill.transport.aws;

import dev.waybill.transport.Receiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Receives from one queue: a thread that polls, and the deliveries that are open. */
final class AwsReceiver implements Receiver {
  private static final Duration CLOSING = Duration.ofSeconds(5);

  /** A little more than the longest poll. */
  private static final Duration STOPPING = Duration.ofMillis(2_500);

  private final OpenDeliveries open;
  private final PollLoop loop;
  private final Settler settler;
  private final Consumer<AwsReceiver> whenClosed;
  private final Thread thread;

  AwsReceiver(
      String name,
      OpenDeliveries open,
      PollLoop loop,
      Settler settler,
      Consumer<AwsReceiver> whenClosed) {
    this.open = open;
    this.loop = loop;
    this.settler = settler;
    this.whenClosed = whenClosed;
    this.thread = Threads.named("receive-" + name, loop);
  }

  void start() {
    thread.start();
  }

  @Override
  public void pause() {
    open.pause(true);
  }

  @Override
  public void resume() {
    open.pause(false);
  }

  /** Hands over nothing more; does not wait. */
  void beginStop() {
    loop.stop();
  }

  /** Waits for the poll that is under way: it would get what is given back after the stop. */
  @Override
  public void stop() {
    beginStop();
    join(Deadline.in(STOPPING));
  }

  @Override
  public void close() {
    close(Deadline.in(CLOSING));
  }

  /**
   * Closes by the deadline; what is not done by then is left to the lease. The last poll has to end
   * before messages are given back, or it would get them.
   */
  synchronized void close(Deadline deadline) {
    loop.stop();
    join(Deadline.in(deadline.remaining().multipliedBy(3).dividedBy(4)));
    open.awaitSettlements(Deadline.in(deadline.remaining().dividedBy(2)));
    List<AwsDelivery> left = open.all();
    Map<String, List<String>> handles = stillOwned(left);
    left.forEach(AwsDelivery::abandon);
    left.forEach(open::remove);
    handles.forEach((url, ofUrl) -> settler.release(url, ofUrl, deadline));
    whenClosed.accept(this);
  }

  private static Map<String, List<String>> stillOwned(List<AwsDelivery> left) {
    Map<String, List<String>> handles = new LinkedHashMap<>();
    for (AwsDelivery delivery : left) {
      if (delivery.isOwned() && !delivery.isSettling()) {
        handles
            .computeIfAbsent(delivery.queueUrl(), url -> new ArrayList<>())
            .add(delivery.receiptHandle());
      }
    }
    return handles;
  }

  private void join(Deadline deadline) {
    if (Thread.currentThread() == thread) {
      return; // closed by its own listener
    }
    try {
      TimeUnit.NANOSECONDS.timedJoin(thread, deadline.remainingNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
