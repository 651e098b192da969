package dev.waybill.transport.inmemory;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The transport to an {@link InMemoryBroker}. Immutable and thread-safe.
 *
 * <p>A send is confirmed when the message is stored, before {@code send} returns. A queue has its
 * messages in the order in which they were stored; one that was released goes back to its old
 * place. With keys, one message per key is out at a time, over all receivers. A message sent with a
 * delay takes its place in the order when the delay is over. Attempts are counted by the broker:
 * one more after each release, as its {@code attemptsMade} says, and one more after a delivery that
 * was lost, by a lease that ended or a receiver that closed.
 *
 * <p>A listener is called on the thread that sends, or settles what was before it in the way, so
 * that no other is woken for that; and for what becomes due, or is about the connection, on a
 * thread of its receiver's, {@code waybill-inmemory-<source>}. A body's array is shared by sender
 * and receivers, so nobody may change it.
 */
public final class InMemoryTransport implements Transport {
  private final InMemoryBroker broker;
  private final Conduct keyed;
  private final Conduct plain;
  private final boolean refused;
  private final boolean byReference;

  private InMemoryTransport(Builder builder) {
    this.broker = builder.broker != null ? builder.broker : InMemoryBroker.create();
    this.keyed = builder.conduct(true);
    this.plain = builder.conduct(false);
    this.refused = builder.refused;
    this.byReference = builder.byReference;
  }

  /** A builder of a transport to a new broker of its own, with the defaults its methods name. */
  public static Builder builder() {
    return new Builder();
  }

  /** The broker, to look inside and to make other transports to it. */
  public InMemoryBroker broker() {
    return broker;
  }

  /** {@code inmemory}. */
  @Override
  public String name() {
    return "inmemory";
  }

  /** {@code memory:}, with the broker's name if it has one. */
  @Override
  public String address() {
    return broker.toString();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return conduct(keyed).capabilities();
  }

  /** How the broker behaves on keyed channels, or on the others. */
  Conduct conduct(boolean keyed) {
    return keyed ? this.keyed : plain;
  }

  @Override
  public boolean passesReferences() {
    return byReference;
  }

  @Override
  public List<String> check(Topology topology) {
    return NameCheck.problems(topology);
  }

  /** Connects, or fails, at once. */
  @Override
  public TransportConnection connect(Duration deadline) {
    broker.faults().requireAnswer();
    if (refused) {
      throw new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          "The in-memory broker refuses this transport, as refused() of its builder says.");
    }
    return new MemoryConnection(this);
  }

  @Override
  public String toString() {
    return "InMemoryTransport[" + address() + "]";
  }

  /** Settings of an {@link InMemoryTransport}; not thread-safe. */
  public static final class Builder {
    private @Nullable InMemoryBroker broker;
    private Profile profile = Profile.NONE;
    private @Nullable Long maxBodyBytes;
    private @Nullable Duration leaseDuration;
    private boolean refused;
    private boolean byReference;

    private Builder() {}

    /** The broker; default: a new one. */
    public Builder broker(InMemoryBroker broker) {
      this.broker = broker;
      return this;
    }

    /** Which broker the transport is like; default: none. */
    public Builder profile(Profile profile) {
      this.profile = profile;
      return this;
    }

    /**
     * The longest body that is taken; default: the profile's, or 16 MiB, RabbitMQ's limit.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Builder maxBodyBytes(long bytes) {
      if (bytes < 0) {
        throw new IllegalArgumentException("maxBodyBytes must not be negative: " + bytes);
      }
      this.maxBodyBytes = bytes;
      return this;
    }

    /**
     * How long a delivery is its receiver's without renewal; then the message is delivered again,
     * as one more attempt. Default: the profile's, or until it is settled or the receiver is
     * closed.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder leaseDuration(Duration duration) {
      if (duration.isZero() || duration.isNegative()) {
        throw new IllegalArgumentException("leaseDuration must be positive: " + duration);
      }
      this.leaseDuration = duration;
      return this;
    }

    /** Lets the broker refuse the transport, as if its credentials were wrong; for tests. */
    public Builder refused() {
      this.refused = true;
      return this;
    }

    /**
     * Hands over what is sent as it is, without encoding it: a handler gets the sender's own
     * object, as does every subscription of a topic, so payloads must be immutable. Default: a
     * handler gets a copy, as over every other transport, and what can't be encoded is refused.
     *
     * <p>Bytes are made when somebody asks for them: for the body of a dead letter that is read or
     * put back, an outbox, what an exactly-once handler sends, a bus over a transport that is not
     * by reference, or one that has another class for the type. They all get copies. Not together
     * with {@link #profile} or {@link #maxBodyBytes}, since there are no sizes.
     */
    public Builder byReference() {
      this.byReference = true;
      return this;
    }

    private Conduct conduct(boolean keyed) {
      Capabilities.Builder capabilities = profile.capabilities(keyed);
      if (maxBodyBytes != null) {
        capabilities.maxBodyBytes(maxBodyBytes);
      }
      if (leaseDuration != null) {
        capabilities.leaseDuration(leaseDuration);
      }
      return profile.conduct(capabilities.build());
    }

    /**
     * The transport. Each call without a {@link #broker} makes a new broker.
     *
     * @throws ConfigurationException if {@link #byReference} is given with what needs sizes
     */
    public InMemoryTransport build() {
      if (byReference && (profile != Profile.NONE || maxBodyBytes != null)) {
        throw new ConfigurationException(
            List.of(
                "byReference() does not encode messages, so %s can't limit their size: leave out one of them."
                    .formatted(
                        maxBodyBytes != null ? "maxBodyBytes(…)" : "profile(" + profile + ")")));
      }
      return new InMemoryTransport(this);
    }
  }
}
