package dev.waybill.transport.kafka;

import dev.waybill.testkit.broker.KafkaTestBroker;

/** Brokers for share groups. */
final class ShareBrokers {
  private ShareBrokers() {}

  /** One that allows locks of a second, and assigns partitions without the usual delays. */
  static KafkaTestBroker.Builder quick() {
    return KafkaTestBroker.builder()
        .property("group.share.min.record.lock.duration.ms", "1000")
        .property("group.share.min.heartbeat.interval.ms", "200")
        .property("group.share.heartbeat.interval.ms", "300")
        .property("group.share.assignment.interval.ms", "0");
  }
}
