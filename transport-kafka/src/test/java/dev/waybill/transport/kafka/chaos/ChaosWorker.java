package dev.waybill.transport.kafka.chaos;

import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.transport.kafka.chaos.Accounts.Charge;
import dev.waybill.transport.kafka.chaos.Accounts.Charged;
import dev.waybill.transport.kafka.chaos.Journal.What;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The program of a consumer process. */
final class ChaosWorker {
  /** The most that a worker has in hand. */
  static final int MAX_UNSETTLED = 32;

  /** The last line of what a worker says of itself when it is asked to, by a byte. */
  static final String DESCRIBED = "-- that was all";

  private static final CountDownLatch NEVER = new CountDownLatch(1);

  private ChaosWorker() {}

  /**
   * Consumes until it is ended, or whoever has started it has gone.
   *
   * @param args bootstrap servers, guarantee, journal
   */
  public static void main(String[] args) throws IOException {
    Journal journal = new Journal(Path.of(args[2]));
    MessageBus bus =
        MessageBus.over(Accounts.transport(args[0]).build())
            .routes(Accounts.routes())
            .consume(
                Accounts.CHARGES,
                c ->
                    c.guarantee(DeliveryGuarantee.valueOf(args[1]))
                        .concurrency(16)
                        .maxUnsettled(MAX_UNSETTLED)
                        .onCommand(
                            Charge.class,
                            (command, context) -> {
                              Charge charge = command.payload();
                              journal.note(What.BEGUN, charge.account(), charge.number());
                              work();
                              context.send(new Charged(charge.account(), charge.number()));
                              journal.note(What.DONE, charge.account(), charge.number());
                            }))
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(bus::close));
    while (System.in.read() >= 0) { // the end of the stream is the end of the parent
      describe(bus);
    }
    Runtime.getRuntime().halt(1);
  }

  private static void describe(MessageBus bus) {
    System.out.println(bus.health());
    System.out.println("in flight: " + bus.inFlight());
    for (ThreadInfo thread : ManagementFactory.getThreadMXBean().dumpAllThreads(true, true)) {
      System.out.println("%s %s".formatted(thread.getThreadName(), thread.getThreadState()));
      for (StackTraceElement frame : thread.getStackTrace()) {
        System.out.println("    at " + frame);
      }
    }
    System.out.println(DESCRIBED);
  }

  /** Most are quick, some are not. */
  private static void work() throws InterruptedException {
    if (ThreadLocalRandom.current().nextInt(4) == 0) {
      boolean never =
          NEVER.await(ThreadLocalRandom.current().nextInt(20_000), TimeUnit.MICROSECONDS);
      if (never) {
        throw new IllegalStateException();
      }
    }
  }
}
