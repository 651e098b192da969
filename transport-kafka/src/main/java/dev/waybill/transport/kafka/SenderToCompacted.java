package dev.waybill.transport.kafka;

import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Sends what compacted topics take, and refuses the rest. */
record SenderToCompacted(Sender sender, CompactedTopics topics) implements Sender {
  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    SendException problem = topics.problem(KafkaNames.topic(channel), message.key());
    return problem == null
        ? sender.send(channel, message, deadline)
        : CompletableFuture.failedFuture(problem);
  }

  @Override
  public CompletableFuture<String> sendTo(Source source, WireMessage message, Duration deadline) {
    SendException problem = topics.problemOfOne(source);
    return problem == null
        ? send(source.channel(), message, deadline)
        : CompletableFuture.failedFuture(problem);
  }

  @Override
  public boolean flush(Duration deadline) {
    return sender.flush(deadline);
  }
}
