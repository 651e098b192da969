package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.Replay;
import dev.waybill.routing.Queue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A process that replays dead letters, and stands still when some are replayed, to be killed: the
 * others are sent, or on their way, or not begun.
 */
public final class ReplayProcess {
  private ReplayProcess() {}

  /**
   * Replays.
   *
   * @param args URI, queue, the file to write when it stands still, after how many
   */
  public static void main(String[] args) {
    Queue queue = new Queue(args[1], false);
    CountDownLatch never = new CountDownLatch(1);
    DeadLetterDesk desk =
        DeadLetterDesk.open(
            KilledReplayTest.transport(args[0]), List.of(queue), Duration.ofSeconds(30));
    DeadLetterBatch batch = desk.take(queue, 1_000, Duration.ofMinutes(2));
    batch.replay(
        batch.entries(),
        Replay.sameId(),
        settled -> {
          if (settled == Integer.parseInt(args[3])) {
            try {
              Files.writeString(Path.of(args[2]), "replayed " + settled);
              never.await();
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          }
        });
  }
}
