package dev.waybill.transport.rabbitmq;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** Keeps all that Waybill and RabbitMQ's client log, from {@code DEBUG} on, until closed. */
final class Logged extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
  private final Logger waybill = (Logger) LoggerFactory.getLogger("dev.waybill");
  private final Logger client = (Logger) LoggerFactory.getLogger("com.rabbitmq");
  private final Level waybillLevel = waybill.getLevel();
  private final Level clientLevel = client.getLevel();

  Logged() {
    setContext(waybill.getLoggerContext());
    start();
    for (Logger logger : List.of(waybill, client)) {
      logger.setLevel(Level.DEBUG);
      logger.setAdditive(false);
      logger.addAppender(this);
    }
  }

  @Override
  protected void append(ILoggingEvent event) {
    event.prepareForDeferredProcessing();
    events.add(event);
  }

  /** All lines with their stack traces. */
  String text() {
    StringBuilder text = new StringBuilder();
    for (ILoggingEvent event : events) {
      text.append(event.getLoggerName()).append(' ').append(event.getFormattedMessage());
      IThrowableProxy thrown = event.getThrowableProxy();
      text.append('\n').append(thrown == null ? "" : ThrowableProxyUtil.asString(thrown));
    }
    return text.toString();
  }

  /** Whatever Waybill, or RabbitMQ's client, say. */
  List<String> lines(String logger) {
    return events.stream()
        .filter(event -> event.getLoggerName().startsWith(logger))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  @Override
  public void close() {
    for (Logger logger : List.of(waybill, client)) {
      logger.detachAppender(this);
      logger.setAdditive(true);
    }
    waybill.setLevel(waybillLevel);
    client.setLevel(clientLevel);
    stop();
  }
}
