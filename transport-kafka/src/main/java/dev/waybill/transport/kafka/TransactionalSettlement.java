package dev.waybill.transport.kafka;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Settlement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * A delivery that is to be settled in a transaction, with what is to be stored in it.
 *
 * @param outgoing in the order in which it is stored
 * @param result completes once
 */
record TransactionalSettlement(
    Held held,
    PartitionWork work,
    List<Outgoing> outgoing,
    CompletableFuture<Settlement.Result> result) {

  /**
   * A record, and the channel that it is for.
   *
   * @param delayed whether the record is one for the channel's delay topic
   */
  record Outgoing(Channel channel, ProducerRecord<byte[], byte[]> record, boolean delayed) {
    Outgoing(Channel channel, ProducerRecord<byte[], byte[]> record) {
      this(channel, record, false);
    }

    /** The topic of the channel, where the record is at once or in the end. */
    String topic() {
      return KafkaNames.topic(channel);
    }

    /** Of its body; headers are small. */
    long bytes() {
      return record.value() == null ? 0 : record.value().length;
    }

    boolean isReply() {
      return channel instanceof ReplyQueue;
    }
  }

  /** How large its messages are, about. */
  long bytes() {
    return outgoing.stream().mapToLong(Outgoing::bytes).sum();
  }

  void settled() {
    result.complete(Settlement.Result.SETTLED);
  }

  void notOwned() {
    result.complete(Settlement.Result.NOT_OWNED);
  }

  void failed(MessagingException why) {
    result.completeExceptionally(why);
  }

  /** The same without a message that nobody waits for any more. */
  TransactionalSettlement without(Outgoing dropped) {
    List<Outgoing> rest = new ArrayList<>(outgoing);
    rest.remove(dropped);
    return new TransactionalSettlement(held, work, List.copyOf(rest), result);
  }
}
