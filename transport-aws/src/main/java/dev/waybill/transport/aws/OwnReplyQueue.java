package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.ReplyQueue;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queue that the replies to one connection's requests come to. It is made at the start and
 * deleted at the end; a process that dies leaves it behind, empty after an hour.
 */
final class OwnReplyQueue {
  private static final Logger log = LoggerFactory.getLogger(OwnReplyQueue.class);

  /** A reply is of no use once its request has timed out. */
  private static final Duration RETENTION = Duration.ofHours(1);

  private final AwsPort port;
  private final Addresses addresses;
  private volatile @Nullable String url;

  OwnReplyQueue(AwsPort port, Addresses addresses) {
    this.port = port;
    this.addresses = addresses;
  }

  void create(Admin admin, ReplyQueue replies, Duration visibilityTimeout) {
    Map<String, String> attributes =
        Map.of(
            "VisibilityTimeout", String.valueOf(visibilityTimeout.toSeconds()),
            "MessageRetentionPeriod", String.valueOf(RETENTION.toSeconds()));
    String made = admin.makeQueue(Names.queue(replies), attributes);
    url = made;
    addresses.keep(replies, made);
  }

  /** Deletes the queue if it was made; never throws. */
  void delete(Deadline until) {
    String made = url;
    if (made == null) {
      return;
    }
    url = null;
    try {
      Admin.once(port.topology().deleteQueue(made, until), until);
    } catch (AwsFailure e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return; // somebody else deleted it
      }
      log.warn("The reply queue {} was not deleted and stays: {}", made, e.getMessage());
    }
  }
}
