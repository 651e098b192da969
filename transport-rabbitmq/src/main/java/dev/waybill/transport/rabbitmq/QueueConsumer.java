package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a receiver has of one queue: its consumer, made again whenever it is lost. Used by the
 * receiver's thread only, unless said otherwise.
 *
 * <p>A keyed queue has a single active consumer. To cancel it would let the broker give the next
 * messages of a key to another instance while this one still has earlier ones open. So a pause or
 * stop of a keyed receiver only stops handing out, and what has arrived by then is held, at most
 * the prefetch; the other kind cancels its consumer, so that other instances get what it does not
 * take.
 */
final class QueueConsumer implements ConsumerSession.Owner {
  /** How long {@link #moveOn} waits for handlers; a message may wait for its retry much longer. */
  private static final Duration MOVE_LIMIT = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(QueueConsumer.class);

  private final Source source;
  private final String queue;
  private final int prefetch;
  private final Credit credit;
  private final Mailbox mailbox;
  private final RabbitReceiver receiver;
  private final Backoff backoff = new Backoff();
  private volatile @Nullable ConsumerSession session;
  private @Nullable Connection connection;
  private boolean moving;
  private int epoch;

  QueueConsumer(
      Source source,
      String queue,
      int prefetch,
      Credit credit,
      Mailbox mailbox,
      RabbitReceiver receiver) {
    this.source = source;
    this.queue = queue;
    this.prefetch = prefetch;
    this.credit = credit;
    this.mailbox = mailbox;
    this.receiver = receiver;
  }

  String queue() {
    return queue;
  }

  /** Whether this instance is known to be the one that gets the queue's messages. Any thread. */
  boolean isActive() {
    ConsumerSession current = session;
    return current != null && current.isActive();
  }

  /** How much has arrived and was not handed out. Any thread. */
  int waiting() {
    ConsumerSession current = session;
    return current == null ? 0 : current.waiting();
  }

  /** How much is settled though an earlier message is not. Any thread. */
  int settledAhead() {
    ConsumerSession current = session;
    return current == null ? 0 : current.settledAhead();
  }

  void connected(Connection made) {
    connection = made;
    backoff.succeeded();
    open();
  }

  void disconnected() {
    connection = null;
  }

  private void open() {
    Connection current = connection;
    ConsumerSession known = session;
    boolean have = known != null && known.owns();
    if (receiver.isStopped() || have || current == null || !current.isOpen()) {
      return;
    }
    ConsumerSession made = null;
    try {
      made = ConsumerSession.open(current, source, queue, ++epoch, prefetch, credit, mailbox, this);
      if (!receiver.isPaused()) {
        made.consume();
      }
    } catch (IOException | RuntimeException | Error e) { // whatever it is must not be the last try
      if (made != null) {
        made.end(false);
      }
      receiver.failed(this, RabbitErrors.receiving(queue, e));
      openLater();
      return;
    }
    if (known != null) { // lost, which has not been told yet
      known.end(false);
    }
    session = made;
    moving = false;
    backoff.succeeded();
    receiver.recovered(this);
  }

  private void openLater() {
    Runnable unused = mailbox.tellLater(backoff.nextMillis(), this::open);
  }

  @Override
  public void lost(ConsumerSession lost, MessagingException problem) {
    if (session != lost) {
      return;
    }
    session = null;
    lost.end(false);
    receiver.failed(this, problem);
    openLater();
  }

  /** Makes the consumer what pause, resume and stop ask for. */
  void adjust() {
    ConsumerSession current = session;
    if (current == null) {
      return;
    }
    try {
      if (receiver.isStopped() || receiver.isPaused()) {
        quiet(current);
      } else if (!current.isConsuming()) {
        mailbox.tell(() -> drained(current)); // behind what the last consumer has handed over
      }
    } catch (IOException | RuntimeException e) {
      lost(current, RabbitErrors.problem("Receiving from '%s' failed".formatted(queue), e));
    }
  }

  /** A new consumer gets the whole credit again, whatever is still open: not while more is held. */
  @Override
  public void drained(ConsumerSession current) {
    if (current != session || receiver.isStopped() || receiver.isPaused() || current.holds()) {
      return;
    }
    try {
      current.consume();
    } catch (IOException | RuntimeException e) {
      lost(current, RabbitErrors.problem("Receiving from '%s' failed".formatted(queue), e));
    }
  }

  private void quiet(ConsumerSession current) throws IOException {
    if (!source.keyed()) {
      current.cancel();
      if (receiver.isStopped()) {
        current.releaseHeld();
      }
    }
  }

  @Override
  public void arrived(ConsumerSession from, Delivery arrival) {
    if (from != session) {
      return;
    }
    from.arrived(arrival.getEnvelope().getDeliveryTag());
    from.hold(new RabbitDelivery(receiver, from, arrival));
    if (!receiver.isStopped()) {
      receiver.handOut();
    } else if (!source.keyed()) {
      adjust();
    }
  }

  /** The next delivery to be handed out, which is then open; null if there is none. */
  @Nullable RabbitDelivery next() {
    ConsumerSession current = session;
    return current == null || moving ? null : current.next();
  }

  /** Something has been settled. */
  void settled() {
    ConsumerSession current = session;
    if (current == null) {
      return;
    }
    if (moving) {
      moveIfDone(current);
    } else if (!current.isConsuming()) {
      adjust();
    }
  }

  /**
   * Lets another instance have the queue, and lines up behind it: once what is open is settled, so
   * that the order of each key is kept. If that takes long the queue stays here.
   */
  void moveOn() {
    ConsumerSession current = session;
    if (current != null && !moving) {
      moving = true;
      moveIfDone(current);
      Runnable unused = mailbox.tellLater(MOVE_LIMIT.toMillis(), () -> stay(current));
    }
  }

  private void moveIfDone(ConsumerSession current) {
    if (!current.hasOpen() && !receiver.isStopped()) {
      log.info("Leaving queue {} to another instance", queue);
      session = null;
      current.end(false);
      open();
    }
  }

  private void stay(ConsumerSession current) {
    if (current == session && moving) {
      moving = false;
      receiver.handOut();
    }
  }

  void end() {
    ConsumerSession current = session;
    session = null;
    if (current != null) {
      current.end(!source.keyed());
    }
  }
}
