package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.AuthorizationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Moves the delayed messages of one channel on, on a thread of its own, until closed. A session
 * that fails is replaced by a new one, which goes on from what is committed; one that lacks a right
 * leaves the group first, and the work to those who have it.
 */
final class DelayMover {
  private static final Logger log = LoggerFactory.getLogger(DelayMover.class);

  /** Rights are given by people. */
  private static final Duration FORBIDDEN = Duration.ofMinutes(2);

  private final String topic;
  private final Supplier<DelaySession> sessions;
  private final Duration whenForbidden;
  private final LoopEnd end = new LoopEnd();
  private final Thread thread;
  private boolean wasForbidden;

  /**
   * A mover.
   *
   * @param topic the channel's topic
   * @param sessions makes sessions, each with a consumer of its own
   */
  DelayMover(String topic, Supplier<DelaySession> sessions) {
    this(topic, sessions, FORBIDDEN);
  }

  /**
   * A mover.
   *
   * @param whenForbidden after what time is tried again what Kafka does not allow
   */
  DelayMover(String topic, Supplier<DelaySession> sessions, Duration whenForbidden) {
    this.topic = topic;
    this.sessions = sessions;
    this.whenForbidden = whenForbidden;
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
          disturbed(e);
        }
      }
    }
  }

  private void serve(DelaySession session) {
    long confirmed = session.confirmed();
    long moved = session.moved();
    while (!end.hasCome()) {
      session.step();
      if (session.confirmed() > confirmed) {
        wasForbidden &= session.moved() == moved; // who may not move may commit all the same
        confirmed = session.confirmed();
        moved = session.moved();
        end.succeeded();
      }
    }
  }

  private void disturbed(Throwable error) {
    log.debug("Moving delayed messages is disturbed", error);
    if (isForbidden(error)) {
      log.atLevel(wasForbidden ? Level.DEBUG : Level.WARN)
          .log(
              "Delayed messages to {} are not moved on by this connection, but left to others; it tries"
                  + " again every {}: {}",
              topic,
              KafkaErrors.text(whenForbidden),
              refusal(error));
      wasForbidden = true;
      end.await(whenForbidden);
    } else {
      log.warn(
          "Moving delayed messages to {} is disturbed, and is tried again: {}",
          topic,
          refusal(error));
      end.backOff();
    }
  }

  private static String refusal(Throwable error) {
    return SecurityErrors.refusal(error, SecurityErrors.READ, "its delay topic");
  }

  /** Whether a right is missing: to move, or to be a member of the movers. */
  private static boolean isForbidden(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof AuthorizationException
          || (cause instanceof MessagingException problem
              && problem.code() == ErrorCode.NOT_AUTHORISED)) {
        return true;
      }
    }
    return false;
  }
}
