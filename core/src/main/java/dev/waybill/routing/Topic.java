package dev.waybill.routing;

/**
 * A publish/subscribe channel: every subscription gets a copy of each message.
 *
 * @param name the topic's name as the routes give it
 * @param keyed whether the topic keeps the order per key
 */
public record Topic(String name, boolean keyed) implements Channel {
  @Override
  public String toString() {
    return "topic " + name;
  }
}
