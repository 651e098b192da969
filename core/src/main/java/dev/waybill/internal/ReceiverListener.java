package dev.waybill.internal;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands messages to the dispatcher, and notes when receiving is disturbed, or messages are lost.
 */
record ReceiverListener(Source source, Dispatcher dispatcher, Trouble trouble, Trouble losses)
    implements Receiver.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(ReceiverListener.class);

  @Override
  public void delivered(Delivery delivery) {
    dispatcher.delivered(delivery);
  }

  @Override
  public void delivered(List<? extends Delivery> deliveries) {
    dispatcher.delivered(deliveries);
  }

  @Override
  public void failed(MessagingException problem) {
    LOG.warn("Receiving from the {} is disturbed: {}", source, problem.getMessage(), problem);
    trouble.is(
        "receiving from the %s is disturbed, %s: %s"
            .formatted(source, problem.code(), problem.getMessage()));
  }

  @Override
  public void recovered() {
    LOG.info("Receiving from the {} works again", source);
    trouble.isOver();
  }

  @Override
  public void lost(MessagingException loss) {
    LOG.warn("Messages of the {} were lost: {}", source, loss.getMessage());
    losses.is("messages of the %s were lost: %s".formatted(source, loss.getMessage()));
  }
}
