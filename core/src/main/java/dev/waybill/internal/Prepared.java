package dev.waybill.internal;

import dev.waybill.routing.Channel;
import dev.waybill.transport.WireMessage;
import java.util.List;

/** A message that is ready to leave. */
record Prepared(Channel channel, String id, WireMessage message) implements ConfirmedSender.Asked {
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
