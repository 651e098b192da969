package dev.waybill;

import dev.waybill.routing.Channel;

/**
 * The broker's confirmation of a send.
 *
 * @param messageId the message's id
 * @param channel where it went
 * @param brokerId the broker's own name for it: Kafka {@code topic-partition@offset}, SQS or SNS
 *     message id, RabbitMQ exchange and routing key
 */
public record SendReceipt(String messageId, Channel channel, String brokerId) {}
