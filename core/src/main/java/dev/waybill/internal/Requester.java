package dev.waybill.internal;

import dev.waybill.Command;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;

/** A bus's requesting at work: the requests, the receiver of their replies, and its thread. */
final class Requester {
  /** Replies are accepted at once, so that a few are on their way at a time. */
  private static final int MAX_UNSETTLED = 100;

  private final ExecutorService workers = Workers.single("waybill-replies");
  private final Requests requests;
  private final Trouble disturbance;
  private final Receiver receiver;

  Requester(
      BusPlan plan,
      ReplyQueue queue,
      OutgoingPipeline outgoing,
      TransportConnection connection,
      ScheduledExecutorService timer,
      Executor answers,
      Executor late) {
    Capabilities capabilities = plan.transport().capabilities(queue.keyed());
    this.requests = new Requests(plan, queue, outgoing, timer, answers, late);
    this.disturbance = new Trouble(plan.clock());
    this.receiver =
        connection.receive(
            queue,
            Math.min(MAX_UNSETTLED, capabilities.maxUnsettled()),
            new ReplyPipeline(
                queue,
                plan.routes(),
                new PayloadReader(
                    plan.codec(), capabilities.maxBodyBytes(), plan.transport().passesReferences()),
                requests,
                workers,
                disturbance));
  }

  <R> CompletableFuture<R> request(Command<?> command, Class<R> replyType, Duration timeout) {
    return requests.send(command, replyType, timeout);
  }

  /** What is wrong with receiving replies, in a sentence. */
  Optional<String> problem() {
    return Optional.ofNullable(disturbance.sentence());
  }

  /** Fails what waits, and ends receiving. Blocks as long as a receiver's closing does. */
  void close() {
    requests.close();
    try {
      receiver.stop();
      receiver.close();
    } finally {
      workers.shutdown();
    }
  }
}
