package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.Method;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls by a channel which a queue without a leader leaves without an answer. They have none of the
 * client's limit, after which it takes a late answer for that of the next call; the channel takes
 * no other meanwhile, not its own end either. Thread-safe.
 */
final class QueueCalls {
  private static final Logger log = LoggerFactory.getLogger(QueueCalls.class);

  private final String queue;
  private final Channel channel;
  private final Calls calls;
  private volatile CompletableFuture<?> last = CompletableFuture.completedFuture(null);

  /** How long to wait for the last one's answer. */
  private volatile Duration patience = RabbitLink.RPC_LIMIT;

  /**
   * Calls about a queue.
   *
   * @param calls makes what blocks
   */
  QueueCalls(String queue, Channel channel, Calls calls) {
    this.queue = queue;
    this.channel = channel;
    this.calls = calls;
  }

  Channel channel() {
    return channel;
  }

  /** Does not wait for the answer, which is told on the client's thread. */
  void call(Method method, Consumer<Method> answered) throws IOException {
    CompletableFuture<Command> begun = channel.asyncCompletableRpc(method);
    last = begun.thenAccept(command -> answered.accept(command.getMethod()));
  }

  /** The last one has been waited for in vain. */
  void waitNoMore() {
    patience = Duration.ZERO;
  }

  /**
   * Has done what the channel has to be free for, once it is: after waiting for that, or in another
   * call if it takes too long.
   */
  void afterAnswer(Runnable work) {
    calls.add(() -> await(work));
  }

  /** Ends the channel, as soon as its last call is answered. */
  void end() {
    waitNoMore();
    afterAnswer(() -> Channels.end(channel));
  }

  private void await(Runnable work) {
    CompletableFuture<?> awaited = last;
    try {
      awaited.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the connection is being closed
      return;
    } catch (ExecutionException e) {
      log.debug("The channel of queue {} was closed before it answered", queue, e);
    } catch (TimeoutException e) {
      var unused = awaited.whenComplete((answer, error) -> afterAnswer(work));
      return;
    }
    work.run();
  }
}
