package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A reply. Kafka has nothing to be told of it: to accept it gives its credit back. */
final class ReplyDelivery implements Delivery {
  private final String brokerId;
  private final WireMessage message;
  private final Credit credit;
  private final BooleanSupplier closed;
  private final AtomicBoolean accepted = new AtomicBoolean();

  ReplyDelivery(ConsumerRecord<byte[], byte[]> record, Credit credit, BooleanSupplier closed) {
    this.brokerId = record.topic() + "-" + record.partition() + "@" + record.offset();
    this.message = KafkaMapping.fromReply(record);
    this.credit = credit;
    this.closed = closed;
  }

  @Override
  public WireMessage message() {
    return message;
  }

  @Override
  public String brokerId() {
    return brokerId;
  }

  @Override
  public int attempt() {
    return 1;
  }

  @Override
  public boolean isOwned() {
    return !accepted.get() && !closed.getAsBoolean();
  }

  @Override
  public CompletionStage<Settlement.Result> settle(Settlement how) {
    if (accepted.get()) {
      return CompletableFuture.completedStage(Settlement.Result.SETTLED);
    }
    if (closed.getAsBoolean()) {
      return CompletableFuture.completedStage(Settlement.Result.NOT_OWNED);
    }
    if (!(how instanceof Settlement.Accept)) {
      return CompletableFuture.failedStage(
          new MessagingException(
              ErrorCode.UNSUPPORTED,
              "The reply %s can't be given back (%s): accept it.".formatted(brokerId, how)));
    }
    if (accepted.compareAndSet(false, true)) {
      credit.giveBack(1);
    }
    return CompletableFuture.completedStage(Settlement.Result.SETTLED);
  }

  /** Does nothing: a reply is this instance's alone. */
  @Override
  public void renewLease() {}

  /** Where it stands on the broker; never its content. */
  @Override
  public String toString() {
    return "ReplyDelivery[" + brokerId + "]";
  }
}
