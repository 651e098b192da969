package dev.waybill.transport.kafka;

import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.routing.Routes;
import dev.waybill.serialization.JacksonCodec;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Copies from one queue to another, exactly once, until its standard input ends or it is killed.
 */
final class CopyingProcess {
  /** What is copied. */
  record Original(String key, int number) {}

  /** What it is copied to. */
  record Copy(String key, int number) {}

  private CopyingProcess() {}

  static Routes routes(String in, String out) {
    return Routes.define(
        r -> {
          r.command(Original.class).named("original.v1").toQueue(in).keyedBy(Original::key);
          r.command(Copy.class).named("copy.v1").toQueue(out).keyedBy(Copy::key);
        });
  }

  /** The number in a copy's body. */
  static int numberOf(byte[] body) {
    return JacksonCodec.upTo(10_000).decode(body, Copy.class).number();
  }

  /** A bus that copies; one handling in a hundred fails, after it has sent. */
  static MessageBus start(Transport transport, String in, String out) {
    return MessageBus.over(transport)
        .routes(routes(in, out))
        .consume(
            in,
            c ->
                c.onCommand(
                        Original.class,
                        (original, context) -> {
                          Original what = original.payload();
                          context.send(new Copy(what.key(), what.number()));
                          if (ThreadLocalRandom.current().nextInt(100) == 0) {
                            throw new IllegalStateException("after sending");
                          }
                        })
                    .onFailure(FailurePolicy.retry(20).thenDeadLetter())
                    .guarantee(DeliveryGuarantee.EXACTLY_ONCE))
        .start();
  }

  static KafkaTransport transport(String servers) {
    return KafkaContractTest.quickToNotice(servers)
        .property("transaction.timeout.ms", "5000")
        .build();
  }

  /** Servers, and the two queues. */
  public static void main(String[] arguments) throws IOException {
    try (MessageBus bus = start(transport(arguments[0]), arguments[1], arguments[2])) {
      System.out.println("copying " + bus.inFlight());
      while (System.in.read() >= 0) {
        System.out.println("not asked for anything");
      }
    }
  }
}
