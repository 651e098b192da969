package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Envelope;
import java.util.ArrayList;
import java.util.List;

/**
 * A consumer as the client sees it: hands all that it is told over to the receiver's mailbox, in
 * order. Never blocks and never throws, so that {@link DirectFactory} can call it on the thread
 * that reads.
 */
final class Handover extends DefaultConsumer {
  /** Told in the mailbox. */
  interface Listener {
    /** The broker has the consumer among the queue's. */
    void begun();

    /** What was read together has arrived. */
    void arrived(List<Delivery> together);

    /** All that the consumer was sent before it was cancelled has arrived. */
    void drained();

    /** The broker has cancelled the consumer, which gets nothing more. */
    void cancelledByBroker();
  }

  private final Mailbox mailbox;
  private final Listener listener;

  /** Of the mailbox, as the next. */
  private boolean begun;

  private boolean ended;

  /** What was read and is not handed over yet; guarded by this. */
  private List<Delivery> read = new ArrayList<>();

  private final Runnable handOver = this::handOver;

  Handover(Channel channel, Mailbox mailbox, Listener listener) {
    super(channel);
    this.mailbox = mailbox;
    this.listener = listener;
  }

  /** Whether the broker has said that it consumes. In the mailbox. */
  boolean hasBegun() {
    return begun;
  }

  /** Whether all has arrived that it was sent before it was cancelled. In the mailbox. */
  boolean hasEnded() {
    return ended;
  }

  @Override
  public void handleConsumeOk(String tag) {
    super.handleConsumeOk(tag);
    mailbox.tell(
        () -> {
          begun = true;
          listener.begun();
        });
  }

  /** The last of the calls, which comes after those for deliveries. */
  @Override
  public void handleCancelOk(String tag) {
    handOver();
    mailbox.tell(
        () -> {
          ended = true;
          listener.drained();
        });
  }

  @Override
  public void handleDelivery(
      String tag, Envelope envelope, BasicProperties properties, byte[] body) {
    synchronized (this) {
      read.add(new Delivery(envelope, properties, body));
    }
    GatheringSocket.whenRead(handOver);
  }

  /** Under the lock also while it is done, or what is told after it could be done before. */
  private synchronized void handOver() {
    List<Delivery> together = read;
    if (!together.isEmpty()) {
      read = new ArrayList<>();
      mailbox.doNow(() -> listener.arrived(together));
    }
  }

  @Override
  public void handleCancel(String tag) {
    handOver();
    mailbox.tell(listener::cancelledByBroker);
  }
}
