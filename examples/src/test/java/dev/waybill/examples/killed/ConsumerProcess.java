package dev.waybill.examples.killed;

import dev.waybill.MessageBus;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;

/**
 * A process that consumes, and notes in a journal file what it does; hangs in the message it is
 * told to.
 */
public final class ConsumerProcess {
  private ConsumerProcess() {}

  /**
   * Consumes until it is killed.
   *
   * @param args URI, queue, journal file, number of the message to hang in (or -1)
   */
  public static void main(String[] args) throws Exception {
    Path journal = Path.of(args[2]);
    int hangIn = Integer.parseInt(args[3]);
    CountDownLatch never = new CountDownLatch(1);
    MessageBus bus =
        MessageBus.over(Transport.at(args[0]))
            .routes(KilledConsumerTest.routes(args[1]))
            .consume(
                args[1],
                c ->
                    c.onCommand(
                        KilledConsumerTest.Job.class,
                        (command, context) -> {
                          int number = command.payload().number();
                          if (number == hangIn) {
                            note(journal, "hangs in " + number);
                            never.await();
                          }
                          note(journal, "handled " + number);
                        }))
            .start();
    note(journal, "started over " + bus.describe().lines().findFirst().orElse("?"));
    never.await();
  }

  private static synchronized void note(Path journal, String line) {
    try {
      Files.writeString(journal, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
