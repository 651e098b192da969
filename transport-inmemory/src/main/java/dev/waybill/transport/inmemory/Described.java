package dev.waybill.transport.inmemory;

import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;

/** Words for topics and sources that tell any two that differ apart. */
final class Described {
  private Described() {}

  static String of(Topic topic) {
    return of(topic, topic.keyed());
  }

  static String of(Source source) {
    return of(source, source.keyed());
  }

  private static String of(Object what, boolean keyed) {
    return what + (keyed ? " with order per key" : " without order per key");
  }
}
