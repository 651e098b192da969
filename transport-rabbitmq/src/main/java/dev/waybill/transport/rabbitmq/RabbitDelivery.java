package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A message under its delivery tag, which is good for its session's channel only. */
final class RabbitDelivery implements Delivery {
  private static final int MAX_COUNT = 1_000_000_000;

  private final RabbitReceiver receiver;
  private final ConsumerSession session;
  private final long tag;
  private final BasicProperties properties;
  private final WireMessage message;
  private final @Nullable MessagingException readFailure;
  private final boolean redelivered;
  private int attempt;
  private volatile boolean following;
  private @Nullable CompletableFuture<Settlement.Result> settlement;

  RabbitDelivery(
      RabbitReceiver receiver, ConsumerSession session, com.rabbitmq.client.Delivery arrival) {
    this.receiver = receiver;
    this.session = session;
    this.tag = arrival.getEnvelope().getDeliveryTag();
    this.properties = arrival.getProperties();
    Reading reading = Reading.of(properties, arrival.getBody());
    this.message = reading.message();
    this.readFailure = reading.failure();
    this.redelivered = arrival.getEnvelope().isRedeliver();
    this.attempt = attempt(arrival);
  }

  @Override
  public WireMessage message() {
    return message;
  }

  @Override
  public @Nullable MessagingException readFailure() {
    return readFailure;
  }

  @Override
  public String brokerId() {
    @Nullable String messageId = properties.getMessageId();
    return session.queue() + "@" + (messageId != null ? messageId : session.epoch() + "-" + tag);
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public boolean isOwned() {
    return !following && session.owns();
  }

  @Override
  public synchronized CompletionStage<Settlement.Result> settle(Settlement how) {
    CompletableFuture<Settlement.Result> begun = settlement;
    if (begun == null || begun.isCompletedExceptionally()) {
      begun = receiver.settle(this, how);
      settlement = begun;
    }
    return begun;
  }

  /** Which attempt it is, known better here than by the broker; before it is handed out. */
  void attempt(int known) {
    attempt = known;
  }

  /** Goes back because one before it of its key did. */
  void follows() {
    following = true;
  }

  /** Whether it went back because one before it of its key did. From any thread. */
  boolean isFollowing() {
    return following;
  }

  ConsumerSession session() {
    return session;
  }

  /** Whether the broker has given it to somebody before. */
  boolean isRedelivered() {
    return redelivered;
  }

  long tag() {
    return tag;
  }

  BasicProperties properties() {
    return properties;
  }

  /**
   * What was carried here, and what has been counted since. The broker writes its count on
   * redeliveries only, so that on a first delivery the header could be anybody's.
   */
  private static int attempt(com.rabbitmq.client.Delivery arrival) {
    Map<String, Object> headers = MessageReader.headers(arrival.getProperties());
    int carried = count(headers.get(HeaderNames.ATTEMPTS));
    int counted =
        arrival.getEnvelope().isRedeliver() ? count(headers.get(HeaderNames.DELIVERY_COUNT)) : 0;
    return Math.addExact(Math.addExact(carried, counted), 1);
  }

  /** A count of as many as anybody can have made, else none. */
  private static int count(@Nullable Object value) {
    return value instanceof Number number && number.longValue() > 0
        ? (int) Math.min(number.longValue(), MAX_COUNT)
        : 0;
  }
}
