package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the deliveries of one channel back to their queue, so that those of a key come again in
 * their order. Used in the receiver's mailbox only, unless said otherwise; what writes throws the
 * client's exceptions if the channel is lost, with which all has gone back.
 */
final class GivingBack {
  private static final Logger log = LoggerFactory.getLogger(GivingBack.class);

  private final Channel channel;
  private final Acknowledger acknowledger;
  private final Arrivals arrivals;

  /** What has arrived out of the order of its key, and is still to be given back. */
  private final Deque<RabbitDelivery> noted = new ArrayDeque<>();

  GivingBack(Channel channel, Acknowledger acknowledger, Arrivals arrivals) {
    this.channel = channel;
    this.acknowledger = acknowledger;
    this.arrivals = arrivals;
  }

  /** Notes a delivery that has arrived out of the order of its key; writes nothing. */
  void note(RabbitDelivery delivery) {
    delivery.follows();
    noted.add(delivery);
  }

  /** Gives back what is noted. */
  void writeNoted() throws IOException {
    for (RabbitDelivery next = noted.poll(); next != null; next = noted.poll()) {
      var unused = follow(next);
    }
  }

  /**
   * Gives an open delivery back, and what of its key came behind it.
   *
   * @param nextAttempt which attempt it is when it comes again. If that is another one, it is
   *     rejected, which brokers from 4.3 on count, and {@code nack} not
   * @return how many open deliveries went back
   */
  int giveBack(RabbitDelivery delivery, int nextAttempt) throws IOException {
    acknowledger.gone(delivery.tag());
    if (nextAttempt > delivery.attempt()) {
      channel.basicReject(delivery.tag(), true);
    } else {
      channel.basicNack(delivery.tag(), false, true);
    }
    List<RabbitDelivery> behind = new ArrayList<>();
    follow(arrivals.takeOpenBehind(delivery), behind);
    int open = 1 + behind.size();
    follow(arrivals.takeHeldBehind(delivery), behind);
    arrivals.wentBack(delivery, nextAttempt, behind);
    return open;
  }

  private void follow(Iterable<RabbitDelivery> each, List<RabbitDelivery> given)
      throws IOException {
    for (RabbitDelivery one : each) {
      if (follow(one)) {
        given.add(one);
      }
    }
  }

  /**
   * Gives back a delivery because one before it of its key went back; returns false if it is
   * settled already.
   */
  private boolean follow(RabbitDelivery behind) throws IOException {
    if (!acknowledger.gone(behind.tag())) {
      return false;
    }
    behind.follows();
    channel.basicNack(behind.tag(), false, true);
    return true;
  }

  /** Gives back what was not handed out. */
  void releaseHeld() throws IOException {
    for (RabbitDelivery next = arrivals.poll(); next != null; next = arrivals.poll()) {
      channel.basicNack(next.tag(), false, true);
      acknowledger.gone(next.tag());
    }
  }

  /** Gives back all that is not settled, if the channel is there. From any thread. */
  void giveAllBack() {
    try {
      if (channel.isOpen()) {
        channel.basicNack(0, true, true);
      }
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel was closed already", e);
    }
  }
}
