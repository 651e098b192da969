package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A publishing channel for one exchange, or for some queues ({@link LaneTable} says which), with
 * the messages that await a confirm. A lane is never reused after its channel is closed, so its
 * sequence numbers belong to one epoch. An exchange has a channel to itself because the broker
 * closes the channel when the exchange is missing or forbidden, and then nothing is known of the
 * other messages on it.
 *
 * <p>Written to by the publisher's thread; confirms come on the client's reading thread.
 */
final class PublishLane {
  /**
   * RabbitMQ reads nothing more of a connection once a channel has 400 messages that it has not got
   * to, and adds to that by 200: so many cost the others nothing.
   */
  static final int MOST_BEHIND = 200;

  private final String exchange;
  private final Channel channel;
  private final Map<Long, PendingSend> pending = new ConcurrentHashMap<>();

  /** All before are answered; of the client's reading thread. */
  private long lowest = 1;

  /** The highest number that is answered; of the client's reading thread, asked by the other. */
  private volatile long answered;

  /** When the latest answer came, or the first message after it was written. */
  private volatile long since;

  /** What a return says of its message, and the one pending message that says no more itself. */
  private final Map<Name, Long> unmarked = new ConcurrentHashMap<>();

  private final Unconfirmed unconfirmed = new Unconfirmed();
  private final Runnable onRefusal;

  /** Whether some message has been forgotten, of which the broker may yet tell something. */
  private volatile boolean forgotten;

  /**
   * When it may be tried to replace it because it refuses, as the next; of the publisher's thread.
   */
  private long nextForRefusal = System.nanoTime();

  private long nextForSilence = nextForRefusal;
  private CompletableFuture<?> asked = CompletableFuture.completedFuture(null);

  /** What is run after each answer, if that is waited for. */
  private volatile @Nullable Runnable onAnswer;

  private record Name(String routingKey, @Nullable String messageId) {
    @Override
    public int hashCode() {
      return messageId == null ? routingKey.hashCode() : messageId.hashCode();
    }
  }

  private PublishLane(String exchange, Channel channel, Runnable onRefusal) {
    this.exchange = exchange;
    this.channel = channel;
    this.onRefusal = onRefusal;
  }

  /**
   * Opens a channel.
   *
   * @param onRefusal is told when the broker does not take a message (nack)
   */
  static PublishLane open(Connection connection, String exchange, Runnable onRefusal)
      throws IOException {
    Channel channel = Channels.open(connection);
    PublishLane lane = new PublishLane(exchange, channel, onRefusal);
    channel.addConfirmListener(lane::acked, lane::nacked);
    channel.addReturnListener(lane::returned);
    channel.confirmSelect();
    return lane;
  }

  String exchange() {
    return exchange;
  }

  Channel channel() {
    return channel;
  }

  /**
   * Writes a message that is already {@link PendingSend#beginWriting begun}.
   *
   * @param more whether another one follows at once, or a flush, so that this one need not leave
   *     before
   * @throws AlreadyClosedException nothing was written, and it is not pending here
   * @throws IOException nothing is known; it is pending until {@link #closed}
   */
  void write(PendingSend send, byte[] body, boolean more) throws IOException {
    long number = channel.getNextPublishSeqNo();
    PendingSend.Target target = send.target();
    if (answered == number - 1 || pending.isEmpty()) {
      since = System.nanoTime();
    }
    unconfirmed.written(target.routingKey());
    pending.put(number, send);
    send.isOf(this, number);
    GatheringSocket.gather(more);
    try {
      channel.basicPublish(
          target.exchange(),
          target.routingKey(),
          target.mandatory(),
          recognisable(number, send),
          body);
    } catch (AlreadyClosedException e) {
      take(number);
      throw e;
    } finally {
      GatheringSocket.gather(false);
    }
    send.written();
  }

  /**
   * A return carries no number but the message. If another with the same id to the same queue, or
   * without an id, awaits its answer, or may have been forgotten, the message carries its number
   * itself.
   */
  private BasicProperties recognisable(long number, PendingSend send) {
    if (!send.target().mandatory()) {
      return send.properties();
    }
    Name name = name(send);
    if (unmarked.putIfAbsent(name, number) == null) {
      if (!forgotten) {
        return send.properties();
      }
      unmarked.remove(name, number);
    }
    Map<String, Object> headers = new LinkedHashMap<>(MessageReader.headers(send.properties()));
    headers.put(HeaderNames.SEND, number);
    return send.properties().builder().headers(headers).build();
  }

  private static Name name(PendingSend send) {
    return new Name(send.target().routingKey(), send.properties().getMessageId());
  }

  /** Whether something that goes to some queue has got no answer for so long. */
  boolean isSilentFor(Duration time) {
    return unconfirmed.isSilentFor(time);
  }

  /** Whether something that goes by this routing key has got no answer for so long. */
  boolean isSilentFor(Duration time, String routingKey) {
    return unconfirmed.isSilentFor(time, routingKey);
  }

  /**
   * What the first message that is pending goes to by, if that is silent: it holds up the others.
   */
  Optional<String> silentFirst(Duration time) {
    return pending.keySet().stream()
        .min(Comparator.naturalOrder())
        .map(pending::get)
        .map(send -> send.target().routingKey())
        .filter(key -> unconfirmed.isSilentFor(time, key));
  }

  /** Whether some message by this routing key awaits its answer. */
  boolean awaits(String routingKey) {
    return unconfirmed.awaits(routingKey);
  }

  /** How many messages are pending. */
  int size() {
    return pending.size();
  }

  /** Whether nothing is pending but what goes to queues that have given no answer for so long. */
  boolean isOnlySilent(Duration time) {
    return pending.values().stream()
        .allMatch(send -> unconfirmed.isSilentFor(time, send.target().routingKey()));
  }

  /** Ends all that is pending without an answer, for none is expected any more. */
  void endSilent(Duration time) {
    for (PendingSend send : drop()) {
      send.fail(
          RabbitErrors.unknown(
              ErrorCode.TIMEOUT,
              "RabbitMQ has answered to nothing for %s for %s"
                  .formatted(send.target(), RabbitErrors.seconds(time)),
              null));
    }
  }

  /** Whether there was no answer at all for so long, and as much is written as may be then. */
  boolean isFullFor(Duration time) {
    return channel.getNextPublishSeqNo() - 1 - answered >= MOST_BEHIND
        && System.nanoTime() - since > time.toNanos();
  }

  /** The same, and nobody waits any more for what is written. */
  boolean isFullOfForgotten(Duration time) {
    return pending.isEmpty() && isFullFor(time);
  }

  /** Waits no more for the answer to a message. From any thread. */
  void forget(long number) {
    if (!pending.containsKey(number)) {
      return;
    }
    forgotten = true; // before its name is another one's
    PendingSend send = take(number);
    if (send != null) {
      unconfirmed.forgotten(send.target().routingKey());
      tellWaiting();
    }
  }

  /** Whether it may be tried again to replace it, for its silence or else because it refuses. */
  boolean mayRetire(boolean silent) {
    return System.nanoTime() - (silent ? nextForSilence : nextForRefusal) >= 0;
  }

  /** Says when, as a {@link System#nanoTime}. */
  void retireNotBefore(long time, boolean silent) {
    if (silent) {
      nextForSilence = time;
    } else {
      nextForRefusal = time;
    }
  }

  /**
   * Completes once the broker has done all that came to the channel before, on the client's thread;
   * fails when the channel is closed.
   */
  CompletableFuture<?> ask() throws IOException {
    if (asked.isDone()) { // the channel takes one call at a time
      asked = channel.asyncCompletableRpc(new AMQP.Confirm.Select.Builder().build());
    }
    return asked;
  }

  private List<PendingSend> drop() {
    List<PendingSend> open = new ArrayList<>(new TreeMap<>(pending).values());
    pending.clear();
    return open;
  }

  /** Whether all that goes to some queue has been refused for so long. */
  boolean isRefusedFor(Duration time) {
    return unconfirmed.isRefusedFor(time);
  }

  /** Whether nothing is pending. */
  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** Has {@code waiting}, if any, run after each answer from now on. */
  void onAnswer(@Nullable Runnable waiting) {
    onAnswer = waiting;
  }

  /** Ends all that is pending, for the channel is closed. */
  void closed(ShutdownSignalException signal) {
    List<PendingSend> open = drop();
    RabbitErrors.Reply reply = RabbitErrors.reply(signal);
    boolean refused =
        reply.code() == AMQP.NOT_FOUND
            || reply.code() == AMQP.ACCESS_REFUSED
            || reply.code() == AMQP.PRECONDITION_FAILED;
    // the broker refused one message; only if there can be no other it is clear which
    boolean certain = refused && open.size() == 1 && !forgotten;
    for (PendingSend send : open) {
      String text = text(send, reply, signal, refused);
      ErrorCode code = RabbitErrors.code(reply);
      send.fail(
          certain
              ? SendException.rejected(code, text, signal)
              : RabbitErrors.unknown(code, text, signal));
    }
  }

  private static String text(
      PendingSend send, RabbitErrors.Reply reply, ShutdownSignalException signal, boolean refused) {
    String why = RabbitErrors.why(signal);
    if (reply.code() == AMQP.NOT_FOUND) {
      return "RabbitMQ has no exchange '%s': create it, or let the bus create its topology. %s"
          .formatted(send.target().exchange(), why);
    }
    if (reply.code() == AMQP.ACCESS_REFUSED) {
      return "The user may not publish to %s: grant the write permission. %s"
          .formatted(send.target(), why);
    }
    return refused
        ? "RabbitMQ refused a message to %s: %s".formatted(send.target(), why)
        : "The connection was lost before RabbitMQ confirmed the message to %s: %s"
            .formatted(send.target(), why);
  }

  private void answered(long number) {
    answered = Math.max(answered, number);
    since = System.nanoTime();
  }

  private void acked(long number, boolean multiple) {
    answered(number);
    for (PendingSend send : take(number, multiple)) {
      unconfirmed.confirmed(send.target().routingKey());
      send.confirmed();
    }
    tellWaiting();
  }

  private void tellWaiting() {
    Runnable waiting = onAnswer;
    if (waiting != null) {
      waiting.run();
    }
  }

  private void nacked(long number, boolean multiple) {
    answered(number);
    for (PendingSend send : take(number, multiple)) {
      unconfirmed.refused(send.target().routingKey());
      send.fail(
          RabbitErrors.unknown(
              ErrorCode.BROKER_UNAVAILABLE,
              "RabbitMQ did not take responsibility for the message to %s (basic.nack): the queue is full or has failed"
                  .formatted(send.target()),
              null));
    }
    onRefusal.run();
    tellWaiting();
  }

  /** The return of a message comes before its ack. */
  private void returned(Return basicReturn) {
    BasicProperties properties = basicReturn.getProperties();
    Object mark = MessageReader.headers(properties).get(HeaderNames.SEND);
    Name name = new Name(basicReturn.getRoutingKey(), properties.getMessageId());
    Long number = mark instanceof Long own ? own : unmarked.get(name);
    PendingSend send = number == null ? null : pending.get(number);
    if (send != null) {
      send.returned();
    }
  }

  private List<PendingSend> take(long number, boolean multiple) {
    if (!multiple) {
      PendingSend send = take(number);
      while (lowest <= number && !pending.containsKey(lowest)) {
        lowest++; // or the next that confirms several would go over all of these
      }
      return send == null ? List.of() : List.of(send);
    }
    List<PendingSend> taken = new ArrayList<>();
    for (; lowest <= number; lowest++) {
      PendingSend send = take(lowest);
      if (send != null) {
        taken.add(send);
      }
    }
    return taken;
  }

  private @Nullable PendingSend take(long number) {
    PendingSend send = pending.remove(number);
    if (send != null && send.target().mandatory()) {
      unmarked.remove(name(send), number);
    }
    return send;
  }
}
