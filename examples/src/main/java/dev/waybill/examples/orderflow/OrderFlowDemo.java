package dev.waybill.examples.orderflow;

import dev.waybill.testkit.broker.AwsTestBroker;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.transport.Transport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tells the order flow's story over one broker, or over all four, side by side. */
public final class OrderFlowDemo {
  private static final List<String> BROKERS = List.of("memory", "kafka", "rabbitmq", "aws");

  private static final String STORY =
      """
      Three orders are placed. Billing asks for each payment; shipping waits for order and payment.
      The payment of o-2-shaky fails twice and succeeds, that of o-3-poisoned never does. One more
      payment, o-4-expired, comes too late, and what a neighbour sends as o-5-garbage is no JSON.
      What can't be handled must end among the dead letters, and hold up nobody.
      """;

  private OrderFlowDemo() {}

  /**
   * Runs the demo.
   *
   * @param args {@code memory} (the default), {@code kafka}, {@code rabbitmq}, {@code aws} or
   *     {@code all}
   */
  public static void main(String[] args) throws Exception {
    String choice = args.length == 0 ? "memory" : args[0];
    if (args.length > 1 || !(choice.equals("all") || BROKERS.contains(choice))) {
      System.err.println("usage: demo [memory|kafka|rabbitmq|aws|all]");
      System.exit(2);
    }
    System.out.println("\n" + STORY);
    boolean fine = choice.equals("all") ? all() : one(choice);
    System.exit(fine ? 0 : 1);
  }

  private static boolean one(String broker) throws Exception {
    Result result = run(broker);
    System.out.println("\nThe history, sorted by order and by cause\n");
    System.out.println(Tables.history(result.rows()));
    if (!result.complete()) {
      System.out.println("The history is not complete: the flow did not come to its end in time.");
    }
    return result.complete();
  }

  private static boolean all() throws Exception {
    Map<String, List<History.Row>> histories = new LinkedHashMap<>();
    Set<List<History.Row>> different = new LinkedHashSet<>();
    boolean complete = true;
    for (String broker : BROKERS) {
      Result result = run(broker);
      histories.put(broker, result.rows());
      different.add(result.rows());
      complete &= result.complete();
      System.out.println();
    }
    System.out.println(
        "The four histories, side by side (x: it happened there; a number: so many times)\n");
    System.out.println(Tables.sideBySide(histories));
    boolean same = different.size() == 1 && complete;
    System.out.println(
        same
            ? "The four histories are the same: %d rows each.".formatted(OrderFlowRun.ROWS)
            : "The histories are NOT the same, or not complete.");
    return same;
  }

  private record Result(List<History.Row> rows, boolean complete) {}

  private static Result run(String broker) throws Exception {
    List<AutoCloseable> toClose = new ArrayList<>();
    try {
      System.out.println("The order flow over " + broker);
      String uri = "memory:order-flow";
      if (!broker.equals("memory")) {
        System.out.println("  … starting the broker");
        TestBroker started = start(broker);
        toClose.add(started);
        uri = started.uri();
        System.out.println(
            "  … it is there: "
                + started.version()
                + (broker.equals("aws") ? ", an emulator of SNS and SQS" : ""));
      }
      History history = new History(row -> System.out.println("  " + Tables.sentence(row)));
      boolean complete = OrderFlowRun.over(Transport.at(uri), history);
      return new Result(history.rows(), complete);
    } finally {
      for (AutoCloseable closeable : toClose) {
        closeable.close();
      }
    }
  }

  private static TestBroker start(String broker) {
    return switch (broker) {
      case "kafka" -> KafkaTestBroker.start();
      case "rabbitmq" -> RabbitTestBroker.start();
      case "aws" -> AwsTestBroker.start();
      default -> throw new IllegalArgumentException(broker);
    };
  }
}
