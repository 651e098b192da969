package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.transport.aws.AwsFailure.Fate;
import java.io.Serial;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Queue URLs and topic ARNs by name, looked up at their first use and remembered. */
final class Addresses {
  /** Requesters come and go, and nobody says which of them are gone. */
  private static final int MAX_REPLY_QUEUES = 1_000;

  private final AwsPort port;
  private final Map<String, String> queueUrls = new ConcurrentHashMap<>();
  private final Map<String, String> replyQueueUrls =
      Collections.synchronizedMap(new LastUsed(MAX_REPLY_QUEUES));
  private final Map<String, String> topicArns = new ConcurrentHashMap<>();

  Addresses(AwsPort port) {
    this.port = port;
  }

  /**
   * The URL of a source's queue.
   *
   * @throws AwsFailure with {@link ErrorCode#NOT_FOUND} if there is none
   */
  String queueUrl(Source source, Duration timeout) {
    String name = Names.queue(source);
    String known = urls(source).get(name);
    return known != null
        ? known
        : remember(urls(source), name, notSent(() -> port.queueUrl(name, timeout)));
  }

  /**
   * The ARN of a topic.
   *
   * @throws AwsFailure with {@link ErrorCode#NOT_FOUND} if there is none
   */
  String topicArn(Topic topic, Duration timeout) {
    String name = Names.topic(topic);
    String known = topicArns.get(name);
    return known != null
        ? known
        : remember(
            topicArns,
            name,
            notSent(() -> port.topicArn(name, timeout).orElseThrow(() -> missing(name))));
  }

  void remember(Topic topic, String arn) {
    topicArns.put(Names.topic(topic), arn);
  }

  void remember(Source source, String url) {
    urls(source).put(Names.queue(source), url);
  }

  /** After AWS said that a queue is gone: it may be made again under another URL. */
  void forget(Source source) {
    urls(source).remove(Names.queue(source));
  }

  void forget(Topic topic) {
    topicArns.remove(Names.topic(topic));
  }

  private Map<String, String> urls(Source source) {
    return source instanceof ReplyQueue ? replyQueueUrls : queueUrls;
  }

  private static String remember(Map<String, String> known, String name, String address) {
    known.put(name, address);
    return address;
  }

  /** Looking up stores no message: whatever goes wrong with it, nothing was sent. */
  private static String notSent(java.util.function.Supplier<String> lookup) {
    try {
      return lookup.get();
    } catch (AwsFailure e) {
      throw new AwsFailure(
          e.code(), Fate.NOT_EXECUTED, String.valueOf(e.getMessage()), e.getCause());
    }
  }

  private static AwsFailure missing(String topic) {
    return new AwsFailure(
        ErrorCode.NOT_FOUND, Fate.NOT_EXECUTED, "there is no SNS topic " + topic, null);
  }

  /** Forgets the one that was not used for longest. */
  private static final class LastUsed extends LinkedHashMap<String, String> {
    @Serial private static final long serialVersionUID = 1L;

    private final int max;

    LastUsed(int max) {
      super(16, 0.75f, true);
      this.max = max;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
      return size() > max;
    }
  }
}
