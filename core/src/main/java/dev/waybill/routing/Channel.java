package dev.waybill.routing;

/**
 * Where messages of a route travel: a {@link Queue} (one consumer gets each message) or a {@link
 * Topic} (every subscription gets a copy). A {@link ReplyQueue} is made by the library alone.
 *
 * <p>A name is made of ASCII letters, digits, {@code .}, {@code _} and {@code -}, up to {@value
 * #MAX_NAME_LENGTH} characters; a transport maps it to a name of its broker by a visible,
 * reversible rule.
 */
public sealed interface Channel permits Queue, Topic, ReplyQueue {
  /**
   * The longest name: Kafka's limit for topics (249) less the room for a subscription's dead-letter
   * suffix.
   */
  int MAX_NAME_LENGTH = 100;

  /** The channel's name as the routes give it. */
  String name();

  /**
   * Whether a route on this channel gives its messages a key, so that the channel keeps the order
   * per key. A broker may need another kind of queue or topic for it (SQS: FIFO).
   */
  boolean keyed();

  /** Whether {@code name} keeps the rule for names given above. */
  static boolean isLegalName(String name) {
    if (name.isEmpty()
        || name.length() > MAX_NAME_LENGTH
        || name.equals(".")
        || name.equals("..")) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean legal =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '.'
              || c == '_'
              || c == '-';
      if (!legal) {
        return false;
      }
    }
    return true;
  }
}
