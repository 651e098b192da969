package dev.waybill.transport.kafka;

import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;

/** A transactional producer that says which ids it may not have. */
final class NamingProducer extends KafkaProducer<byte[], byte[]> {
  private final String prefix;

  /**
   * A producer.
   *
   * @param prefix how its transactional ids begin
   */
  NamingProducer(Map<String, Object> properties, String prefix) {
    super(properties);
    this.prefix = prefix;
  }

  @Override
  public void initTransactions() {
    try {
      super.initTransactions();
    } catch (TransactionalIdAuthorizationException e) {
      throw new TransactionalIdsRefusedException(prefix, e);
    }
  }
}
