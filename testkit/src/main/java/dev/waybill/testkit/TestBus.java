package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.transport.inmemory.InMemoryBroker;
import dev.waybill.transport.inmemory.InMemoryTransport;
import dev.waybill.transport.inmemory.VirtualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.assertj.core.api.ListAssert;

/**
 * A bus for tests of an application's handlers: over an in-memory broker of its own, in virtual
 * time, with everything that happens kept.
 *
 * <pre>{@code
 * try (TestBus test = TestBus.over(ROUTES).with(Billing::describe).start()) {
 *   test.bus().publish(new OrderPlaced("o-1", 995)).join();
 *   test.quiesce();
 *   test.assertSent(ProcessPayment.class).containsExactly(new ProcessPayment("o-1", 995));
 *   test.advance(Duration.ofMinutes(10)); // retries that wait are made, in milliseconds
 *   test.assertDeadLettered(ProcessPayment.class).isEmpty();
 * }
 * }</pre>
 *
 * <p>An assertion that fails prints the whole history. Used by one thread at a time.
 */
public final class TestBus implements AutoCloseable {
  /** How long {@link #quiesce} waits for handlers, in real time. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final VirtualClock clock;
  private final InMemoryBroker broker;
  private final LetterBox letters;
  private final History history;
  private final MessageBus bus;

  private TestBus(Builder builder) {
    this.clock = VirtualClock.create();
    this.broker = InMemoryBroker.create(clock);
    InMemoryTransport.Builder transport = InMemoryTransport.builder().broker(broker);
    builder.transport.forEach(setting -> setting.accept(transport));
    MessageBus.Builder described =
        MessageBus.over(transport.build())
            .named("test")
            .routes(builder.routes)
            .clock(clock)
            .timer(clock.timer());
    CodecWatch watch = CodecWatch.of(described);
    builder.bus.forEach(part -> part.accept(watch.builder()));
    this.letters = new LetterBox(broker, builder.routes, watch.codec());
    this.history = new History(clock, letters);
    this.bus = described.intercept(history).start();
  }

  /** Begins to describe a bus with these routes. */
  public static Builder over(Routes routes) {
    return new Builder(routes);
  }

  /** The bus. */
  public MessageBus bus() {
    return bus;
  }

  /** Its broker, to look inside and to make it fail. */
  public InMemoryBroker broker() {
    return broker;
  }

  /** Its time. */
  public VirtualClock clock() {
    return clock;
  }

  /**
   * Waits until nothing is in flight: every message that this bus consumes is settled, or waits for
   * a time that has not come. Counts messages, and waits no longer than it takes.
   *
   * @throws AssertionError if handlers are still busy after 10 s of real time; with the history
   */
  public void quiesce() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!isQuiet()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "%d messages are still in flight after %s%n%s"
                .formatted(bus.inFlight(), PATIENCE, history));
      }
      pause();
    }
  }

  /**
   * Lets time pass and waits until nothing is in flight; retries, delays and expiry that become due
   * on the way happen at their time, in order.
   */
  public void advance(Duration time) {
    quiesce();
    Instant end = clock.instant().plus(time);
    while (clock.instant().isBefore(end)) {
      clock.advanceToNext(Duration.between(clock.instant(), end));
      quiesce();
    }
  }

  /**
   * The payloads of this class that were given to be sent, published or transferred, in order; by a
   * handler only if it succeeded.
   */
  public <T> ListAssert<T> assertSent(Class<T> type) {
    return described(history.sent(type), "sent " + type.getSimpleName());
  }

  /** The payloads of this class that a handler has acknowledged, in order. */
  public <T> ListAssert<T> assertHandled(Class<T> type) {
    return described(history.handled(type), "handled " + type.getSimpleName());
  }

  /** The payloads of this class that a handler got again, once for each further attempt. */
  public <T> ListAssert<T> assertRetried(Class<T> type) {
    return described(history.retried(type), "retried " + type.getSimpleName());
  }

  /**
   * The payloads of this class, or of this interface, in all dead-letter queues, in the order of
   * the queues; read by the bus's codec. Without those that can't be read, for which there is
   * {@link #assertUndecodable}.
   */
  public <T> ListAssert<T> assertDeadLettered(Class<T> type) {
    return described(letters.payloads(type), "dead-lettered " + type.getSimpleName());
  }

  /**
   * The evidence of each dead letter that can't be read as a payload, in the order of the queues: a
   * line with its type name, id and reason, and why it can't be read.
   */
  public ListAssert<String> assertUndecodable() {
    return described(letters.undecodable(), "undecodable dead letters");
  }

  /** Everything that has happened, a line each; then all dead letters with their reasons. */
  public String history() {
    return history.toString();
  }

  /** Closes the bus. */
  @Override
  public void close() {
    bus.close();
  }

  private <T> ListAssert<T> described(List<T> payloads, String what) {
    return assertThat(payloads).as(() -> what + ", in this history:\n" + history + "\n");
  }

  private boolean isQuiet() {
    long movements = broker.movements();
    return broker.isHandedOver() && bus.inFlight() == 0 && broker.movements() == movements;
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while messages were in flight", e);
    }
  }

  /** Describes a test bus. Not thread-safe; starts as many as it is asked for. */
  public static final class Builder {
    private final Routes routes;
    private final List<Consumer<MessageBus.Builder>> bus = new ArrayList<>();
    private final List<Consumer<InMemoryTransport.Builder>> transport = new ArrayList<>();

    private Builder(Routes routes) {
      this.routes = routes;
    }

    /** Adds consumers, interceptors or options, as the application does. */
    public Builder with(Consumer<MessageBus.Builder> part) {
      bus.add(part);
      return this;
    }

    /** Sets the transport: a profile, limits, a lease. */
    public Builder on(Consumer<InMemoryTransport.Builder> setting) {
      transport.add(setting);
      return this;
    }

    /** A started bus, with a broker and a time of its own. */
    public TestBus start() {
      return new TestBus(this);
    }

    /** A bus for each test of a class, closed and looked at for leaks after it. */
    public TestBusExtension eachTest() {
      return new TestBusExtension(this);
    }
  }
}
