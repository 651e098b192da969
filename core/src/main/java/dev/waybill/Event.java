package dev.waybill;

import dev.waybill.routing.MessageKind;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A fact that happened; every subscription of its topic gets a copy, and no answer is expected.
 *
 * <p>Immutable; equal if payload and metadata are.
 *
 * @param <T> the payload's class
 */
public final class Event<T> implements Envelope<T> {
  private final T payload;

  /** {@link Metadata}, or {@link MetadataOnce}. */
  private final Object metadata;

  private Event(T payload, Object metadata) {
    this.payload = Objects.requireNonNull(payload, "payload");
    this.metadata = Objects.requireNonNull(metadata, "metadata");
  }

  /** An event with fresh metadata: a random id, the rest is filled in when it is sent. */
  public static <T> Event<T> of(T payload) {
    return of(payload, Metadata.create());
  }

  /** An event with the given metadata. */
  public static <T> Event<T> of(T payload, Metadata metadata) {
    return new Event<>(payload, metadata);
  }

  /**
   * An event whose metadata is made when somebody asks for it.
   *
   * @param metadata is asked once at most, on any thread
   */
  public static <T> Event<T> of(T payload, Supplier<Metadata> metadata) {
    return new Event<>(payload, new MetadataOnce(metadata));
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
    return MessageKind.EVENT;
  }

  @Override
  public Event<T> with(UnaryOperator<Metadata> change) {
    return of(payload, change.apply(metadata()));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Event<?> that
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
    return "Event[" + payload.getClass().getSimpleName() + " " + metadata().id() + "]";
  }
}
