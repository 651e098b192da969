package dev.waybill.transport.kafka;

import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the delayed messages of one channel on, on a thread of its own, until closed. A session
 * that fails is replaced by a new one, which goes on from what is committed.
 */
final class DelayMover {
  private static final Logger log = LoggerFactory.getLogger(DelayMover.class);

  private final String topic;
  private final Supplier<DelaySession> sessions;
  private final LoopEnd end = new LoopEnd();
  private final Thread thread;

  /**
   * A mover.
   *
   * @param topic the channel's topic
   * @param sessions makes sessions, each with a consumer of its own
   */
  DelayMover(String topic, Supplier<DelaySession> sessions) {
    this.topic = topic;
    this.sessions = sessions;
    this.thread = Threads.daemon("waybill-kafka-delay-" + topic, this::run);
  }

  void start() {
    thread.start();
  }

  /** Makes the thread end soon; it finishes and commits what it has begun. */
  void beginClose() {
    end.now();
  }

  void awaitClosed(Deadline deadline) {
    Threads.join(thread, deadline);
  }

  private void run() {
    while (!end.hasCome()) {
      try {
        DelaySession session = sessions.get();
        try {
          serve(session);
        } finally {
          session.close();
        }
      } catch (RuntimeException | Error e) { // an Error must not end the moving for good
        if (!end.hasCome()) {
          log.warn(
              "Moving delayed messages to {} is disturbed, and is tried again: {}",
              topic,
              SecurityErrors.refusal(e, SecurityErrors.READ, "its delay topic"));
          log.debug("Moving delayed messages is disturbed", e);
          end.backOff();
        }
      }
    }
  }

  private void serve(DelaySession session) {
    while (!end.hasCome()) {
      session.step();
      end.succeeded();
    }
  }
}
