package dev.waybill.internal;

import dev.waybill.Envelope;
import dev.waybill.Outbox;
import dev.waybill.SendReceipt;
import dev.waybill.internal.OutgoingPipeline.Outgoing;
import dev.waybill.transport.Sender.Addressed;
import dev.waybill.transport.Transport;
import java.util.concurrent.CompletableFuture;

/** The way of an outbox's messages through a running bus. */
record OutboxRelay(String owner, String address, OutgoingPipeline outgoing)
    implements Outbox.Relay {
  static OutboxRelay of(BusPlan plan, OutgoingPipeline outgoing) {
    Transport transport = plan.transport();
    return new OutboxRelay(plan.name() + "@" + transport.name(), transport.address(), outgoing);
  }

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
