package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.Outbox;
import dev.waybill.SendReceipt;
import dev.waybill.internal.OutgoingPipeline.Outgoing;
import dev.waybill.transport.Sender.Addressed;
import java.util.concurrent.CompletableFuture;

/** The way of an outbox's messages through a running bus. */
record OutboxRelay(OutgoingPipeline outgoing) implements Outbox.Relay {
  @Override
  public Addressed ready(Envelope<?> envelope) {
    return outgoing.ready(
        new Outgoing(outgoing.routeFor(envelope.kind(), envelope.payload().getClass()), envelope));
  }

  @Override
  public CompletableFuture<SendReceipt> send(Addressed message) {
    return outgoing.sendReady(message);
  }
}
