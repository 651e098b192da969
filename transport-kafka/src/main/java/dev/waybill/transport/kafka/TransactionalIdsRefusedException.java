package dev.waybill.transport.kafka;

import java.io.Serial;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;

/** Says on which transactional ids a right is missing, which Kafka's own exception does not. */
final class TransactionalIdsRefusedException extends TransactionalIdAuthorizationException {
  @Serial private static final long serialVersionUID = 1L;

  private final String prefix;

  TransactionalIdsRefusedException(String prefix, TransactionalIdAuthorizationException refusal) {
    super(refusal.getMessage());
    initCause(refusal);
    this.prefix = prefix;
  }

  /** How the ids begin. */
  String prefix() {
    return prefix;
  }
}
