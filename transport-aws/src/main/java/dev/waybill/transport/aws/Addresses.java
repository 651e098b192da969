package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Queue URLs and topic ARNs by name, looked up at their first use and remembered. */
final class Addresses {
  private final AwsPort port;
  private final Map<String, String> queueUrls = new ConcurrentHashMap<>();
  private final Map<String, String> replyQueueUrls =
      Collections.synchronizedMap(LastUsed.replyQueues());
  private final Map<String, String> kept = new ConcurrentHashMap<>();
  private final Map<String, String> topicArns = new ConcurrentHashMap<>();

  Addresses(AwsPort port) {
    this.port = port;
  }

  /** The URL of a source's queue; fails with {@link ErrorCode#NOT_FOUND} if there is none. */
  CompletableFuture<String> queueUrl(Source source, Deadline until) {
    String name = Names.queue(source);
    String known = kept.getOrDefault(name, urls(source).get(name));
    return known != null
        ? CompletableFuture.completedFuture(known)
        : remembered(urls(source), name, port.queueUrl(name, until));
  }

  /** The ARN of a topic; fails with {@link ErrorCode#NOT_FOUND} if there is none. */
  CompletableFuture<String> topicArn(Topic topic, Deadline until) {
    String name = Names.topic(topic);
    String known = topicArns.get(name);
    return known != null
        ? CompletableFuture.completedFuture(known)
        : remembered(topicArns, name, port.topicArn(name, until));
  }

  void remember(Topic topic, String arn) {
    topicArns.put(Names.topic(topic), arn);
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

  /** Looking up stores no message: whatever goes wrong with it, nothing was sent. */
  private static CompletableFuture<String> remembered(
      Map<String, String> known, String name, CompletableFuture<String> lookup) {
    return lookup.handle(
        (address, e) -> {
          if (e != null) {
            throw AwsFailure.of(e).notExecuted();
          }
          known.put(name, address);
          return address;
        });
  }
}
