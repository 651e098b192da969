package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Queue URLs and topic ARNs by name, looked up at their first use, once for all who ask meanwhile,
 * and remembered.
 */
final class Addresses {
  /** Not the time of whoever asks first, as others wait for it as well. */
  private static final Duration LOOKUP = Duration.ofSeconds(10);

  /** So long a topic is not looked for again, as that takes going through all topics. */
  private static final Duration MISSING = Duration.ofSeconds(2);

  private final AwsPort port;
  private final Map<String, String> queueUrls = new ConcurrentHashMap<>();
  private final Map<String, String> replyQueueUrls =
      Collections.synchronizedMap(LastUsed.replyQueues());
  private final Map<String, String> kept = new ConcurrentHashMap<>();
  private final Map<String, String> topicArns = new ConcurrentHashMap<>();
  private final Map<String, Deadline> missingTopics = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<String>> lookups = new ConcurrentHashMap<>();

  Addresses(AwsPort port) {
    this.port = port;
  }

  /** The URL of a source's queue; fails with {@link ErrorCode#NOT_FOUND} if there is none. */
  CompletableFuture<String> queueUrl(Source source, Deadline until) {
    String name = Names.queue(source);
    String known = kept.getOrDefault(name, urls(source).get(name));
    return known != null
        ? CompletableFuture.completedFuture(known)
        : remembered("queue " + name, urls(source), name, until, port::queueUrl);
  }

  /** The ARN of a topic; fails with {@link ErrorCode#NOT_FOUND} if there is none. */
  CompletableFuture<String> topicArn(Topic topic, Deadline until) {
    String name = Names.topic(topic);
    String known = topicArns.get(name);
    if (known != null) {
      return CompletableFuture.completedFuture(known);
    }
    Deadline missing = missingTopics.get(name);
    if (missing != null && !missing.hasPassed()) {
      return CompletableFuture.failedFuture(AwsErrors.noTopic(name));
    }
    return remembered("topic " + name, topicArns, name, until, this::lookForTopic);
  }

  private CompletableFuture<String> lookForTopic(String name, Deadline until) {
    return port.topicArn(name, until)
        .whenComplete(
            (arn, e) -> {
              if (e != null && AwsFailure.of(e).code() == ErrorCode.NOT_FOUND) {
                missingTopics.put(name, Deadline.in(MISSING));
              } else {
                missingTopics.remove(name);
              }
            });
  }

  void remember(Topic topic, String arn) {
    topicArns.put(Names.topic(topic), arn);
    missingTopics.remove(Names.topic(topic));
  }

  void remember(Source source, String url) {
    urls(source).put(Names.queue(source), url);
  }

  /**
   * Of a queue that this connection has made for itself: its URL is the same whatever becomes of
   * it, and there need be no right to look it up.
   */
  void keep(Source source, String url) {
    kept.put(Names.queue(source), url);
  }

  /** After AWS said that a queue or topic is gone: it may be made again under another address. */
  void forget(Channel channel) {
    if (channel instanceof Topic topic) {
      topicArns.remove(Names.topic(topic));
    } else {
      forget((Source) channel);
    }
  }

  /** After AWS said that a queue is gone. */
  void forget(Source source) {
    urls(source).remove(Names.queue(source));
  }

  private Map<String, String> urls(Source source) {
    return source instanceof ReplyQueue ? replyQueueUrls : queueUrls;
  }

  private CompletableFuture<String> remembered(
      String what,
      Map<String, String> known,
      String name,
      Deadline until,
      BiFunction<String, Deadline, CompletableFuture<String>> lookup) {
    CompletableFuture<String> own = new CompletableFuture<>();
    CompletableFuture<String> earlier = lookups.putIfAbsent(what, own);
    if (earlier == null) {
      var unused =
          begun(lookup, name)
              .whenComplete(
                  (address, e) -> {
                    if (e == null) {
                      known.put(name, address);
                    }
                    lookups.remove(what, own);
                    complete(own, address, e);
                  });
    }
    CompletableFuture<String> shared = earlier == null ? own : earlier;
    return shared.isDone() ? shared : byThen(shared, until);
  }

  private static CompletableFuture<String> begun(
      BiFunction<String, Deadline, CompletableFuture<String>> lookup, String name) {
    try {
      return lookup.apply(name, Deadline.in(LOOKUP));
    } catch (Throwable bug) { // others would wait for it for ever
      return CompletableFuture.failedFuture(bug);
    }
  }

  /** Looking up stores no message: whatever goes wrong with it, nothing was sent. */
  private static void complete(
      CompletableFuture<String> lookup, String address, @Nullable Throwable e) {
    if (e == null) {
      lookup.complete(address);
    } else {
      lookup.completeExceptionally(AwsFailure.of(e).notExecuted());
    }
  }

  private static CompletableFuture<String> byThen(
      CompletableFuture<String> lookup, Deadline until) {
    return lookup
        .copy()
        .orTimeout(Math.max(1, until.remainingNanos()), TimeUnit.NANOSECONDS)
        .handle(
            (address, e) -> {
              if (e instanceof TimeoutException) {
                throw AwsErrors.noAnswerInTime(e).notExecuted();
              }
              if (e != null) {
                throw AwsFailure.of(e);
              }
              return address;
            });
  }
}
