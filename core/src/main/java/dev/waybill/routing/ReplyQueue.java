package dev.waybill.routing;

import java.util.Optional;

/**
 * Where the replies to the requests of one running bus arrive: a queue of that instance alone, made
 * when it starts and given up when it closes. What is sent to one that is gone is lost; its request
 * has timed out by then.
 *
 * @param requester the name under which the instances of one application request, under the rule of
 *     {@link Channel} names
 * @param instance this instance among them, under the same rule, without a dot
 */
public record ReplyQueue(String requester, String instance) implements Channel, Source {
  /** How the names of reply queues begin; no other channel's name may. */
  public static final String PREFIX = "replies.";

  /** The reply address: {@code replies.<requester>.<instance>}. */
  @Override
  public String name() {
    return PREFIX + requester + "." + instance;
  }

  @Override
  public Channel channel() {
    return this;
  }

  /** False: replies have no order. */
  @Override
  public boolean keyed() {
    return false;
  }

  /**
   * The reply queue of an address, as {@link #name()} gives it; empty if it is not one. Addresses
   * come with messages: nothing else than a reply queue can be named by one.
   */
  public static Optional<ReplyQueue> at(String address) {
    if (!address.startsWith(PREFIX)) {
      return Optional.empty();
    }
    int dot = address.lastIndexOf('.');
    if (dot < PREFIX.length()) {
      return Optional.empty();
    }
    String requester = address.substring(PREFIX.length(), dot);
    String instance = address.substring(dot + 1);
    return Channel.isLegalName(requester) && Channel.isLegalName(instance)
        ? Optional.of(new ReplyQueue(requester, instance))
        : Optional.empty();
  }

  @Override
  public String toString() {
    return "reply queue " + name();
  }
}
