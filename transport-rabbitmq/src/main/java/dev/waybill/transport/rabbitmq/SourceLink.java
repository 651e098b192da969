package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Connection;
import dev.waybill.error.MessagingException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The connection that a source is received by: the one that all share, until a source costs it.
 *
 * <p>A message that the client can't read ends the connection, comes again first, and ends the next
 * one too; which source it is of is not told. So from then on each source has a connection of its
 * own, and only the one with the message stands still. A queue that has lost the majority of its
 * nodes is known, and its source alone gets one. Thread-safe.
 */
final class SourceLink implements RabbitLink.Listener {
  private final RabbitLink shared;
  private final List<String> queues;
  private final boolean messages;
  private final RabbitLink.Listener listener;
  private @Nullable RabbitLink own;
  private boolean ended;

  /**
   * A link for a source with these queues, not yet begun.
   *
   * @param messages whether there may be messages in them, of which one can't be read
   */
  SourceLink(
      RabbitLink shared, List<String> queues, boolean messages, RabbitLink.Listener listener) {
    this.shared = shared;
    this.queues = List.copyOf(queues);
    this.messages = messages;
    this.listener = listener;
  }

  void begin() {
    shared.add(this);
  }

  /** The listener is told nothing more, soon. */
  synchronized void end() {
    ended = true;
    current().remove(this);
  }

  /** Ends the connection, if it is the source's own; blocks about a second at most. */
  void close() {
    RabbitLink mine;
    synchronized (this) {
      mine = own;
    }
    if (mine != null) {
      mine.close();
    }
  }

  @Override
  public void connected(Connection connection) {
    listener.connected(connection);
  }

  @Override
  public void lost(MessagingException problem) {
    boolean unreadable = messages && RabbitErrors.isUnreadable(problem.getCause());
    listener.lost(unreadable && isAlone() ? RabbitErrors.unreadable(queues, problem) : problem);
    if (unreadable) {
      leaveTheOthers();
    }
  }

  private synchronized boolean isAlone() {
    return own != null;
  }

  /** From now on the source has a connection of its own. */
  synchronized void leaveTheOthers() {
    if (own == null && !ended) {
      shared.remove(this);
      RabbitLink made = shared.another("consume-" + queues.get(0));
      own = made;
      made.add(this);
      made.begin();
    }
  }

  private RabbitLink current() {
    RabbitLink mine = own;
    return mine == null ? shared : mine;
  }
}
