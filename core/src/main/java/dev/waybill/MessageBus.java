package dev.waybill;

import dev.waybill.routing.Routes;
import dev.waybill.serialization.Codec;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/**
 * The front door: sends messages along their routes, and runs the consumers that were described
 * when it was built.
 *
 * <pre>{@code
 * try (MessageBus bus = MessageBus.over(Transport.at("kafka://localhost:9092"))
 *     .routes(routes)
 *     .consume("payments", c -> c.onCommand(ProcessPayment.class, (command, context) -> pay(command.payload())))
 *     .start()) {
 *   bus.publish(new OrderPlaced("o-1", 995)).join();
 * }
 * }</pre>
 *
 * <p><b>Sending.</b> {@code send} takes commands, {@code publish} events, {@code transfer}
 * documents: as envelopes, where the compiler sees to the kind, or as plain records, where the
 * route does. A future completes after the broker's own confirmation; it fails with a {@link
 * dev.waybill.error.SendException} that says whether the message was provably not stored
 * (<em>rejected</em>) or may have been (<em>unknown</em>), within {@link Builder#sendTimeout}. A
 * mistake of the caller's (no route, wrong verb, a closed bus, over a limit) fails the future as
 * well, and never throws. The call blocks only for back-pressure, and no longer than that timeout.
 * Dependents of the future run on a transport's thread and must not block; use the {@code Async}
 * forms.
 *
 * <p>Thread-safe.
 */
public interface MessageBus extends AutoCloseable {
  /** Begins to describe a bus over a transport. */
  static Builder over(Transport transport) {
    ServiceLoader<Provider> providers =
        ServiceLoader.load(Provider.class, Provider.class.getClassLoader());
    return providers
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "waybill-core is incomplete: its service entry is missing"))
        .over(transport);
  }

  /** Sends a command to the queue of its route. */
  @CheckReturnValue
  CompletableFuture<SendReceipt> send(Command<?> command);

  /** Sends a plain payload as a command. */
  @CheckReturnValue
  CompletableFuture<SendReceipt> send(Record command);

  /** Publishes an event to the topic of its route. */
  @CheckReturnValue
  CompletableFuture<SendReceipt> publish(Event<?> event);

  /** Publishes a plain payload as an event. */
  @CheckReturnValue
  CompletableFuture<SendReceipt> publish(Record event);

  /** Hands a document over to the channel of its route. */
  @CheckReturnValue
  CompletableFuture<SendReceipt> transfer(Document<?> document);

  /** Hands a plain payload over as a document. */
  @CheckReturnValue
  CompletableFuture<SendReceipt> transfer(Record document);

  /**
   * Sends a command to the queue of its route, and waits for the one reply to it. The bus needs
   * {@link Builder#requests}.
   *
   * <p>The command expires with the timeout. A failure there comes back as a failure here, as soon
   * as no further attempt can be made in time.
   *
   * @param replyType the class of the reply, or what several classes of {@linkplain
   *     dev.waybill.routing.Routes.Definition#reply reply} have in common, such as a sealed
   *     interface
   * @param timeout how long the reply may take, by this bus's own timer; positive, at most a year
   * @return completes with the reply's payload. Fails with a {@link
   *     dev.waybill.error.SendException} if the command could not be sent, a {@link
   *     dev.waybill.error.RequestFailedException} if its handler failed, and a {@link
   *     dev.waybill.error.MessagingException} otherwise: {@code TIMEOUT}, {@code UNKNOWN_TYPE} if
   *     the reply is none of {@code replyType}, {@code UNDECODABLE}, {@code CLOSED} if the bus is
   *     closed meanwhile. A reply that comes later is dropped. Dependents run on a thread of the
   *     bus, and must not block
   * @throws IllegalStateException if the bus was built without {@link Builder#requests}
   * @throws IllegalArgumentException if the timeout is out of its bounds
   */
  @CheckReturnValue
  <R> CompletableFuture<R> request(Command<?> command, Class<R> replyType, Duration timeout);

  /** Requests with a plain payload as the command. */
  @CheckReturnValue
  <R> CompletableFuture<R> request(Record command, Class<R> replyType, Duration timeout);

  /**
   * Takes back a message that was sent with a delay, if it has not been delivered.
   *
   * @return completes with whether it is taken back. Fails with a {@link
   *     dev.waybill.error.MessagingException} of code {@code UNSUPPORTED} where the transport
   *     refuses {@code CANCEL}
   */
  @CheckReturnValue
  CompletableFuture<Boolean> cancel(SendReceipt receipt);

  /**
   * Changes how many handlers of a queue or subscription may run at a time; the last call counts.
   * Handlers that run go on to their end.
   *
   * @throws IllegalArgumentException if this bus does not consume it, or {@code handlers} is not
   *     from 1 to the consumer's {@link ConsumerSpec#maxUnsettled}
   */
  void concurrency(String source, int handlers);

  /**
   * How many received messages are with this bus now: in a handler, on the way to one, or being
   * settled; not those that wait for a retry, or behind one of their key that does.
   */
  int inFlight();

  /** Whether this bus does its work, and what is wrong if not. Asks nobody, never blocks. */
  Health health();

  /**
   * Stops receiving from a queue or subscription ({@code "payments"}, {@code "orders.billing"}).
   * What has come before, at most the consumer's {@code maxUnsettled}, is still handled, with its
   * retries; but what waits for one at the transport (Kafka, in-memory, long waits on RabbitMQ)
   * comes after {@link #resume}. Idempotent.
   *
   * @throws IllegalArgumentException if this bus does not consume it
   */
  void pause(String source);

  /** Receives again after {@link #pause}. Idempotent. */
  void resume(String source);

  /**
   * The bus as built, for people: transport, routes with native names, consumers with their
   * policies, what is native and emulated, and the steps a message takes.
   */
  String describe();

  /** The transport's native client of a class, if it has one; for what Waybill has no word for. */
  <T> Optional<T> unwrap(Class<T> nativeType);

  /**
   * Blocks until the bus is closed, by whomever, and all that {@link #close} does is done; returns
   * at once if it is. All threads of the library are daemons, so that a {@code main} that only
   * consumes would end: it waits here, and a shutdown hook closes the bus when the process is told
   * to end.
   *
   * <pre>{@code
   * try (MessageBus bus = MessageBus.over(transport).routes(routes).consume("payments", …).start()) {
   *   Runtime.getRuntime().addShutdownHook(new Thread(bus::close));
   *   bus.awaitClose();
   * }
   * }</pre>
   *
   * <p>Not for handlers, for which the closing would wait.
   *
   * @throws InterruptedException if this thread is interrupted first; the bus goes on
   */
  void awaitClose() throws InterruptedException;

  /**
   * Drains and closes: stops receiving, lets running handlers finish within {@link
   * Builder#drainTimeout} and interrupts those that don't, settles, gives back the rest uncounted,
   * flushes sends, closes the connection. No thread is left but that of a handler which does not
   * heed its interruption; its message will come again.
   *
   * <p>Idempotent; blocks until all that is done, also if another thread does it, or until this
   * thread is interrupted while another does. Not for handlers: they would be waited for until they
   * are interrupted.
   */
  @Override
  void close();

  /** Describes a bus. Not thread-safe; used once. */
  interface Builder {
    /** How long a send may take unless said otherwise: long enough for a broker's fail-over. */
    Duration DEFAULT_SEND_TIMEOUT = Duration.ofSeconds(30);

    /** How long the first connection may take unless said otherwise. */
    Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(15);

    /** How long handlers may run on after {@link MessageBus#close} unless said otherwise. */
    Duration DEFAULT_DRAIN_TIMEOUT = Duration.ofSeconds(20);

    /** The routes; needed. Those of a second call are an error. */
    Builder routes(Routes routes);

    /**
     * The application's name, a URI reference, used as the CloudEvents {@code source}; default
     * {@code waybill}. A bus with an {@link #outbox} that has no owner of its own needs one: the
     * messages in it are told apart by this name.
     */
    Builder named(String name);

    /** Consumes a queue. */
    Builder consume(String queue, Consumer<ConsumerSpec> consumer);

    /** Consumes a named durable subscription of a topic. */
    Builder subscribe(String topic, String subscription, Consumer<ConsumerSpec> consumer);

    /**
     * Takes the dead letters of a source: {@code "payments"} for a queue, {@code "orders.billing"}
     * for a subscription. One at a time.
     */
    Builder consumeDeadLetters(String source, DeadLetter.Handler handler);

    /**
     * Makes the bus able to {@link MessageBus#request}: replies to it come to a {@link
     * dev.waybill.routing.ReplyQueue} of this instance.
     *
     * @param requester the name that all instances of the application share
     */
    Builder requests(String requester);

    /**
     * Sends what is kept in an outbox, for as long as the bus runs. A consumer whose handlers send
     * in a transaction needs the outbox of its {@link
     * dev.waybill.delivery.TransactionalMessageStore}. Those of a second call are an error. Needs
     * {@link #named}, unless the outbox {@linkplain Outbox#hasOwner has an owner}.
     */
    Builder outbox(Outbox outbox);

    /** Adds an interceptor behind those added before. */
    Builder intercept(Interceptor interceptor);

    /** The codec; default JSON by Jackson up to the transport's largest body. */
    Builder codec(Codec codec);

    /** What the bus may do to make its topology stand; default {@link Topology.Mode#CREATE}. */
    Builder topology(Topology.Mode mode);

    /**
     * How long a send may take; positive. Default {@link #DEFAULT_SEND_TIMEOUT}. A send may be
     * given up a hundredth of it sooner, 10 ms at most, together with one that began before it. The
     * transport has a tenth less, a second at most, to say for itself what became of the message.
     *
     * <p>It is how long the caller waits, and not when the broker's client gives up: a message
     * whose send was reported as unknown may still be stored afterwards, for as long as the
     * transport says.
     */
    Builder sendTimeout(Duration timeout);

    /**
     * How long connecting at start may take; positive. Default {@link #DEFAULT_CONNECT_TIMEOUT}.
     */
    Builder connectTimeout(Duration timeout);

    /**
     * How long handlers may run on when the bus closes; zero or more. Default {@link
     * #DEFAULT_DRAIN_TIMEOUT}: of the 30 s that Kubernetes gives a process to end, it leaves some
     * for what comes after, flushing sends and closing connections.
     */
    Builder drainTimeout(Duration timeout);

    /** The clock for times of sending and expiry; for tests. Default the system's. */
    Builder clock(Clock clock);

    /**
     * What runs deadlines, retry waits that the library keeps, and lease renewals; for tests,
     * beside {@link #clock}. What is late completes on its threads. Not shut down by the bus.
     * Default: a thread of the bus.
     */
    Builder timer(ScheduledExecutorService timer);

    /**
     * What the bus, as described so far, needs on its broker; for operators who make it themselves,
     * and for a transport's own forms of it. Checks everything as {@link #start} does, and connects
     * to nothing. A reply queue in it is one of an instance that is never started.
     *
     * @throws dev.waybill.error.ConfigurationException with all problems at once
     */
    Topology requiredTopology();

    /**
     * Checks everything, connects, prepares the topology, and begins to receive. Blocks.
     *
     * @throws dev.waybill.error.ConfigurationException with all problems at once
     * @throws dev.waybill.error.MessagingException if the broker can't be reached or refuses
     */
    MessageBus start();
  }

  /** Makes builders; how {@link #over} finds the library's inside. Not for applications. */
  interface Provider {
    /** A builder of a bus over a transport. */
    Builder over(Transport transport);
  }
}
