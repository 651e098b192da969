package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.transport.Topology;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topics in which delayed messages wait: made when the first message to a channel is delayed,
 * so that a channel without such messages costs nothing; and found by those who receive from the
 * channel. Thread-safe; asks the broker on a thread of its own.
 */
final class DelayTopics implements ReadyForDelays {
  private static final Logger log = LoggerFactory.getLogger(DelayTopics.class);

  /** How late the very first delayed message of a channel may be found. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  private static final Duration ASK = Duration.ofSeconds(10);
  private static final long END_MILLIS = 500;

  private final KafkaSettings settings;
  private final Admin admin;
  private final ScheduledThreadPoolExecutor executor;
  private final Map<String, CompletableFuture<Void>> ready = new ConcurrentHashMap<>();
  private final Map<String, Runnable> sought = new ConcurrentHashMap<>();
  private final Map<String, Boolean> forbidden = new ConcurrentHashMap<>();
  private final AtomicBoolean looking = new AtomicBoolean();
  private volatile Topology.Mode mode = Topology.Mode.ASSUME;

  DelayTopics(KafkaSettings settings, Admin admin) {
    this.settings = settings;
    this.admin = admin;
    this.executor = new ScheduledThreadPoolExecutor(1, Threads.named("waybill-kafka-delay-topics"));
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    executor.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
  }

  /** Sets whether missing topics are made; to be called before any use. */
  void prepare(Topology.Mode how) {
    mode = how;
  }

  /** Whether this connection may make administrative calls beyond looking for a topic. */
  boolean mayAdminister() {
    return mode != Topology.Mode.ASSUME;
  }

  @Override
  public CompletableFuture<Void> ready(String topic, Duration deadline) {
    CompletableFuture<Void> known = ready.get(topic);
    if (known == null) {
      known = ready.computeIfAbsent(topic, any -> new CompletableFuture<>());
      makeReady(topic, known);
    }
    if (known.isDone() && !known.isCompletedExceptionally()) {
      return known;
    }
    return known
        .copy()
        .orTimeout(Deadline.in(deadline).remainingNanos(), TimeUnit.NANOSECONDS)
        .exceptionallyCompose(
            error ->
                CompletableFuture.failedFuture(
                    KafkaErrors.unwrapped(error) instanceof SendException refused
                        ? refused
                        : KafkaErrors.delayTopicLate(topic, deadline)));
  }

  @Override
  public void forget(String topic) {
    CompletableFuture<Void> known = ready.get(topic);
    if (known != null && known.isDone()) {
      ready.remove(topic, known);
    }
  }

  /** Calls {@code found}, once, when the delay topic of a topic is there; never blocks. */
  void seek(String topic, Runnable found) {
    sought.put(topic, found);
    try {
      if (looking.getAndSet(true)) {
        executor.execute(this::look);
      } else {
        var unused =
            executor.scheduleWithFixedDelay(this::look, 0, LOOK.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (RejectedExecutionException e) {
      log.trace("Closed just now", e);
    }
  }

  /** Ends the thread. */
  void close() {
    executor.shutdownNow();
    try {
      if (!executor.awaitTermination(END_MILLIS, TimeUnit.MILLISECONDS)) {
        log.warn("{} has not ended yet; it ends by itself", "waybill-kafka-delay-topics");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ready.values().forEach(known -> known.completeExceptionally(KafkaErrors.closedBeforeSend()));
  }

  private void makeReady(String topic, CompletableFuture<Void> known) {
    try {
      executor.execute(
          () -> {
            try {
              make(topic);
              known.complete(null);
              look();
            } catch (RuntimeException | Error e) {
              ready.remove(topic, known); // the next message asks again
              known.completeExceptionally(refusal(e));
            }
          });
    } catch (RejectedExecutionException e) {
      known.completeExceptionally(KafkaErrors.closedBeforeSend());
    }
  }

  private void make(String topic) {
    String delayTopic = KafkaNames.delayTopic(topic);
    TopicAdmin topics = new TopicAdmin(admin, Deadline.in(ASK));
    TopicSpec wanted = new TopicSpecs(settings).delayTopic(topic);
    Map<String, TopicDescription> found = topics.describe(List.of(topic, delayTopic));
    if (!found.containsKey(topic)) {
      throw KafkaErrors.noChannelForDelay(topic);
    }
    if (!found.containsKey(delayTopic) && mode == Topology.Mode.CREATE) {
      refuse(topics.create(List.of(wanted)).values());
      found = topics.awaitLeaders(List.of(delayTopic));
      topics.ends(found.values());
    }
    TopicDescription description = found.get(delayTopic);
    if (description == null) {
      throw SendException.rejected(ErrorCode.NOT_FOUND, KafkaErrors.missing(wanted), null);
    }
    DelayLevels levels = settings.delays().levels();
    if (!mayAdminister()) {
      refuse(TopicDifferences.ofAssumed(wanted, description, levels));
      return;
    }
    Map<String, String> configs = topics.configs(List.of(delayTopic)).get(delayTopic);
    refuse(TopicDifferences.of(wanted, description, Objects.requireNonNull(configs), levels));
  }

  private static void refuse(Collection<String> problems) {
    if (!problems.isEmpty()) {
      throw SendException.rejected(ErrorCode.TOPOLOGY_MISMATCH, String.join(" ", problems), null);
    }
  }

  private static SendException refusal(Throwable error) {
    if (error instanceof SendException refused) {
      return refused;
    }
    ErrorCode code =
        error instanceof MessagingException ours ? ours.code() : KafkaErrors.code(error);
    return SendException.rejected(
        code, "Not sent, for it could not wait: " + error.getMessage(), error);
  }

  /** Looks for the sought topics, all by one request, whose answers come on the client's thread. */
  private void look() {
    Map<String, Runnable> missing = Map.copyOf(sought);
    if (missing.isEmpty()) {
      return;
    }
    List<String> names = missing.keySet().stream().map(KafkaNames::delayTopic).toList();
    var answers = admin.describeTopics(names).topicNameValues();
    missing.forEach(
        (topic, found) -> {
          var answer = answers.get(KafkaNames.delayTopic(topic));
          if (answer != null) {
            var unused =
                answer.whenComplete(
                    (description, error) -> {
                      if (error == null && sought.remove(topic, found)) {
                        found.run();
                      } else if (error != null) {
                        notFound(topic, error);
                      }
                    });
          }
        });
  }

  private void notFound(String topic, Throwable error) {
    if (error instanceof TopicAuthorizationException
        && forbidden.putIfAbsent(topic, true) == null) {
      log.info(
          "Delayed messages to {} are not moved on by this connection: {}",
          topic,
          SecurityErrors.refusal(
              error, SecurityErrors.READ, "topic '" + KafkaNames.delayTopic(topic) + "'"));
    }
  }
}
