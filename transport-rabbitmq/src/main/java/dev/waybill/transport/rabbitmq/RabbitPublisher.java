package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import dev.waybill.transport.rabbitmq.PendingSend.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Publishes with confirms. A {@link PublishLoop} writes, so that no caller waits for a socket; what
 * it has not written at the deadline is rejected, what it has is unknown.
 */
final class RabbitPublisher implements Sender, PendingSend.Listener {
  /**
   * Messages without an answer at once to one queue or exchange. Fewer would leave the broker idle
   * between confirms; more would hold more memory, and leave more unknown when a connection is
   * lost.
   */
  private static final int MAX_PENDING = 1_000;

  /** To all. Some that answer nothing leave room for the others. */
  private static final int MAX_PENDING_TO_ALL = 4 * MAX_PENDING;

  /**
   * How long after a message's deadline its confirm may come, and it takes up room. RabbitMQ never
   * answers to what reaches a quorum queue while it is deleted.
   */
  private static final Duration LATE = PublishLoop.SILENCE;

  /** How late a deadline is noticed. A timer for each send would be dearer than all looks. */
  private static final long LOOK_MILLIS = 10;

  private final Partitions partitions;
  private final PublishLoop loop;
  private final Mailbox timer;
  private final Delays delays;
  private final DelayedSends delayed;
  private final Window window = new Window(MAX_PENDING_TO_ALL, MAX_PENDING);
  private final Set<PendingSend> unanswered = ConcurrentHashMap.newKeySet();

  /** When it is looked for what is late, as a nano time, if {@link #looking}. */
  private volatile long nextLook;

  private volatile boolean looking;

  /** Guarded by the timer. */
  private Runnable callOffLook = () -> {};

  private volatile boolean closed;

  RabbitPublisher(RabbitLink link, Partitions partitions, RabbitThreads threads, Delays delays) {
    this.partitions = partitions;
    this.loop = new PublishLoop(link, threads, PublishLoop.SILENCE);
    this.timer = new Mailbox(threads, "timer");
    this.delays = delays;
    this.delayed = new DelayedSends(delays, this::publish);
    loop.start();
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    long end = System.nanoTime() + deadline.toNanos();
    try {
      BasicProperties properties = properties(channel, message);
      Target target = target(channel, message);
      Runnable leave = admit(message.delay() == null ? target : delayed.entry(target), deadline);
      Duration left = Duration.ofNanos(Math.max(end - System.nanoTime(), 1));
      return message.delay() == null
          ? publish(target, properties, message.body(), left, leave)
          : delayed.send(target, properties, message.body(), message.delay(), left, leave);
    } catch (SendException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletableFuture<String> sendTo(Source source, WireMessage message, Duration deadline) {
    return send(
        new Queue(source.name(), source.keyed()), MessageWriter.withoutReserved(message), deadline);
  }

  /**
   * Publishes without waiting for room; for what is bounded elsewhere.
   *
   * @throws SendException rejected, if the properties can't be encoded
   */
  CompletableFuture<String> publish(
      Target target, BasicProperties properties, byte[] body, Duration deadline) {
    return publish(target, properties, body, deadline, () -> {});
  }

  /**
   * Publishes so that {@code target} gets it after {@code delay}, without waiting for room. Fails
   * where it is not sure that it will: the original would be lost with it.
   *
   * @throws SendException rejected, if the properties can't be encoded
   */
  CompletableFuture<String> publishLater(
      Target target, BasicProperties properties, byte[] body, Duration delay, Duration deadline) {
    return delayed.send(target, properties, body, delay, deadline, () -> {});
  }

  @Override
  public boolean flush(Duration deadline) {
    List<CompletableFuture<?>> answers = new ArrayList<>();
    delayed.waiting().forEach(answer -> answers.add(answer.handle((receipt, error) -> null)));
    unanswered.forEach(send -> answers.add(send.answer().handle((receipt, error) -> null)));
    try {
      CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
          .get(deadline.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("handled answers don't fail", e);
    }
  }

  /** Ends all that has no answer and takes nothing more. */
  void close() {
    closed = true;
    window.open();
    delayed.close();
    unanswered.forEach(RabbitPublisher::endAtClose);
    loop.close();
    timer.close();
  }

  private static BasicProperties properties(Channel channel, WireMessage message) {
    // nobody waits for a reply any more when its broker has been restarted
    boolean persistent = !(channel instanceof ReplyQueue);
    return MessageWriter.write(message, persistent);
  }

  private Target target(Channel channel, WireMessage message) {
    if (channel instanceof Topic topic) {
      return topic.keyed()
          ? Target.exchange(topic.name(), Partitions.slot(message))
          : Target.exchange(topic.name());
    }
    return Target.queue(partitions.queueFor(channel.name(), message));
  }

  /** Returns what gives the place back. */
  private Runnable admit(Target target, Duration deadline) {
    if (closed) {
      throw RabbitErrors.closedBeforeSend();
    }
    try {
      Runnable leave = window.enter(target, deadline);
      if (leave == null) {
        loop.giveUpIfSilent(); // where all places are of sends that have expired, nobody else does
        throw SendException.rejected(
            ErrorCode.THROTTLED,
            "As many messages as may be, to %s or to all, await RabbitMQ's confirms, and none came within the deadline; nothing was sent."
                .formatted(target),
            null);
      }
      if (closed) { // which is what made room
        leave.run();
        throw RabbitErrors.closedBeforeSend();
      }
      return leave;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SendException.rejected(
          ErrorCode.TIMEOUT, "Interrupted while waiting to send; nothing was sent.", e);
    }
  }

  private CompletableFuture<String> publish(
      Target target, BasicProperties properties, byte[] body, Duration deadline, Runnable leave) {
    PendingSend send;
    try {
      send = new PendingSend(target, properties, body, leave, this);
      send.expireAfter(deadline);
    } catch (SendException e) {
      leave.run();
      throw e;
    }
    unanswered.add(send);
    CompletableFuture<String> unused =
        send.answer().whenComplete((receipt, error) -> unanswered.remove(send));
    lookAt(send.end());
    if (!loop.write(send) || closed) {
      endAtClose(send);
    }
    return send.answer();
  }

  @Override
  public void answered(PendingSend send, @Nullable SendException error) {
    Target target = send.target();
    if (error == null) {
      window.trust(target);
      loop.trust(target);
    } else if (error.code() == ErrorCode.UNROUTABLE) {
      loop.trust(target); // an answer, and there may be no other
      delays.forget(target);
    }
  }

  /** Looks for what is late once a deadline has passed, if not before. */
  private void lookAt(long end) {
    if (looking && nextLook - end <= 0) {
      return;
    }
    synchronized (timer) {
      if (!looking || nextLook - end > 0) {
        callOffLook.run();
        nextLook = end;
        looking = true;
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        callOffLook = timer.tellLater(Math.max(left, LOOK_MILLIS), this::look);
      }
    }
  }

  private void look() {
    synchronized (timer) {
      looking = false; // first: what is sent from now on is not surely seen
    }
    long now = System.nanoTime();
    PendingSend next = null;
    for (PendingSend send : unanswered) {
      if (send.isLate(now)) {
        expire(send);
      } else if (next == null || send.end() - next.end() < 0) {
        next = send;
      }
    }
    if (next != null) {
      lookAt(next.end());
    }
  }

  private void expire(PendingSend send) {
    String target = send.target().toString();
    String limit = RabbitErrors.seconds(send.deadline());
    ErrorCode reason = loop.reasonToWait();
    boolean written =
        send.giveUp(
            SendException.rejected(
                reason,
                "The message to %s was not sent within %s: %s"
                    .formatted(target, limit, words(reason)),
                null),
            RabbitErrors.unknown(
                ErrorCode.TIMEOUT,
                "RabbitMQ did not confirm the message to %s within %s".formatted(target, limit),
                null));
    if (written) {
      if (loop.isSilent(send.target())) {
        window.doubt(send.target());
      }
      Runnable unused = timer.tellLater(LATE.toMillis(), send::forget);
    } else {
      loop.forget(send);
    }
    loop.giveUpIfSilent();
  }

  private String words(ErrorCode reason) {
    return switch (reason) {
      case CONNECTION_FAILED -> {
        String problem = loop.problem();
        yield problem == null
            ? "there is no connection to RabbitMQ."
            : "there is no connection. " + problem;
      }
      case THROTTLED -> "RabbitMQ blocks publishing (memory or disk alarm).";
      default -> "it could not be written in time.";
    };
  }

  private static void endAtClose(PendingSend send) {
    send.giveUp(
        RabbitErrors.closedBeforeSend(),
        RabbitErrors.unknown(
            ErrorCode.CLOSED,
            "The connection was closed before RabbitMQ confirmed the message to %s"
                .formatted(send.target()),
            null));
  }
}
