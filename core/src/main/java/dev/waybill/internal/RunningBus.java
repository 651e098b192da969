package dev.waybill.internal;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.Health;
import dev.waybill.MessageBus;
import dev.waybill.Outbox;
import dev.waybill.SendReceipt;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.internal.BusPlan.ConsumerPlan;
import dev.waybill.internal.BusPlan.DeadLetterPlan;
import dev.waybill.routing.MessageKind;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A bus that has been started. */
final class RunningBus implements MessageBus {
  private static final Logger LOG = LoggerFactory.getLogger(RunningBus.class);

  /** How long sends that are on their way get at close, after handlers have drained. */
  private static final Duration FLUSH = Duration.ofSeconds(5);

  /** So that some that can't be taken don't keep the others from their taker. */
  private static final int DEAD_LETTERS = 20;

  private final BusPlan plan;
  private final TransportConnection connection;
  private final ScheduledExecutorService timer;
  private final ExecutorService answers = Workers.answers("waybill-answers");

  /**
   * A timer of the caller's tells on its own thread, so that a test that has let time pass sees it.
   */
  private final Executor late;

  private final OutgoingPipeline outgoing;
  private final Replies replies;
  private @Nullable Requester requester;
  private Outbox.@Nullable Dispatch dispatch;
  private final Map<String, Consumer> consumers = new LinkedHashMap<>();
  private final List<IdempotentReceiver> idempotent = new ArrayList<>();
  private final AtomicReference<@Nullable Thread> closer = new AtomicReference<>();
  private final CountDownLatch isClosed = new CountDownLatch(1);
  private volatile boolean closed;

  private RunningBus(BusPlan plan, TransportConnection connection, ScheduledExecutorService timer) {
    this.plan = plan;
    this.connection = connection;
    this.timer = timer;
    this.late = timer instanceof BorrowedTimer ? Runnable::run : answers;
    this.outgoing = new OutgoingPipeline(plan, connection.sender(), timer, answers, late);
    this.replies = new Replies(plan.routes(), outgoing);
  }

  /** Starts a bus; its timer ends with it. */
  static RunningBus start(BusPlan plan, ScheduledExecutorService timer) {
    TransportConnection connection = plan.transport().connect(plan.connectTimeout());
    RunningBus bus = new RunningBus(plan, connection, timer);
    try {
      List<String> problems = connection.prepare(plan.topology(), plan.mode());
      if (!problems.isEmpty()) {
        throw new ConfigurationException(problems);
      }
      bus.startOutbox();
      bus.receiveReplies();
      plan.consumers().forEach(bus::consume);
      plan.deadLetterConsumers().forEach(bus::consumeDeadLetters);
    } catch (RuntimeException | Error e) {
      bus.close();
      throw e;
    }
    LOG.info(
        "Bus {} has started over {} at {}",
        plan.name(),
        plan.transport().name(),
        plan.transport().address());
    return bus;
  }

  /** Before the consumers begin, whose handlers may send into it. */
  private void startOutbox() {
    if (plan.outbox() != null) {
      dispatch = plan.outbox().start(OutboxRelay.of(plan, outgoing));
    }
  }

  /** Before the consumers begin, whose handlers may make requests. */
  private void receiveReplies() {
    ReplyQueue queue = plan.topology().replies();
    if (queue != null) {
      requester = new Requester(plan, queue, outgoing, connection, timer, answers, late);
    }
  }

  private void consume(ConsumerPlan consumer) {
    String name = "waybill-" + consumer.source().name();
    boolean atomic = consumer.atomic();
    IdempotentReceiver receiver = null;
    if (consumer.store() != null) {
      receiver = new IdempotentReceiver(consumer.source(), consumer.store(), timer, plan.clock());
      idempotent.add(receiver);
    }
    ExecutorService workers =
        consumer.virtualThreads() ? Workers.virtual() : Workers.handlers(name);
    add(
        new Consumer.Setting(
            consumer.source(), consumer.concurrency(), consumer.maxUnsettled(), atomic, workers),
        new FaultReplying(
            new IncomingPipeline(plan, consumer, outgoing, replies, receiver, answers),
            replies,
            atomic));
  }

  private void consumeDeadLetters(DeadLetterPlan consumer) {
    String name = "waybill-" + consumer.queue().name();
    add(
        new Consumer.Setting(
            consumer.queue(),
            1,
            Math.min(DEAD_LETTERS, plan.transport().capabilities(consumer.queue()).maxUnsettled()),
            false,
            Workers.handlers(name)),
        new DeadLetterPipeline(consumer));
  }

  private void add(Consumer.Setting setting, Pipeline pipeline) {
    Source source = setting.source();
    consumers.put(
        source.name(),
        new Consumer(
            setting,
            pipeline,
            plan.transport().capabilities(source),
            connection,
            timer,
            plan.clock(),
            outgoing.reports()));
  }

  @Override
  public CompletableFuture<SendReceipt> send(Command<?> command) {
    return send(MessageKind.COMMAND, command);
  }

  @Override
  public CompletableFuture<SendReceipt> send(Record command) {
    return send(MessageKind.COMMAND, command);
  }

  @Override
  public CompletableFuture<SendReceipt> publish(Event<?> event) {
    return send(MessageKind.EVENT, event);
  }

  @Override
  public CompletableFuture<SendReceipt> publish(Record event) {
    return send(MessageKind.EVENT, event);
  }

  @Override
  public CompletableFuture<SendReceipt> transfer(Document<?> document) {
    return send(MessageKind.DOCUMENT, document);
  }

  @Override
  public CompletableFuture<SendReceipt> transfer(Record document) {
    return send(MessageKind.DOCUMENT, document);
  }

  private CompletableFuture<SendReceipt> send(MessageKind verb, Envelope<?> envelope) {
    return closed ? CompletableFuture.failedFuture(closed()) : outgoing.send(verb, envelope);
  }

  private CompletableFuture<SendReceipt> send(MessageKind verb, Record payload) {
    Objects.requireNonNull(payload, "payload");
    return closed ? CompletableFuture.failedFuture(closed()) : outgoing.send(verb, payload);
  }

  private SendException closed() {
    return SendException.rejected(
        ErrorCode.CLOSED,
        "The bus %s is closed: send before closing it.".formatted(plan.name()),
        null);
  }

  @Override
  public <R> CompletableFuture<R> request(
      Command<?> command, Class<R> replyType, Duration timeout) {
    if (requester == null) {
      throw new IllegalStateException(
          "the bus %s makes no requests: add .requests(\"<the application's name>\") where it is built"
              .formatted(plan.name()));
    }
    return closed
        ? CompletableFuture.failedFuture(closed())
        : requester.request(command, replyType, timeout);
  }

  @Override
  public <R> CompletableFuture<R> request(Record command, Class<R> replyType, Duration timeout) {
    return request(Command.of(command), replyType, timeout);
  }

  @Override
  public CompletableFuture<Boolean> cancel(SendReceipt receipt) {
    return closed ? CompletableFuture.failedFuture(closed()) : outgoing.cancel(receipt);
  }

  @Override
  public void concurrency(String source, int handlers) {
    consumer(source).concurrency(handlers);
  }

  @Override
  public int inFlight() {
    return consumers.values().stream().mapToInt(Consumer::inFlight).sum();
  }

  @Override
  public Health health() {
    List<String> problems = new ArrayList<>();
    if (closed) {
      problems.add("The bus %s is closed.".formatted(plan.name()));
    }
    consumers.values().forEach(consumer -> consumer.problems().forEach(problems::add));
    idempotent.stream()
        .map(IdempotentReceiver::problem)
        .filter(Objects::nonNull)
        .forEach(problems::add);
    if (requester != null) {
      requester.problem().ifPresent(problems::add);
    }
    outgoing.problem().ifPresent(problems::add);
    Outbox.Status outbox = dispatch == null ? null : dispatch.status();
    if (outbox != null) {
      problems.addAll(outbox.problems());
    }
    return new Health(problems, consumers.values().stream().map(Consumer::status).toList(), outbox);
  }

  @Override
  public void pause(String source) {
    consumer(source).pause();
  }

  @Override
  public void resume(String source) {
    consumer(source).resume();
  }

  private Consumer consumer(String source) {
    Consumer consumer = consumers.get(source);
    if (consumer == null) {
      throw new IllegalArgumentException(
          "This bus does not consume '%s'; it consumes %s.".formatted(source, consumers.keySet()));
    }
    return consumer;
  }

  @Override
  public String describe() {
    return BusDescription.of(
        plan,
        connection.brokerVersion(),
        consumers.values().stream().map(Consumer::status).toList());
  }

  @Override
  public <T> Optional<T> unwrap(Class<T> nativeType) {
    return connection.unwrap(nativeType);
  }

  @Override
  public void close() {
    if (!closer.compareAndSet(null, Thread.currentThread())) {
      awaitCloser();
      return;
    }
    Uninterrupted.run(this::closeAll); // who is interrupted closes as well as anybody
    LOG.info("Bus {} is closed", plan.name());
  }

  @Override
  public void awaitClose() throws InterruptedException {
    isClosed.await();
  }

  private void closeAll() {
    long deadline = System.nanoTime() + plan.drainTimeout().toNanos();
    boolean interrupted = false;
    try {
      interrupted = onAllConsumers(Consumer::stop);
      interrupted |=
          onAllConsumers(
              consumer ->
                  consumer.drain(Duration.ofNanos(Math.max(0, deadline - System.nanoTime()))));
      closed = true;
      closeRequester();
      closeOutbox();
      if (!connection.sender().flush(FLUSH)) {
        LOG.warn("Bus {} closes with sends that have no answer; they fail as unknown", plan.name());
      }
    } finally {
      closed = true;
      try {
        idempotent.forEach(IdempotentReceiver::close);
        closeOutbox();
        connection.close();
      } finally {
        timer.shutdownNow();
        answers.shutdown();
        isClosed.countDown();
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** Another thread closes the bus, or this one does, in whose call this one is. */
  private void awaitCloser() {
    if (closer.get() != Thread.currentThread()) {
      try {
        isClosed.await();
      } catch (InterruptedException e) { // a handler's thread, for which the closer waits
        Thread.currentThread().interrupt();
      }
    }
  }

  /** After the consumers have drained, whose handlers may have sent into it. */
  private void closeOutbox() {
    if (dispatch != null) {
      dispatch.close();
    }
  }

  /** After the consumers have drained, whose handlers may wait for replies. */
  private void closeRequester() {
    if (requester != null) {
      requester.close();
    }
  }

  /**
   * Does something to all consumers at once, since each may block for seconds when the broker is
   * gone; one that fails does not keep the others from it.
   *
   * @return whether this thread was interrupted meanwhile, which does not end the closing
   */
  private boolean onAllConsumers(java.util.function.Consumer<Consumer> action) {
    List<Thread> threads = new ArrayList<>();
    for (Map.Entry<String, Consumer> consumer : consumers.entrySet()) {
      Thread thread =
          new Thread(
              () -> action.accept(consumer.getValue()), "waybill-close-" + consumer.getKey());
      thread.setDaemon(true);
      thread.setUncaughtExceptionHandler(
          (failed, e) -> LOG.error("Consumer {} failed to close", consumer.getKey(), e));
      thread.start();
      threads.add(thread);
    }
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    return interrupted;
  }
}
