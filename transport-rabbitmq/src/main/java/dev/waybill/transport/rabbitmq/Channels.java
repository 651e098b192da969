package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens and ends channels; both block until the broker answers, at most its limit for that. */
final class Channels {
  private static final int ABORT_MILLIS = 1_000;
  private static final Logger log = LoggerFactory.getLogger(Channels.class);

  private Channels() {}

  /** The connection has as many channels as it may have. */
  static final class NoneLeft extends IOException {
    private static final long serialVersionUID = 1L;

    private NoneLeft(int limit) {
      super(
          "RabbitMQ allows %d channels on a connection, and all are in use: raise its channel_max; publishing takes a channel for each exchange, and some for queues."
              .formatted(limit));
    }
  }

  /**
   * Opens a channel.
   *
   * @throws NoneLeft if the connection has no channel left
   */
  static Channel open(Connection connection) throws IOException {
    Channel made = connection.createChannel();
    if (made == null) {
      throw new NoneLeft(connection.getChannelMax());
    }
    return made;
  }

  /**
   * Ends a channel of which nothing is used any more. If the broker does not answer, its connection
   * ends as well: the client would give the channel's number to another one while the broker still
   * has this one under it.
   */
  static void end(Channel channel) {
    try {
      channel.close();
    } catch (TimeoutException e) {
      log.warn("RabbitMQ has not answered to the end of a channel; its connection is made anew");
      channel.getConnection().abort(ABORT_MILLIS);
    } catch (IOException | ShutdownSignalException e) {
      log.debug("The channel was closed already", e);
    }
  }
}
