package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives from one queue, on one thread that owns channel, consumer and settlements and calls the
 * listener.
 *
 * <p>A keyed queue has a single active consumer. To cancel it would let the broker give the next
 * messages of a key to another instance while this one still has earlier ones open. So a pause or
 * stop of a keyed receiver only stops handing out, and what has arrived by then is held, at most
 * the credit; the other kind cancels its consumer, so that other instances get what it does not
 * take.
 */
final class RabbitReceiver implements Receiver, RabbitLink.Listener, ConsumerSession.Owner {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(2);
  private static final Duration SETTLE_LIMIT = Duration.ofSeconds(3);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
  private static final Logger log = LoggerFactory.getLogger(RabbitReceiver.class);

  private final Source source;
  private final String queue;
  private final boolean keyed;
  private final int credit;
  private final Listener listener;
  private final RabbitLink link;
  private final Mailbox mailbox;
  private final Settler settler;
  private final Consumer<RabbitReceiver> onClose;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final Backoff backoff = new Backoff();
  private volatile boolean paused;
  private volatile boolean stopped;

  /** Changed on the mailbox's thread only. */
  private volatile @Nullable ConsumerSession session;

  // of the mailbox's thread only
  private @Nullable Connection connection;
  private boolean failing;
  private int epoch;

  RabbitReceiver(
      Source source,
      int credit,
      Listener listener,
      RabbitLink link,
      RabbitPublisher publisher,
      RabbitThreads threads,
      Consumer<RabbitReceiver> onClose) {
    this.source = source;
    this.queue = RabbitLayout.queueName(source);
    this.keyed = source.keyed();
    this.credit = credit;
    this.listener = listener;
    this.link = link;
    this.onClose = onClose;
    this.mailbox = new Mailbox(threads, "receive-" + queue);
    this.settler =
        new Settler(
            mailbox,
            publisher,
            RabbitLayout.queueName(source.deadLetterQueue()),
            () -> keyed && stopped,
            this::settled);
  }

  /** Begins to receive. */
  void start() {
    link.add(this);
  }

  String queue() {
    return queue;
  }

  int epoch() {
    return epoch;
  }

  @Override
  public void connected(Connection made) {
    mailbox.tell(
        () -> {
          connection = made;
          backoff.succeeded();
          open();
        });
  }

  @Override
  public void lost(MessagingException problem) {
    mailbox.tell(
        () -> {
          connection = null;
          failed(problem);
        });
  }

  @Override
  public Status status() {
    ConsumerSession current = session;
    return current == null
        ? Status.UNKNOWN
        : new Status(null, null, List.of(), current.waiting(), current.settledAhead());
  }

  @Override
  public void pause() {
    paused = true;
    mailbox.tell(this::adjust);
  }

  @Override
  public void resume() {
    paused = false;
    mailbox.tell(this::adjust);
  }

  @Override
  public void stop() {
    if (!stopped) {
      stopped = true;
      mailbox.ask(STOP_LIMIT, this::adjust);
    }
  }

  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    stop();
    settler.await(SETTLE_LIMIT);
    link.remove(this);
    mailbox.ask(CLOSE_LIMIT, this::end);
    mailbox.close();
    settler.abandon();
    onClose.accept(this);
  }

  void settle(
      RabbitDelivery delivery, Settlement how, CompletableFuture<Settlement.Result> result) {
    settler.settle(delivery, how, result);
  }

  private void open() {
    Connection current = connection;
    ConsumerSession known = session;
    boolean have = known != null && known.owns();
    if (stopped || have || current == null || !current.isOpen()) {
      return;
    }
    ConsumerSession made = null;
    try {
      made = ConsumerSession.open(current, source, credit, mailbox, this);
      if (!paused) {
        made.consume();
      }
    } catch (IOException | RuntimeException e) {
      if (made != null) {
        made.end(false);
      }
      failed(RabbitErrors.receiving(queue, e));
      openLater();
      return;
    }
    session = made;
    epoch++;
    backoff.succeeded();
    recovered();
  }

  private void openLater() {
    mailbox.tellLater(backoff.nextMillis(), this::open);
  }

  @Override
  public void lost(ConsumerSession lost, MessagingException problem) {
    if (session != lost) {
      return;
    }
    session = null;
    lost.end(false);
    failed(problem);
    openLater();
  }

  /** Makes the consumer what pause, resume and stop ask for. */
  private void adjust() {
    ConsumerSession current = session;
    if (current == null) {
      return;
    }
    try {
      if (stopped || paused) {
        quiet(current);
      } else {
        handOut();
        if (!current.isConsuming()) {
          mailbox.tell(() -> drained(current)); // behind what the last consumer has handed over
        }
      }
    } catch (IOException | RuntimeException e) {
      lost(current, RabbitErrors.problem("Receiving from '%s' failed".formatted(queue), e));
    }
  }

  /** A new consumer gets the whole credit again, whatever is still open: not while more is held. */
  @Override
  public void drained(ConsumerSession current) {
    if (current != session || stopped || paused || current.holds()) {
      return;
    }
    try {
      current.consume();
    } catch (IOException | RuntimeException e) {
      lost(current, RabbitErrors.problem("Receiving from '%s' failed".formatted(queue), e));
    }
  }

  /** There is credit again: for what is held, then for a consumer that has waited for that. */
  private void settled() {
    handOut();
    ConsumerSession current = session;
    if (current != null && !current.isConsuming()) {
      adjust();
    }
  }

  private void quiet(ConsumerSession current) throws IOException {
    if (!keyed) {
      current.cancel();
      if (stopped) {
        current.releaseHeld();
      }
    }
  }

  @Override
  public void arrived(ConsumerSession from, Delivery arrival) {
    if (from != session) {
      return;
    }
    from.hold(new RabbitDelivery(this, from, arrival));
    if (!stopped) {
      handOut();
    } else if (!keyed) {
      adjust();
    }
  }

  private void handOut() {
    while (!stopped && !(paused && keyed)) {
      ConsumerSession current = session;
      RabbitDelivery next = current == null ? null : current.next();
      if (next == null) {
        return;
      }
      try {
        listener.delivered(next);
      } catch (RuntimeException e) {
        log.error("The listener of queue {} threw; the delivery stays open", queue, e);
      }
    }
  }

  private void end() {
    ConsumerSession current = session;
    session = null;
    if (current != null) {
      current.end(!keyed);
    }
  }

  private void failed(MessagingException problem) {
    if (!failing && !stopped) {
      failing = true;
      log.info("{} Trying again until closed.", problem.getMessage());
      listener.failed(problem);
    }
  }

  private void recovered() {
    if (failing) {
      failing = false;
      log.info("Receiving from queue {} again", queue);
      listener.recovered();
    }
  }
}
