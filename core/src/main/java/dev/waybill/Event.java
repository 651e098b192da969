package dev.waybill;

import dev.waybill.routing.MessageKind;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A fact that happened; every subscription of its topic gets a copy, and no answer is expected.
 *
 * <p>Immutable; equal if payload and metadata are.
 *
 * @param <T> the payload's class
 */
public final class Event<T> implements Envelope<T> {
  private final T payload;

  /** Null if they are made later. */
  private final @Nullable Metadata metadata;

  private final @Nullable MetadataOnce later;

  private Event(T payload, @Nullable Metadata metadata, @Nullable MetadataOnce later) {
    this.payload = Objects.requireNonNull(payload, "payload");
    this.metadata = metadata;
    this.later = later;
  }

  /** An event with fresh metadata: a random id, the rest is filled in when it is sent. */
  public static <T> Event<T> of(T payload) {
    return of(payload, Metadata.create());
  }

  /** An event with the given metadata. */
  public static <T> Event<T> of(T payload, Metadata metadata) {
    return new Event<>(payload, Objects.requireNonNull(metadata, "metadata"), null);
  }

  /**
   * An event whose metadata is made when somebody asks for it.
   *
   * @param metadata is asked once at most, on any thread
   */
  public static <T> Event<T> of(T payload, Supplier<Metadata> metadata) {
    return new Event<>(payload, null, new MetadataOnce(metadata));
  }

  @Override
  public T payload() {
    return payload;
  }

  @Override
  public Metadata metadata() {
    return later == null ? Objects.requireNonNull(metadata) : later.get();
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
