package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Receiver;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports disturbances to the listener, once per change and kind. Used by the polling thread alone.
 */
final class Reporter {
  private static final Logger log = LoggerFactory.getLogger(Reporter.class);

  private final Receiver.Listener listener;
  private @Nullable ErrorCode failed;

  Reporter(Receiver.Listener listener) {
    this.listener = listener;
  }

  void failed(MessagingException problem) {
    if (failed != problem.code()) {
      failed = problem.code();
      log.warn("{}", problem.getMessage());
      listener.failed(problem);
    }
  }

  void recovered() {
    if (failed != null) {
      failed = null;
      listener.recovered();
    }
  }
}
