package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Moves records of one delay topic on: to the channel when they are due, to their next wait before
 * that. A record that the channel does not take waits again, behind nobody, for it was confirmed to
 * its sender. Used by the mover's thread alone.
 */
final class DelayMoves {
  private static final Logger log = LoggerFactory.getLogger(DelayMoves.class);

  /** More at once would need more memory; fewer would move a burst more slowly. */
  private static final int MAX_OPEN = 1_000;

  private static final long MAX_OPEN_BYTES = 16L * 1024 * 1024;

  /** Where a record waits that the channel did not take: 16 seconds. */
  private static final int AGAIN = 3;

  /** A full buffer blocks sends; the group must be served meanwhile. */
  private static final Duration AT_A_TIME = Duration.ofSeconds(1);

  private final String channel;
  private final DelayLevels levels;
  private final KafkaSender sender;
  private final Duration timeout;
  private final LongSupplier clock;

  /** Due before the shortest wait would be over. */
  private final PriorityQueue<Move> soon =
      new PriorityQueue<>(
          Comparator.comparingLong(Move::due).thenComparingLong(move -> move.record().offset()));

  private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private int inFlight;
  private long confirmed;
  private boolean refused;
  private long bytes;

  private record Move(DelayLane lane, ConsumerRecord<byte[], byte[]> record, long due) {}

  /** What became of a record that was sent: to the channel, or to wait on. */
  private record Answer(Move move, boolean waits, @Nullable Throwable error) {}

  /**
   * Moves.
   *
   * @param channel the channel's topic
   * @param timeout how long a send may take
   * @param clock milliseconds since 1970
   */
  DelayMoves(
      String channel,
      DelayLevels levels,
      KafkaSender sender,
      Duration timeout,
      LongSupplier clock) {
    this.channel = channel;
    this.levels = levels;
    this.sender = sender;
    this.timeout = timeout;
    this.clock = clock;
  }

  /** Moves what is ready, and notes what has been confirmed since the last call. */
  void work(Collection<DelayLane> lanes) {
    Deadline pause = Deadline.in(AT_A_TIME);
    for (Answer answer = answers.poll(); answer != null; answer = answers.poll()) {
      answered(answer);
    }
    for (DelayLane lane : lanes) {
      while (hasRoom() && lane.readyAt() <= clock.getAsLong() && !pause.passed()) {
        moveOn(lane, lane.take());
      }
    }
    while (!soon.isEmpty() && soon.peek().due() <= clock.getAsLong() && !pause.passed()) {
      deliver(soon.remove());
    }
  }

  /** How long there is nothing to do but to wait for records or answers; at least 1 ms. */
  Duration idle(Collection<DelayLane> lanes, Duration longest) {
    long next = clock.getAsLong() + longest.toMillis();
    if (hasRoom()) {
      for (DelayLane lane : lanes) {
        next = Math.min(next, lane.readyAt());
      }
    }
    if (!soon.isEmpty()) {
      next = Math.min(next, soon.peek().due());
    }
    return Duration.ofMillis(Math.max(1, next - clock.getAsLong()));
  }

  /** How many records were confirmed elsewhere. */
  long confirmed() {
    return confirmed;
  }

  /** Whether answers are awaited. */
  boolean isMoving() {
    return inFlight > 0;
  }

  /** Waits until everything that was sent has an answer, at most until the deadline. */
  void awaitAnswers(Deadline deadline) {
    try {
      while (inFlight > 0) {
        Answer answer = answers.poll(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
        if (answer == null) {
          return;
        }
        answered(answer);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Forgets what belongs to lanes that are not owned any more: their next owner reads it again. */
  void forgetLost() {
    soon.removeIf(
        move -> {
          boolean lost = !move.lane().isOwned();
          if (lost) {
            bytes -= DelayLane.size(move.record());
          }
          return lost;
        });
  }

  private boolean hasRoom() {
    return soon.size() + inFlight < MAX_OPEN && bytes < MAX_OPEN_BYTES;
  }

  private void moveOn(DelayLane lane, ConsumerRecord<byte[], byte[]> record) {
    Move move = new Move(lane, record, DelayedRecords.due(record));
    bytes += DelayLane.size(record);
    if (levels.partitionFor(move.due() - clock.getAsLong()) == 0) {
      soon.add(move);
    } else {
      letWait(move, move.due());
    }
  }

  private void deliver(Move move) {
    send(move, DelayedRecords.forChannel(channel, move.record()), false);
  }

  private void letWait(Move move, long due) {
    send(
        move,
        DelayedRecords.waitingOn(channel, move.record(), due, clock.getAsLong(), levels),
        true);
  }

  private void send(Move move, ProducerRecord<byte[], byte[]> record, boolean waits) {
    inFlight++;
    var unused =
        sender
            .send(record, timeout)
            .whenComplete((id, error) -> answers.add(new Answer(move, waits, error)));
  }

  /** Then it is others who have to move it. */
  private static boolean isForbidden(Throwable error) {
    return error instanceof MessagingException problem
        && problem.code() == ErrorCode.NOT_AUTHORISED;
  }

  private void answered(Answer answer) {
    Move move = answer.move();
    inFlight--;
    Throwable error = answer.error();
    if (error == null) {
      confirmed++;
      refused &= answer.waits();
      bytes -= DelayLane.size(move.record());
      move.lane().moved(move.record().offset());
    } else if (answer.waits() || isForbidden(error)) {
      bytes -= DelayLane.size(move.record());
      throw new KafkaException(
          "a delayed message could not be moved on: " + error.getMessage(), error);
    } else if (move.lane().isOwned()) {
      long again = levels.waitMillis(AGAIN);
      log.atLevel(refused ? Level.DEBUG : Level.WARN)
          .log(
              "Delayed messages are due, and are tried again after {}: {}",
              KafkaErrors.text(Duration.ofMillis(again)),
              error.getMessage());
      refused = true;
      letWait(move, clock.getAsLong() + again);
    } else {
      bytes -= DelayLane.size(move.record());
    }
  }
}
