package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves it to the link to say that a connection is lost, once, instead of the client's errors with
 * stack traces for each one and each attempt. Everything else is the client's default: a callback
 * that throws closes its channel, but for {@link Handover}'s, which throws nothing.
 */
final class QuietExceptionHandler extends DefaultExceptionHandler {
  private static final Logger log = LoggerFactory.getLogger(QuietExceptionHandler.class);

  @Override
  public void handleUnexpectedConnectionDriverException(Connection connection, Throwable error) {
    log.debug("The connection has failed", error);
  }
}
