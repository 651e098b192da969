package dev.waybill.transport.kafka;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** Keeps all that Waybill and Kafka's clients log, down to the least important, until closed. */
final class Logged extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
  private final Logger waybill = (Logger) LoggerFactory.getLogger("dev.waybill");
  private final Logger kafka = (Logger) LoggerFactory.getLogger("org.apache.kafka");
  private final Level kafkaLevel = kafka.getLevel();

  Logged() {
    setContext(waybill.getLoggerContext());
    start();
    for (Logger logger : List.of(waybill, kafka)) {
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

  /** What Waybill, or Kafka's clients, want a person to see. */
  List<String> warnings(String logger) {
    return events.stream()
        .filter(event -> event.getLoggerName().startsWith(logger))
        .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  /** Whatever Waybill, or Kafka's clients, say. */
  List<String> lines(String logger) {
    return events.stream()
        .filter(event -> event.getLoggerName().startsWith(logger))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  @Override
  public void close() {
    for (Logger logger : List.of(waybill, kafka)) {
      logger.detachAppender(this);
      logger.setAdditive(true);
    }
    waybill.setLevel(null);
    kafka.setLevel(kafkaLevel);
    stop();
  }
}
