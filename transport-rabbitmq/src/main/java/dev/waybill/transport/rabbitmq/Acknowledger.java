package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import dev.waybill.transport.rabbitmq.Acknowledgements.Ack;
import dev.waybill.transport.rabbitmq.Acknowledgements.Beyond;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Acknowledges one channel's deliveries, many at a time: each acknowledgement costs a write to the
 * socket here, and a command of the queue's log there. So they wait for each other, but never for
 * long, since the broker sends nothing new for what is not acknowledged. Written in the receiver's
 * mailbox.
 */
final class Acknowledger {
  /** How long an acknowledgement waits for others; and once more for an open delivery before it. */
  static final long WAIT_MILLIS = 5;

  /** What part of the prefetch is written at once, if it is not more than one call is for. */
  private static final int AT_ONCE = 16;

  private static final Logger log = LoggerFactory.getLogger(Acknowledger.class);

  private final Channel channel;
  private final int prefetch;
  private final Mailbox mailbox;
  private final IntConsumer settled;
  private final Consumer<Exception> forgotten;
  private final Acknowledgements acknowledgements = new Acknowledgements();
  private final AtomicBoolean timed = new AtomicBoolean();
  private volatile boolean hurried;
  private boolean toldForgotten;

  /**
   * Of a channel.
   *
   * @param settled is told in the receiver's mailbox how many more are acknowledged
   * @param forgotten is told there, once, why some that were noted could not be written
   */
  Acknowledger(
      Channel channel,
      int prefetch,
      Mailbox mailbox,
      IntConsumer settled,
      Consumer<Exception> forgotten) {
    this.channel = channel;
    this.prefetch = prefetch;
    this.mailbox = mailbox;
    this.settled = settled;
    this.forgotten = forgotten;
  }

  /** A delivery has come: from now on nothing acknowledges it by the way. */
  void arrived(long tag) {
    acknowledgements.arrived(tag);
  }

  /** A delivery goes back; returns false if it must not, as it is acknowledged or gone already. */
  boolean gone(long tag) {
    return acknowledgements.gone(tag);
  }

  /**
   * Has a delivery acknowledged within milliseconds. From any thread.
   *
   * @return whether it will be, unless the channel is lost before: not if it has gone back, nor
   *     after {@link #end}, {@link #abandon}, or the end of the mailbox
   */
  boolean acknowledge(long tag) {
    int fresh = acknowledgements.add(tag);
    if (fresh == limit()) {
      mailbox.tell(() -> write(limit() == 1 ? Beyond.ALL : Beyond.NOTHING));
    } else if (fresh == 1) {
      writeLater();
    }
    return fresh > 0 && mailbox.isOpen();
  }

  /** How many are written at once; with one, nothing waits for an open delivery either. */
  private int limit() {
    int part = Math.min(prefetch / AT_ONCE, Acknowledgements.TOGETHER);
    return hurried ? 1 : Math.max(part, 1);
  }

  /** How many deliveries are settled though an earlier one is not. From any thread. */
  int ahead() {
    return acknowledgements.ahead();
  }

  /**
   * Writes all that is due, and from now on at once: the channel is to end soon, and of what is
   * written just before that, some has come again. In the receiver's mailbox.
   */
  void hurry() {
    hurried = true;
    write(Beyond.ALL);
  }

  /** The channel is not to end after all. */
  void calmDown() {
    hurried = false;
  }

  /** Writes all that is due, and takes no more. In the receiver's mailbox. */
  void end() {
    acknowledgements.close();
    write(Beyond.ALL);
  }

  /** Takes no more, and tells nobody of what is noted and not written. From any thread. */
  void abandon() {
    acknowledgements.close();
  }

  private void writeLater() {
    if (timed.compareAndSet(false, true)) {
      Runnable unused =
          mailbox.tellLater(
              WAIT_MILLIS,
              () -> {
                timed.set(false);
                write(Beyond.WAITED);
              });
    }
  }

  private void write(Beyond beyond) {
    int more = acknowledgements.taken();
    boolean many = 2 * acknowledgements.due() >= prefetch;
    try {
      for (Ack ack : acknowledgements.next(many ? Beyond.ALL : beyond)) {
        channel.basicAck(ack.tag(), ack.multiple());
      }
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel was lost; what was acknowledged last comes again", e);
      if (!toldForgotten) {
        toldForgotten = true;
        forgotten.accept(e);
      }
    }
    if (acknowledgements.due() > 0) {
      writeLater();
    }
    if (more > 0) {
      settled.accept(more);
    }
  }
}
