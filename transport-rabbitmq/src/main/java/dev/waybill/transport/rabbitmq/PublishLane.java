package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * A publishing channel for one exchange, with the messages that await a confirm. A lane is never
 * reused after its channel is closed, so its sequence numbers belong to one epoch. An exchange has
 * a channel to itself because the broker closes the channel when the exchange is missing or
 * forbidden, and then nothing is known of the other messages on it.
 *
 * <p>Written to by the publisher's thread; confirms come on the client's reading thread.
 */
final class PublishLane {
  private final String exchange;
  private final Channel channel;
  private final ConcurrentNavigableMap<Long, PendingSend> pending = new ConcurrentSkipListMap<>();

  private PublishLane(String exchange, Channel channel) {
    this.exchange = exchange;
    this.channel = channel;
  }

  static PublishLane open(Connection connection, String exchange) throws IOException {
    Channel channel = connection.createChannel();
    if (channel == null) {
      throw new IOException("no channel is left on the connection");
    }
    PublishLane lane = new PublishLane(exchange, channel);
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
   * @throws AlreadyClosedException nothing was written, and it is not pending here
   * @throws IOException nothing is known; it is pending until {@link #closed}
   */
  void write(PendingSend send, byte[] body) throws IOException {
    long number = channel.getNextPublishSeqNo();
    pending.put(number, send);
    PendingSend.Target target = send.target();
    try {
      channel.basicPublish(
          target.exchange(), target.routingKey(), target.mandatory(), send.properties(), body);
    } catch (AlreadyClosedException e) {
      pending.remove(number);
      throw e;
    }
    send.written();
  }

  /** Ends all that is pending, for the channel is closed. */
  void closed(ShutdownSignalException signal) {
    List<PendingSend> open = new ArrayList<>(pending.values());
    pending.clear();
    RabbitErrors.Reply reply = RabbitErrors.reply(signal);
    boolean refused =
        reply.code() == AMQP.NOT_FOUND
            || reply.code() == AMQP.ACCESS_REFUSED
            || reply.code() == AMQP.PRECONDITION_FAILED;
    // the broker refused one message of these; only if there is no other it is clear which
    boolean certain = refused && open.size() == 1;
    for (PendingSend send : open) {
      String text = text(send, reply, signal, refused);
      ErrorCode code = RabbitErrors.code(reply);
      send.fail(
          certain
              ? SendException.rejected(code, text, signal)
              : SendException.unknown(code, text, signal));
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

  private void acked(long number, boolean multiple) {
    take(number, multiple).forEach(PendingSend::confirmed);
  }

  private void nacked(long number, boolean multiple) {
    take(number, multiple)
        .forEach(
            send ->
                send.fail(
                    SendException.unknown(
                        ErrorCode.BROKER_UNAVAILABLE,
                        "RabbitMQ did not take responsibility for the message to %s (basic.nack): the queue is full or has failed."
                            .formatted(send.target()),
                        null)));
  }

  /**
   * The return of a message comes before its ack, and returns come in publishing order; it carries
   * no number, so the first that fits is the one.
   */
  private void returned(Return basicReturn) {
    for (PendingSend send : pending.values()) {
      if (send.matches(basicReturn.getRoutingKey(), basicReturn.getProperties().getMessageId())) {
        send.returned();
        return;
      }
    }
  }

  private List<PendingSend> take(long number, boolean multiple) {
    List<PendingSend> taken = new ArrayList<>();
    if (multiple) {
      var upTo = pending.headMap(number, true);
      taken.addAll(upTo.values());
      upTo.clear();
    } else {
      PendingSend send = pending.remove(number);
      if (send != null) {
        taken.add(send);
      }
    }
    return taken;
  }
}
