package dev.waybill;

import dev.waybill.routing.MessageKind;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Asks the one owner of a queue to do something.
 *
 * <p>Immutable; equal if payload and metadata are.
 *
 * @param <T> the payload's class
 */
public final class Command<T> implements Envelope<T> {
  private final T payload;

  /** {@link Metadata}, or {@link MetadataOnce}. */
  private final Object metadata;

  private Command(T payload, Object metadata) {
    this.payload = Objects.requireNonNull(payload, "payload");
    this.metadata = Objects.requireNonNull(metadata, "metadata");
  }

  /** A command with fresh metadata: a random id, the rest is filled in when it is sent. */
  public static <T> Command<T> of(T payload) {
    return of(payload, Metadata.create());
  }

  /** A command with the given metadata. */
  public static <T> Command<T> of(T payload, Metadata metadata) {
    return new Command<>(payload, metadata);
  }

  /**
   * A command whose metadata is made when somebody asks for it.
   *
   * @param metadata is asked once at most, on any thread
   */
  public static <T> Command<T> of(T payload, Supplier<Metadata> metadata) {
    return new Command<>(payload, new MetadataOnce(metadata));
  }

  @Override
  public T payload() {
    return payload;
  }

  @Override
  public Metadata metadata() {
    return MetadataOnce.of(metadata);
  }

  @Override
  public MessageKind kind() {
    return MessageKind.COMMAND;
  }

  @Override
  public Command<T> with(UnaryOperator<Metadata> change) {
    return of(payload, change.apply(metadata()));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Command<?> that
        && payload.equals(that.payload)
        && metadata().equals(that.metadata());
  }

  @Override
  public int hashCode() {
    return 31 * payload.hashCode() + metadata().hashCode();
  }

  /** Class and id; never the payload. */
  @Override
  public String toString() {
    return "Command[" + payload.getClass().getSimpleName() + " " + metadata().id() + "]";
  }
}
