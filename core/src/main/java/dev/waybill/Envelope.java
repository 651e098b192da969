package dev.waybill;

import dev.waybill.routing.MessageKind;
import java.util.function.UnaryOperator;

/**
 * What is sent: a payload with its {@link Metadata}. The kind is the Java type ({@link Command},
 * {@link Event}, {@link Document}), so that publishing a command does not compile.
 *
 * @param <T> the payload's class
 */
public sealed interface Envelope<T> permits Command, Event, Document {
  /** What is said. */
  T payload();

  /** What is said about it. */
  Metadata metadata();

  /** What the message is meant to be. */
  MessageKind kind();

  /** This envelope with changed metadata: {@code command.with(m -> m.withKey("o-1"))}. */
  Envelope<T> with(UnaryOperator<Metadata> change);
}
