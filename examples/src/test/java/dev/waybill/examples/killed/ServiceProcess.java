package dev.waybill.examples.killed;

import dev.waybill.MessageBus;
import dev.waybill.examples.killed.KilledConsumerTest.Job;
import dev.waybill.routing.Routes;
import dev.waybill.transport.Transport;

/** A process that only consumes, until it is told to end. */
public final class ServiceProcess {
  private ServiceProcess() {}

  /** Has one job, which lasts until there is a byte of input. */
  public static void main(String[] args) throws Exception {
    String uri = "memory:service";
    Routes routes = KilledConsumerTest.routes("jobs");
    try (MessageBus sender = MessageBus.over(Transport.at(uri)).routes(routes).start()) {
      sender.send(new Job(1)).join();
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("told to end")));

    // tag::service[]
    try (MessageBus bus =
        MessageBus.over(Transport.at(uri))
            .routes(routes)
            .consume("jobs", c -> c.onCommand(Job.class, (job, context) -> work(job.payload())))
            .start()) {
      Runtime.getRuntime().addShutdownHook(new Thread(bus::close)); // SIGTERM, Ctrl-C: drains
      bus.awaitClose(); // all threads of the library are daemons
    }
    // end::service[]
  }

  private static void work(Job job) throws Exception {
    System.out.println("begins " + job.number());
    int released = System.in.read();
    System.out.println("handled " + job.number() + (released < 0 ? ", its parent is gone" : ""));
  }
}
