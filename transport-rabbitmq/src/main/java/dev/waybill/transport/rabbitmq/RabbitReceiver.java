package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives from the queue of a source, or from those that it is spread over, in one mailbox that
 * owns channels, consumers and settlements and calls the listener.
 */
final class RabbitReceiver implements Receiver, RabbitLink.Listener {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(1);
  private static final Duration SETTLE_LIMIT = Duration.ofSeconds(2);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(1);
  private static final Logger log = LoggerFactory.getLogger(RabbitReceiver.class);

  private final Source source;
  private final Listener listener;
  private final SourceLink link;
  private final Delays delays;
  private final Mailbox mailbox;
  private final Settler settler;
  private final List<QueueConsumer> consumers = new ArrayList<>();
  private final List<Calls> calls = new ArrayList<>();
  private final @Nullable PartitionBalance balance;
  private final @Nullable Backlog backlog;
  private final Executor blocking;
  private final Consumer<RabbitReceiver> onClose;
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean paused;
  private volatile boolean stopped;

  // of the mailbox only
  private final Map<QueueConsumer, ErrorCode> disturbed = new HashMap<>();
  private @Nullable ErrorCode reported;
  private int turn;

  RabbitReceiver(
      Source source,
      Partitions partitions,
      int maxUnsettled,
      Listener listener,
      RabbitLink link,
      RabbitPublisher publisher,
      Reposts reposts,
      Delays delays,
      RabbitThreads threads,
      Executor blocking,
      Consumer<RabbitReceiver> onClose) {
    this.source = source;
    this.listener = listener;
    this.delays = delays;
    this.blocking = blocking;
    this.onClose = onClose;
    this.mailbox = new Mailbox(threads, "receive-" + source.name());
    this.settler =
        new Settler(
            mailbox,
            publisher,
            reposts,
            RabbitLayout.queueName(source.deadLetterQueue()),
            new Settler.Stopped() {
              @Override
              public boolean isStopped() {
                return stopped;
              }

              @Override
              public boolean goBackAtClose() {
                return source.keyed() && stopped;
              }
            });
    List<String> queues = partitions.queues(source);
    this.link = new SourceLink(link, queues, true, this);
    Credit credit = new Credit(maxUnsettled);
    int prefetch = Math.max(maxUnsettled / queues.size(), 1);
    for (String queue : queues) {
      Calls own = new Calls(blocking);
      calls.add(own);
      consumers.add(new QueueConsumer(source, queue, prefetch, credit, mailbox, own, this));
    }
    Calls beside = new Calls(blocking);
    calls.add(beside);
    this.balance =
        queues.size() == 1
            ? null
            : new PartitionBalance(
                Partitions.instances(source.name()), consumers, link, mailbox, beside);
    this.backlog = source instanceof ReplyQueue ? null : new Backlog(consumers, mailbox, beside);
  }

  /** Begins to receive. */
  void start() {
    link.begin();
    if (balance != null) {
      balance.begin();
    }
  }

  boolean isPaused() {
    return paused;
  }

  boolean isStopped() {
    return stopped;
  }

  @Override
  public void connected(Connection made) {
    mailbox.tell(
        () -> {
          // in another order in each instance, so that those that start together share
          List<QueueConsumer> order = new ArrayList<>(consumers);
          Collections.shuffle(order);
          order.forEach(consumer -> consumer.connected(made));
          if (backlog != null) {
            backlog.connected(made);
          }
        });
  }

  @Override
  public void lost(MessagingException problem) {
    mailbox.tell(
        () ->
            consumers.forEach(
                consumer -> {
                  consumer.disconnected();
                  failed(consumer, problem);
                }));
  }

  /** The partitions that something has come from. */
  @Override
  public Status status() {
    List<String> owned =
        consumers.size() == 1
            ? List.of()
            : consumers.stream().filter(QueueConsumer::isActive).map(QueueConsumer::queue).toList();
    int waiting = consumers.stream().mapToInt(QueueConsumer::waiting).sum();
    int ahead = consumers.stream().mapToInt(QueueConsumer::settledAhead).sum();
    Backlog.Known known = backlog == null ? null : backlog.known();
    return known == null
        ? new Status(null, null, owned, waiting, ahead)
        : new Status(known.messages(), known.asOf(), owned, waiting, ahead);
  }

  @Override
  public void pause() {
    paused = true;
    mailbox.tell(this::adjust);
  }

  @Override
  public void resume() {
    paused = false;
    mailbox.tell(this::adjust);
  }

  @Override
  public void stop() {
    if (!stopped) {
      stopped = true;
      mailbox.ask(STOP_LIMIT, this::adjust);
    }
  }

  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    stop();
    settler.await(SETTLE_LIMIT);
    link.end();
    long until = System.nanoTime() + CLOSE_LIMIT.toNanos();
    if (!mailbox.ask(CLOSE_LIMIT, this::end)) {
      abandon();
    }
    calls.forEach(each -> each.await(until));
    mailbox.close();
    settler.abandon();
    closeLinks();
    onClose.accept(this);
  }

  /** Both at once, as each may take its time. */
  private void closeLinks() {
    CompletableFuture<Void> other = CompletableFuture.completedFuture(null);
    if (balance != null) {
      try {
        other = CompletableFuture.runAsync(balance::close, blocking);
      } catch (RejectedExecutionException e) { // all else has ended
        balance.close();
      }
    }
    link.close();
    other.join();
  }

  CompletableFuture<Settlement.Result> settle(RabbitDelivery delivery, Settlement how) {
    return settler.settle(delivery, how);
  }

  private void adjust() {
    handOut();
    consumers.forEach(QueueConsumer::adjust);
  }

  /** There is credit again: for what is held, then for consumers that have waited for that. */
  void settled() {
    handOut();
    consumers.forEach(QueueConsumer::afterSettling);
  }

  /** Hands out what has arrived, from each queue in turn, as far as the credit goes. */
  void handOut() {
    List<RabbitDelivery> out = new ArrayList<>();
    int idle = 0;
    while (idle < consumers.size() && !stopped && !(paused && source.keyed())) {
      QueueConsumer consumer = consumers.get(turn);
      turn = (turn + 1) % consumers.size();
      RabbitDelivery next = consumer.next();
      idle = next == null ? idle + 1 : 0;
      if (next != null) {
        out.add(next);
      }
    }
    if (!out.isEmpty()) {
      deliver(out);
    }
  }

  private void deliver(List<RabbitDelivery> deliveries) {
    try {
      if (deliveries.size() == 1) {
        listener.delivered(deliveries.get(0));
      } else {
        listener.delivered(deliveries);
      }
    } catch (RuntimeException e) {
      log.error("The listener of the {} threw; deliveries stay open", source, e);
    }
  }

  private void end() {
    consumers.forEach(QueueConsumer::end);
    if (balance != null) {
      balance.end();
    }
    if (backlog != null) {
      backlog.end();
    }
  }

  /**
   * The receiver's mailbox stands still, in its listener perhaps. A channel that stayed open would
   * keep its messages, and with keys their queue, from all others for as long as the connection
   * lives.
   */
  private void abandon() {
    log.warn("What receives from the {} stands still; its channels are ended", source);
    consumers.forEach(QueueConsumer::abandon);
    if (balance != null) {
      balance.abandon();
    }
    if (backlog != null) {
      backlog.abandon();
    }
  }

  /** One of the consumers is disturbed; the first is reported, and each other reason why. */
  void failed(QueueConsumer consumer, MessagingException problem) {
    if (problem.code() == ErrorCode.NOT_FOUND || problem.code() == ErrorCode.BROKER_UNAVAILABLE) {
      delays.forget(); // the queue may be, or come, again without what bound it
    }
    if (!stopped && isNews(consumer, problem.code())) {
      reported = problem.code();
      log.info("{} Trying again until closed.", problem.getMessage());
      listener.failed(problem);
    }
  }

  /** Of one of the consumers, of an epoch that is over or ends. */
  void forgotten(MessagingException problem) {
    log.info(problem.getMessage());
    Mailbox.run(() -> listener.forgotten(problem));
  }

  /** Has a connection of its own from now on, for it costs those that it shares. */
  void leaveTheOthers() {
    link.leaveTheOthers();
  }

  /** That the connection is lost says less than any other reason. */
  private boolean isNews(QueueConsumer consumer, ErrorCode code) {
    boolean first = disturbed.isEmpty();
    ErrorCode before = disturbed.put(consumer, code);
    boolean other = before != null && before != code && reported != code;
    return first || (other && code != ErrorCode.CONNECTION_FAILED);
  }

  /** One of the consumers works; that all do is reported. */
  void recovered(QueueConsumer consumer) {
    if (disturbed.remove(consumer) != null && disturbed.isEmpty()) {
      log.info("Receiving from the {} again", source);
      listener.recovered();
    }
  }
}
