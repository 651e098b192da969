package dev.waybill.routing;

/**
 * A point-to-point channel: one consumer gets each message.
 *
 * @param name the queue's name as the routes give it
 * @param keyed whether the queue keeps the order per key
 */
public record Queue(String name, boolean keyed) implements Channel, Source {
  @Override
  public Channel channel() {
    return this;
  }

  @Override
  public String toString() {
    return "queue " + name;
  }
}
