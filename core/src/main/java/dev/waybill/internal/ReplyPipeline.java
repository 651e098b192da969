package dev.waybill.internal;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.internal.Requests.Pending;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a reply in, in this order: accept, find its request, know the type, decode, complete
 * the request. A reply that nobody waits for is dropped.
 */
final class ReplyPipeline implements Receiver.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(ReplyPipeline.class);

  private final ReplyQueue queue;
  private final Routes routes;
  private final PayloadReader reader;
  private final Requests requests;
  private final Executor workers;
  private final Trouble disturbance;

  ReplyPipeline(
      ReplyQueue queue,
      Routes routes,
      PayloadReader reader,
      Requests requests,
      Executor workers,
      Trouble disturbance) {
    this.queue = queue;
    this.routes = routes;
    this.reader = reader;
    this.requests = requests;
    this.workers = workers;
    this.disturbance = disturbance;
  }

  @Override
  public void delivered(Delivery delivery) {
    try {
      workers.execute(() -> take(delivery));
    } catch (RejectedExecutionException e) {
      LOG.debug("{} came to the {} when the bus was closing", delivery.brokerId(), queue);
    }
  }

  @Override
  public void failed(MessagingException problem) {
    LOG.warn("Receiving from the {} is disturbed: {}", queue, problem.getMessage(), problem);
    disturbance.is(
        "receiving from the %s is disturbed, %s: %s"
            .formatted(queue, problem.code(), problem.getMessage()));
  }

  @Override
  public void recovered() {
    LOG.info("Receiving from the {} works again", queue);
    disturbance.isOver();
  }

  private void take(Delivery delivery) {
    accept(delivery);
    WireMessage message = delivery.message();
    String request = WireMapping.causation(message);
    Pending<?> pending = request == null ? null : requests.take(request);
    if (pending == null) {
      LOG.debug(
          "{} on the {} is dropped: the request {} does not wait, or no longer",
          delivery.brokerId(),
          queue,
          request);
      return;
    }
    try {
      complete(pending, message);
    } catch (MessagingException e) {
      pending.fail(e);
    } catch (RuntimeException | StackOverflowError | LinkageError e) {
      pending.fail(new MessagingException(ErrorCode.UNDECODABLE, "the reply could not be read", e));
    }
  }

  /** What became of it is nobody's concern: a reply that comes twice is not waited for twice. */
  private void accept(Delivery delivery) {
    try {
      var unused = delivery.settle(Settlement.accept());
    } catch (RuntimeException e) { // a bug of the transport must not cost the reply
      LOG.warn("{} on the {} could not be accepted", delivery.brokerId(), queue, e);
    }
  }

  private void complete(Pending<?> pending, WireMessage message) {
    String type = WireMapping.type(message);
    if (type == null) {
      throw new MessagingException(ErrorCode.UNKNOWN_TYPE, "the reply names no type");
    }
    if (type.equals(Fault.TYPE)) {
      pending.fail(reader.read(message, Fault.class).exception(pending.toString()));
      return;
    }
    Class<?> payloadType =
        routes
            .replyNamed(type)
            .orElseThrow(
                () ->
                    new MessagingException(
                        ErrorCode.UNKNOWN_TYPE,
                        "no reply of the routes has the type name '%s': add r.reply(….class).named(\"%s\")"
                            .formatted(type, type)));
    pending.complete(reader.read(message, payloadType), type);
  }
}
