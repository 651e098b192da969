package dev.waybill.internal;

import dev.waybill.SendReceipt;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Sender;
import dev.waybill.transport.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A message that is ready to leave. */
record Prepared(Channel channel, String id, WireMessage message)
    implements ConfirmedSender.Asked<String, SendReceipt> {
  @Override
  public CompletableFuture<String> ask(Sender sender, Duration deadline) {
    return sender.send(channel, message, deadline);
  }

  @Override
  public SendReceipt result(String brokerId) {
    return new SendReceipt(id, channel, brokerId);
  }

  @Override
  public List<Channel> channels() {
    return List.of(channel);
  }

  /** Which message and where it goes, for errors. */
  @Override
  public String toString() {
    return id + " to " + channel;
  }
}
