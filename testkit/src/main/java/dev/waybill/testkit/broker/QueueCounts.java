package dev.waybill.testkit.broker;

/**
 * What a RabbitMQ queue holds at this moment.
 *
 * @param ready messages that wait for a consumer
 * @param unacknowledged messages that consumers have and did not settle
 * @param consumers the number of consumers; a quorum queue also counts channels that have polled a
 *     message and not settled it
 */
public record QueueCounts(long ready, long unacknowledged, long consumers) {}
