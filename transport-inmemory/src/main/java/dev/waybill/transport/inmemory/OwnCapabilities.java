package dev.waybill.transport.inmemory;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;

/** What the in-memory broker does when it is like no other: everything. */
final class OwnCapabilities {
  private static final int MAX_BODY_BYTES = 16 * 1024 * 1024;

  private OwnCapabilities() {}

  static Capabilities.Builder get() {
    return Capabilities.builder()
        .natively(Feature.PUBLISH_SUBSCRIBE, "a copy in each subscription's queue")
        .natively(Feature.ORDER_PER_KEY, "one message per key is out at a time")
        .natively(Feature.ATTEMPTS, "counted by the broker, exactly")
        .natively(Feature.RETRY_AFTER, "the message waits in the broker, and its key with it")
        .natively(Feature.DELAY, "the message waits in the broker")
        .emulated(Feature.EXPIRY, "looked at before handling")
        .natively(Feature.AT_MOST_ONCE, "an accepted message is gone at once")
        .natively(Feature.DEAD_LETTER, "moved in one step")
        .natively(Feature.CANCEL, "taken out of every queue that it waits in")
        .natively(Feature.REQUEST_REPLY, "a queue of the connection, which ends with it")
        .natively(Feature.ATOMIC_SEND, "all are checked, then all are stored")
        .natively(Feature.ATOMIC_SETTLEMENT, "the delivery ends, and all is stored, in one step")
        .natively(Feature.MANDATORY, "a send to a queue that does not exist is rejected")
        .natively(Feature.CREATE_TOPOLOGY, "queues, topics and subscriptions")
        .natively(Feature.VERIFY_TOPOLOGY, "existence, kind and order per key")
        .maxBodyBytes(MAX_BODY_BYTES);
  }
}
