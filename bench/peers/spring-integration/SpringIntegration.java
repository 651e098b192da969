package dev.waybill.bench;

import org.springframework.integration.channel.DirectChannel;
import org.springframework.integration.channel.QueueChannel;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.support.GenericMessage;

/** Spring Integration's channels, without an application context. */
final class SpringIntegration extends Handover {
  private final MessageChannel channel;

  SpringIntegration(Place place, String name) {
    super(
        DirectChannel.class,
        name.endsWith("-direct")
            ? "a call on the sender's thread: no queue, no settlement; message with headers"
            : "at most once, in order: no settlement, no order per key; message with headers",
        name.endsWith("-direct") ? "DirectChannel" : "QueueChannel of " + ROOM + ", one thread");
    this.channel = name.endsWith("-direct") ? new DirectChannel() : new QueueChannel(ROOM);
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    if (channel instanceof DirectChannel direct) {
      direct.subscribe(message -> handler.handle((Order) message.getPayload()));
      return () -> {};
    }
    QueueChannel queue = (QueueChannel) channel;
    return loop(
        () -> {
          for (Message<?> message = queue.receive(); message != null; message = queue.receive()) {
            handler.handle((Order) message.getPayload());
          }
        });
  }

  @Override
  public Outlet outlet() {
    return calling(order -> channel.send(new GenericMessage<>(order)));
  }
}
