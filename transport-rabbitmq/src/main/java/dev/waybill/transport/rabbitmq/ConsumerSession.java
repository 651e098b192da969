package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One epoch of a receiver: a channel, and the deliveries that came by it. Nothing of it is valid on
 * another channel. Used in the receiver's mailbox only, unless said otherwise. What the broker has
 * to answer to is called on other threads.
 */
final class ConsumerSession implements Handover.Listener {
  private final String queue;
  private final int epoch;
  private final Credit credit;
  private final Mailbox mailbox;
  private final Channel channel;
  private final Calls calls;
  private final QueueCalls ofQueue;
  private final Owner owner;
  private final Arrivals arrivals;

  /** What waits until the broker has taken a cancel. */
  private final Deque<Runnable> afterCancel = new ArrayDeque<>();

  private final Acknowledger acknowledger;
  private final GivingBack givingBack;

  private volatile boolean active;
  private int open;
  private boolean consuming;
  private @Nullable Handover consumer;
  private volatile boolean ended;
  private volatile boolean closed;

  /** Told what happens, in the mailbox. */
  interface Owner {
    void arrived(ConsumerSession from, Delivery arrival);

    /** What came together has arrived. */
    void allArrived(ConsumerSession from);

    /** The broker has it among the queue's consumers. */
    void consuming(ConsumerSession from);

    /** The broker has not answered for long, and may yet. */
    void unanswered(ConsumerSession from);

    /** Something has been settled. */
    void settled();

    /** All that the consumer was sent before it was cancelled has arrived. */
    void drained(ConsumerSession from);

    void lost(ConsumerSession from, MessagingException problem);

    /** What was acknowledged last could not be written, and comes again. */
    void forgotten(MessagingException problem);
  }

  private ConsumerSession(
      String queue,
      int epoch,
      int prefetch,
      Credit credit,
      Mailbox mailbox,
      Channel channel,
      Calls calls,
      Owner owner,
      boolean keyed) {
    this.queue = queue;
    this.epoch = epoch;
    this.credit = credit;
    this.mailbox = mailbox;
    this.channel = channel;
    this.calls = calls;
    this.ofQueue = new QueueCalls(queue, channel, calls);
    this.owner = owner;
    this.acknowledger =
        new Acknowledger(
            channel,
            prefetch,
            mailbox,
            this::settled,
            error -> owner.forgotten(RabbitErrors.forgotten(queue, error)));
    this.arrivals = new Arrivals(keyed);
    this.givingBack = new GivingBack(channel, acknowledger, arrivals);
  }

  /**
   * Opens a channel, without consuming yet. A reply queue is made if it is not there. Blocks; not
   * in the receiver's mailbox.
   *
   * @param queue the broker's queue, which may be one of several of the source
   * @param prefetch the most that may be unsettled of this queue
   * @param credit what else bounds it
   * @param calls makes what blocks
   */
  static ConsumerSession open(
      Connection connection,
      Source source,
      String queue,
      int epoch,
      int prefetch,
      Credit credit,
      Mailbox mailbox,
      Calls calls,
      Owner owner)
      throws IOException {
    Channel channel = Channels.open(connection);
    ConsumerSession session =
        new ConsumerSession(
            queue, epoch, prefetch, credit, mailbox, channel, calls, owner, source.keyed());
    try {
      if (source instanceof ReplyQueue replies) {
        ReplyQueues.declare(channel, replies);
      }
      channel.basicQos(prefetch, false);
    } catch (IOException | RuntimeException e) {
      session.abort();
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
    return !ended && !closed; // channel.isOpen() takes a lock, and each message asks several times
  }

  /** How many deliveries are not settled, handed out or not. */
  int unsettled() {
    return open + arrivals.waiting();
  }

  /** Whether it is, or is about to be, among the queue's consumers. */
  boolean isConsuming() {
    return consuming;
  }

  /** Whether the broker has said that it consumes, and nobody that it does not any more. */
  boolean isAmongConsumers() {
    return consuming && consumer != null && consumer.hasBegun();
  }

  /** Whether all has arrived that the consumer before was sent. */
  boolean hasDrained() {
    return !consuming && (consumer == null || consumer.hasEnded());
  }

  /**
   * Does what gives a delivery back: a consumer that is being cancelled would get it again, and the
   * broker would count that.
   */
  void notDuringCancel(Runnable givingBack) {
    if (ended || consuming || hasDrained()) {
      givingBack.run();
    } else {
      afterCancel.add(givingBack);
    }
  }

  /** The broker has taken the cancel, or there is no consumer any more. */
  void cancelled() {
    for (Runnable next = afterCancel.poll(); next != null; next = afterCancel.poll()) {
      next.run();
    }
  }

  /**
   * Begins to consume, unless it does, or the consumer before has not handed over everything. The
   * owner is told when it has begun, or that it can't.
   */
  void consume() {
    if (hasDrained()) {
      Handover handover = new Handover(channel, mailbox, this);
      consumer = handover;
      consuming = true;
      calls.add(() -> begin(handover));
      Runnable unused =
          mailbox.tellLater(
              RabbitLink.RPC_LIMIT.toMillis(),
              () -> {
                if (handover == consumer && consuming && !handover.hasBegun() && owns()) {
                  ofQueue.waitNoMore();
                  owner.unanswered(this);
                }
              });
    }
  }

  /** What the consumer is sent comes to it as the channel's default one. */
  private void begin(Handover handover) {
    channel.setDefaultConsumer(handover);
    call(
        new AMQP.Basic.Consume.Builder().queue(queue).build(),
        answer -> {
          if (answer instanceof AMQP.Basic.ConsumeOk ok) {
            handover.handleConsumeOk(ok.getConsumerTag());
          }
        });
  }

  private void call(Method method, Consumer<Method> answered) {
    try {
      ofQueue.call(method, answered);
    } catch (IOException | RuntimeException e) {
      mailbox.tell(() -> owner.lost(this, RabbitErrors.receiving(queue, e)));
    }
  }

  /** Ends consuming; the owner is told when all that is still to come has arrived. */
  void cancel() {
    Handover current = consumer;
    if (consuming && current != null) {
      consuming = false;
      ofQueue.afterAnswer(() -> cancel(current));
    }
  }

  private void cancel(Handover current) {
    String tag = current.getConsumerTag();
    if (tag != null) { // else it could not begin, which the owner is told
      call(
          new AMQP.Basic.Cancel.Builder().consumerTag(tag).build(),
          answer -> current.handleCancelOk(tag));
    }
  }

  @Override
  public void begun() {
    owner.consuming(this);
  }

  @Override
  public void arrived(List<Delivery> together) {
    // first of all, or what can't be read would be acknowledged with those behind it
    together.forEach(one -> acknowledger.arrived(one.getEnvelope().getDeliveryTag()));
    together.forEach(one -> Mailbox.run(() -> owner.arrived(this, one)));
    owner.allArrived(this);
  }

  @Override
  public void drained() {
    owner.drained(this);
  }

  @Override
  public void cancelledByBroker() {
    owner.lost(this, RabbitErrors.cancelled(queue));
  }

  /** Takes a delivery, of which the owner was told. */
  void arrived(RabbitDelivery delivery) {
    active = true;
    if (!arrivals.add(delivery)) {
      givingBack.note(delivery);
      mailbox.tell(this::writeWhatGoesBack); // whoever reads must not wait for a write
    }
  }

  private void writeWhatGoesBack() {
    try {
      givingBack.writeNoted();
    } catch (IOException | AlreadyClosedException e) {
      if (!ended) { // else it has gone back with the channel
        owner.lost(this, RabbitErrors.receiving(queue, e));
      }
    }
  }

  /** How many deliveries have arrived and were not handed out. From any thread. */
  int waiting() {
    return arrivals.waiting();
  }

  /** How many deliveries are settled though an earlier one is not. From any thread. */
  int settledAhead() {
    return acknowledger.ahead();
  }

  /** Whether something has arrived and was not handed out. */
  boolean holds() {
    return !arrivals.isEmpty();
  }

  /** The next delivery that the credit allows to be handed out, which is then open; else null. */
  @Nullable RabbitDelivery next() {
    RabbitDelivery next = owns() && credit.isLeft() ? arrivals.poll() : null;
    if (next != null) {
      credit.take();
      open++;
    }
    return next;
  }

  /**
   * Gives an open delivery back, and what of its key came behind it.
   *
   * @param nextAttempt which attempt it is when it comes again. If that is another one, it is
   *     rejected, which brokers from 4.3 on count, and {@code nack} not
   * @param given is told once it has gone back, before others are handed out in its place
   * @throws IOException or another exception of the client's, if the channel is lost
   */
  void giveBack(RabbitDelivery delivery, int nextAttempt, Runnable given) throws IOException {
    int closed = givingBack.giveBack(delivery, nextAttempt);
    given.run();
    settled(closed);
  }

  /** So many more open deliveries are settled. */
  private void settled(int count) {
    open -= count;
    credit.giveBack(count);
    owner.settled();
  }

  /**
   * Has an open delivery acknowledged within milliseconds; returns whether it will be, unless the
   * channel is lost before. From any thread.
   */
  boolean acknowledge(RabbitDelivery delivery) {
    boolean noted = owns() && acknowledger.acknowledge(delivery.tag());
    if (noted) {
      arrivals.settled(delivery);
    }
    return noted;
  }

  /** The channel is to end soon: nothing waits any more. */
  void hurry() {
    acknowledger.hurry();
  }

  /** The channel is not to end after all. */
  void calmDown() {
    acknowledger.calmDown();
  }

  /** Gives back what was not handed out. */
  void releaseHeld() throws IOException {
    givingBack.releaseHeld();
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
    ended = true;
    writeWhatGoesBack();
    acknowledger.end();
    cancelled();
    arrivals.clear();
    credit.giveBack(open);
    ofQueue.afterAnswer(
        () -> {
          if (nack) { // behind a cancel, or the consumer would get the messages again
            givingBack.giveAllBack();
          }
          abort();
        });
  }

  /**
   * Ends the epoch though the receiver's mailbox stands still: what is noted and not yet written
   * comes again. From any thread.
   */
  void abandon() {
    ended = true;
    acknowledger.abandon();
    ofQueue.afterAnswer(this::abort);
  }

  /** Ends the channel, of which nothing has been used yet, or nothing is any more. Blocks. */
  void abort() {
    Channels.end(channel);
  }

  private void lost(ShutdownSignalException signal) {
    closed = true;
    mailbox.tell(() -> owner.lost(this, RabbitErrors.receiving(queue, signal)));
  }
}
