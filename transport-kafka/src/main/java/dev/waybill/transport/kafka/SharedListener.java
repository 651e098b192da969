package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listener of a receiver that has several members, called by one of them at a time: receiving
 * is disturbed as long as it is for one of them, and that is reported once per kind. Thread-safe.
 */
final class SharedListener {
  private static final Logger log = LoggerFactory.getLogger(SharedListener.class);

  private final Receiver.Listener listener;
  private final Set<ShareMember> disturbed = new HashSet<>();
  private @Nullable ErrorCode reported;

  SharedListener(Receiver.Listener listener) {
    this.listener = listener;
  }

  synchronized void delivered(Delivery delivery) {
    listener.delivered(delivery);
  }

  synchronized void failed(ShareMember member, MessagingException problem) {
    disturbed.add(member);
    if (reported != problem.code()) {
      reported = problem.code();
      log.warn("{}", problem.getMessage());
      listener.failed(problem);
    }
  }

  /** It works again for a member, or the member is gone. */
  synchronized void recovered(ShareMember member) {
    if (disturbed.remove(member) && disturbed.isEmpty()) {
      reported = null;
      listener.recovered();
    }
  }
}
