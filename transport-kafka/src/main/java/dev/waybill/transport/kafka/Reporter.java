package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Receiver;
import org.jspecify.annotations.Nullable;

/**
 * Reports disturbances to the listener, once per change and kind. Used by the polling thread alone.
 */
final class Reporter {
  private final Receiver.Listener listener;
  private @Nullable ErrorCode failed;

  Reporter(Receiver.Listener listener) {
    this.listener = listener;
  }

  void failed(MessagingException problem) {
    if (failed != problem.code()) {
      failed = problem.code();
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
