package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Settlement.Result;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One epoch of a receiver: a channel, and the deliveries that came by it. Nothing of it is valid on
 * another channel. Used by the receiver's thread only, but for {@link #owns}.
 */
final class ConsumerSession {
  private static final Logger log = LoggerFactory.getLogger(ConsumerSession.class);

  /** Less than a receiver's stop may take; the client only has to hand over what it has. */
  private static final Duration CANCEL_LIMIT = Duration.ofSeconds(1);

  private final String queue;
  private final int epoch;
  private final Credit credit;
  private final Mailbox mailbox;
  private final Channel channel;
  private final Owner owner;
  private final Deque<RabbitDelivery> held = new ArrayDeque<>();
  private final Acknowledgements acknowledgements;
  private volatile boolean active;
  private int open;
  private volatile int waiting;
  private volatile int settledAhead;
  private @Nullable String consumerTag;
  private @Nullable Handover consumer;
  private volatile boolean ended;

  /** Told what happens, in the mailbox. */
  interface Owner {
    void arrived(ConsumerSession from, Delivery arrival);

    /** All that the consumer was sent before it was cancelled has arrived. */
    void drained(ConsumerSession from);

    void lost(ConsumerSession from, MessagingException problem);
  }

  private ConsumerSession(
      String queue, int epoch, Credit credit, Mailbox mailbox, Channel channel, Owner owner) {
    this.queue = queue;
    this.epoch = epoch;
    this.credit = credit;
    this.mailbox = mailbox;
    this.channel = channel;
    this.owner = owner;
    this.acknowledgements = new Acknowledgements(channel::basicAck);
  }

  /**
   * Opens a channel, without consuming yet. A reply queue is made if it is not there.
   *
   * @param queue the broker's queue, which may be one of several of the source
   * @param prefetch the most that may be unsettled of this queue
   * @param credit what else bounds it
   */
  static ConsumerSession open(
      Connection connection,
      Source source,
      String queue,
      int epoch,
      int prefetch,
      Credit credit,
      Mailbox mailbox,
      Owner owner)
      throws IOException {
    Channel channel = connection.createChannel();
    if (channel == null) {
      throw new IOException("no channel is left on the connection");
    }
    ConsumerSession session = new ConsumerSession(queue, epoch, credit, mailbox, channel, owner);
    try {
      if (source instanceof ReplyQueue replies) {
        ReplyQueues.declare(channel, replies);
      }
      channel.basicQos(prefetch, false);
    } catch (IOException | RuntimeException e) {
      session.end(false);
      throw e;
    }
    channel.addShutdownListener(session::lost);
    return session;
  }

  Channel channel() {
    return channel;
  }

  String queue() {
    return queue;
  }

  int epoch() {
    return epoch;
  }

  /** Whether something has come by it, which a waiting consumer gets nothing. From any thread. */
  boolean isActive() {
    return active && owns();
  }

  boolean hasOpen() {
    return open > 0;
  }

  /** Whether deliveries of this epoch are still ours. From any thread. */
  boolean owns() {
    return !ended && channel.isOpen();
  }

  boolean isConsuming() {
    return consumerTag != null;
  }

  /** Begins to consume, unless it does, or the consumer before has not handed over everything. */
  void consume() throws IOException {
    if (consumerTag == null && (consumer == null || consumer.hasEnded())) {
      Handover handover = new Handover(channel);
      consumerTag = channel.basicConsume(queue, false, handover);
      consumer = handover;
    }
  }

  /**
   * After the return all that is still to come has been handed over to the mailbox; if the client
   * is too slow, the owner is told when.
   */
  void cancel() throws IOException {
    String tag = consumerTag;
    if (tag != null) {
      consumerTag = null;
      channel.basicCancel(tag);
      if (consumer != null && channel.isOpen() && !consumer.awaitCancelOk()) {
        log.info("The client is slow to hand over what has arrived from queue {}", queue);
      }
    }
  }

  /**
   * A delivery has come: from now on nothing acknowledges it by the way, whatever becomes of it.
   */
  void arrived(long tag) {
    acknowledgements.arrived(tag);
  }

  void hold(RabbitDelivery delivery) {
    held.add(delivery);
    waiting = held.size();
    active = true;
  }

  /** How many deliveries have arrived and were not handed out. From any thread. */
  int waiting() {
    return waiting;
  }

  /** How many deliveries are settled though an earlier one is not. From any thread. */
  int settledAhead() {
    return settledAhead;
  }

  /** Whether something has arrived and was not handed out. */
  boolean holds() {
    return !held.isEmpty();
  }

  /** The next delivery that the credit allows to be handed out, which is then open; else null. */
  @Nullable RabbitDelivery next() {
    RabbitDelivery next = owns() && credit.isLeft() ? held.poll() : null;
    if (next != null) {
      waiting = held.size();
      credit.take();
      open++;
      waiting = held.size();
    }
    return next;
  }

  /** An open delivery was given back. */
  void settled(RabbitDelivery delivery) {
    open--;
    credit.giveBack(1);
    acknowledgements.gone(delivery.tag());
    settledAhead = acknowledgements.ahead();
  }

  /**
   * Acknowledges an open delivery with the next {@link #acknowledgeDue}, which the caller has to
   * see to if this returns true.
   */
  boolean acknowledge(RabbitDelivery delivery, CompletableFuture<Result> result) {
    return acknowledgements.add(delivery.tag(), result);
  }

  /** Acknowledges what is due, and tells the results. */
  void acknowledgeDue() {
    boolean written = false;
    try {
      if (owns()) {
        acknowledgements.write();
        written = true;
      }
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel of queue {} was lost while deliveries were acknowledged", queue, e);
    }
    List<CompletableFuture<Result>> results = acknowledgements.taken();
    open -= results.size();
    credit.giveBack(results.size());
    settledAhead = acknowledgements.ahead();
    Result result = written ? Result.SETTLED : Result.NOT_OWNED;
    results.forEach(each -> each.complete(result));
  }

  /** Gives back what was not handed out. */
  void releaseHeld() throws IOException {
    for (RabbitDelivery next = held.poll(); next != null; next = held.poll()) {
      waiting = held.size();
      channel.basicNack(next.tag(), false, true);
      acknowledgements.gone(next.tag());
    }
  }

  /**
   * Ends the epoch; what is unsettled goes back to its place in the queue.
   *
   * @param nack whether to say "not now" first, which brokers from 4.3 on don't count as an
   *     attempt. Not for a single active consumer: it would get the messages again at once.
   */
  void end(boolean nack) {
    if (ended) {
      return;
    }
    acknowledgeDue();
    ended = true;
    waiting = 0;
    credit.giveBack(open);
    try {
      if (nack && channel.isOpen()) {
        channel.basicNack(0, true, true);
      }
      channel.abort();
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel of queue {} was closed already", queue, e);
    }
  }

  private void lost(ShutdownSignalException signal) {
    mailbox.tell(
        () ->
            owner.lost(
                this,
                RabbitErrors.problem(
                    "Receiving from queue '%s' stopped".formatted(queue), signal)));
  }

  /** The consumer as the client sees it: hands everything over to the mailbox. */
  private final class Handover extends DefaultConsumer {
    private final CountDownLatch cancelOk = new CountDownLatch(1);

    Handover(Channel channel) {
      super(channel);
    }

    /** Waits for the last of the client's calls, which comes after those for deliveries. */
    boolean awaitCancelOk() {
      try {
        return cancelOk.await(CANCEL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    boolean hasEnded() {
      return cancelOk.getCount() == 0;
    }

    @Override
    public void handleCancelOk(String tag) {
      cancelOk.countDown();
      mailbox.tell(() -> owner.drained(ConsumerSession.this));
    }

    @Override
    public void handleDelivery(
        String tag, Envelope envelope, BasicProperties properties, byte[] body) {
      Delivery arrival = new Delivery(envelope, properties, body);
      mailbox.tell(() -> owner.arrived(ConsumerSession.this, arrival));
    }

    @Override
    public void handleCancel(String tag) {
      mailbox.tell(
          () ->
              owner.lost(
                  ConsumerSession.this,
                  new MessagingException(
                      ErrorCode.NOT_FOUND,
                      "RabbitMQ ended receiving from queue '%s': it was deleted, its leader moved, or a message was open for longer than its consumer timeout."
                          .formatted(queue))));
    }
  }
}
