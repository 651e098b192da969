package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Topic;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One message on its way: queued, then written, then done. What is queued was provably not sent;
 * what was written may have been stored whatever happens.
 */
final class PendingSend {
  /** Where a message goes; for the default exchange the routing key is the queue's name. */
  record Target(String exchange, String routingKey, boolean mandatory) {
    static Target of(Channel channel) {
      return channel instanceof Topic ? exchange(channel.name()) : queue(channel.name());
    }

    static Target queue(String name) {
      return new Target("", name, true);
    }

    /** A fanout exchange; nobody need be bound to it. */
    static Target exchange(String name) {
      return new Target(name, "", false);
    }

    /** A fanout exchange, behind which subscriptions may be spread by the key's slot. */
    static Target exchange(String name, int slot) {
      return new Target(name, Integer.toString(slot), false);
    }

    /** What to say when nobody is there. */
    String unroutable() {
      if (!exchange.isEmpty()) {
        return "RabbitMQ has no queues behind the exchange '%s' to delay a message: let the bus create its topology, or declare them."
            .formatted(exchange);
      }
      return (ReplyQueue.at(routingKey).isPresent()
              ? "The requester that '%s' belongs to is gone; nobody takes the reply."
              : "RabbitMQ has no queue '%s': create it, or let the bus create its topology.")
          .formatted(routingKey);
    }

    /** The target as its permission is named: the default exchange is {@code amq.default}. */
    @Override
    public String toString() {
      return (exchange.isEmpty() ? "amq.default" : exchange) + "/" + routingKey;
    }
  }

  /** Told of the answer before the sender is, who may send the next one at once. */
  interface Listener {
    /**
     * The answer has come.
     *
     * @param error null if it is a confirm
     */
    void answered(PendingSend send, @Nullable SendException error);
  }

  private enum State {
    QUEUED,
    WRITTEN,
    DONE
  }

  private final Target target;
  private final BasicProperties properties;
  private final int frameSizeAtMost;
  private final Runnable leave;
  private final Listener listener;
  private final CompletableFuture<String> answer = new CompletableFuture<>();
  private final AtomicReference<State> state = new AtomicReference<>(State.QUEUED);
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile byte @Nullable [] body;
  private volatile @Nullable PublishLane lane;
  private volatile long number;
  private Duration deadline = Duration.ZERO;
  private long end;
  private volatile boolean returned;

  /**
   * A queued message.
   *
   * @param leave run once, when the message takes up no room any more
   */
  PendingSend(
      Target target, BasicProperties properties, byte[] body, Runnable leave, Listener listener) {
    this.target = target;
    this.properties = properties;
    this.frameSizeAtMost = MessageWriter.frameSizeAtMost(properties);
    this.body = body;
    this.leave = leave;
    this.listener = listener;
  }

  Target target() {
    return target;
  }

  BasicProperties properties() {
    return properties;
  }

  /** Whether its headers are within a connection's limit of a frame. */
  boolean fits(int frameMax) {
    return frameSizeAtMost <= frameMax || frameSize() <= frameMax;
  }

  int frameSize() {
    return MessageWriter.frameSize(properties);
  }

  CompletableFuture<String> answer() {
    return answer;
  }

  /** Says how long it may take from now on; before anybody else knows of it. */
  void expireAfter(Duration limit) {
    deadline = limit;
    end = System.nanoTime() + limit.toNanos();
  }

  Duration deadline() {
    return deadline;
  }

  /** When its deadline passes, as a {@link System#nanoTime}. */
  long end() {
    return end;
  }

  /** Whether its deadline has passed at that {@link System#nanoTime}. */
  boolean isLate(long now) {
    return now - end >= 0;
  }

  /** The body, if the message is to be written now; from then on its fate is unknown. */
  byte @Nullable [] beginWriting() {
    byte[] bytes = body;
    return state.compareAndSet(State.QUEUED, State.WRITTEN) ? bytes : null;
  }

  /** It is the lane's, by that number. */
  void isOf(PublishLane its, long numberThere) {
    number = numberThere;
    lane = its;
  }

  /** No answer is waited for any more. */
  void forget() {
    PublishLane its = lane;
    if (its != null) {
      its.forget(number);
    }
    leaveOnce();
  }

  /** It has been written; the body is not needed any more. */
  void written() {
    body = null;
  }

  /** It was provably not written; returns whether it may be tried again. */
  boolean unwritten() {
    return state.compareAndSet(State.WRITTEN, State.QUEUED);
  }

  void returned() {
    returned = true;
  }

  void confirmed() {
    if (returned) {
      fail(SendException.rejected(ErrorCode.UNROUTABLE, target.unroutable(), null));
      return;
    }
    leaveOnce(); // before its sender, who may send the next one, is told
    if (finish()) {
      listener.answered(this, null);
      answer.complete(target.toString());
    }
  }

  /** Ends with an error, if it has no answer yet. */
  void fail(SendException error) {
    if (finish()) {
      end(error);
    }
    leaveOnce();
  }

  /**
   * Ends with {@code rejected} if it was provably not written, else with {@code unknown}; returns
   * whether that was it.
   */
  boolean giveUp(SendException rejected, SendException unknown) {
    if (state.compareAndSet(State.QUEUED, State.DONE)) {
      end(rejected);
      leaveOnce();
    } else if (state.compareAndSet(State.WRITTEN, State.DONE)) {
      // still counted: its confirm may yet come, and until then it takes up room
      end(unknown);
      return true;
    }
    return false;
  }

  /** It takes up no room any more. */
  void leaveOnce() {
    if (left.compareAndSet(false, true)) {
      leave.run();
    }
  }

  private boolean finish() {
    if (state.getAndSet(State.DONE) == State.DONE) {
      return false;
    }
    body = null;
    return true;
  }

  private void end(SendException error) {
    body = null;
    listener.answered(this, error);
    answer.completeExceptionally(error);
  }
}
