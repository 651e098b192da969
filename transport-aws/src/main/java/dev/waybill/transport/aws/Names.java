package dev.waybill.transport.aws;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;

/**
 * The rule that makes names of SQS and SNS out of ours. They allow letters, digits, {@code -} and
 * {@code _}, so {@code _} becomes {@code __}, {@code .} becomes {@code _-}, and a channel that
 * keeps the order per key gets the suffix {@code .fifo} that AWS asks for. Read from the left, it
 * is reversible.
 */
final class Names {
  /** The longest name of an SQS queue, with the suffix of a FIFO queue. */
  static final int MAX_QUEUE_LENGTH = 80;

  /** The longest name of an SNS topic, with the suffix of a FIFO topic. */
  static final int MAX_TOPIC_LENGTH = 256;

  private static final String FIFO = ".fifo";

  private Names() {}

  static String queue(Source source) {
    return nativeName(source.name(), source.keyed());
  }

  static String topic(Topic topic) {
    return nativeName(topic.name(), topic.keyed());
  }

  static boolean isFifo(String nativeName) {
    return nativeName.endsWith(FIFO);
  }

  static String nativeName(String name, boolean keyed) {
    return name.replace("_", "__").replace(".", "_-") + (keyed ? FIFO : "");
  }

  /** The way back: the queue whose name, and whether it is keyed, give {@code nativeName}. */
  static Queue queueOf(String nativeName) {
    boolean keyed = isFifo(nativeName);
    int end = nativeName.length() - (keyed ? FIFO.length() : 0);
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < end; i++) {
      char c = nativeName.charAt(i);
      if (c == '_' && i + 1 < end) {
        i++;
        c = nativeName.charAt(i) == '-' ? '.' : '_';
      }
      name.append(c);
    }
    return new Queue(name.toString(), keyed);
  }
}
