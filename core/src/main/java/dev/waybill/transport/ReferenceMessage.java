package dev.waybill.transport;

import dev.waybill.Envelope;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A message that is its envelope, and is written when somebody asks for what would be written. */
final class ReferenceMessage extends WireMessage {
  private static final byte[] UNWRITTEN = {};

  private final Envelope<?> envelope;
  private final Supplier<WireMessage> writing;

  /** What was added to the headers since. */
  private final Map<String, String> more;

  /** Null until somebody asks; two who ask at once may write it twice, to the same effect. */
  private volatile @Nullable WireMessage written;

  ReferenceMessage(Envelope<?> envelope, Supplier<WireMessage> writing, Map<String, String> more) {
    super(UNWRITTEN, null, Map.of(), Map.of(), null, null);
    this.envelope = envelope;
    this.writing = writing;
    this.more = more;
  }

  private WireMessage written() {
    WireMessage known = written;
    if (known == null) {
      known = writing.get().withHeaders(more);
      written = known;
    }
    return known;
  }

  @Override
  public Envelope<?> envelope() {
    return envelope;
  }

  @Override
  public byte[] body() {
    return written().body();
  }

  @Override
  public @Nullable String contentType() {
    return written().contentType();
  }

  @Override
  public Map<String, String> attributes() {
    return written().attributes();
  }

  @Override
  public Map<String, String> headers() {
    return written().headers();
  }

  @Override
  public @Nullable String key() {
    return envelope.metadata().key();
  }

  @Override
  public @Nullable Duration delay() {
    return envelope.metadata().delay();
  }

  @Override
  public String id() {
    return envelope.metadata().id();
  }

  @Override
  public WireMessage withHeaders(Map<String, String> added) {
    Map<String, String> all = new LinkedHashMap<>(more);
    all.putAll(added);
    return new ReferenceMessage(envelope, writing, all);
  }

  @Override
  public WireMessage withoutDelay() {
    return delay() == null
        ? this
        : new ReferenceMessage(
            envelope.with(metadata -> metadata.withDelay(null)),
            () -> writing.get().withoutDelay(),
            more);
  }

  @Override
  public String toString() {
    return "WireMessage[" + envelope + ", by reference]";
  }
}
