package dev.waybill.examples.orderflow;

import dev.waybill.HandlerContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * What the handlers of a run have seen, in an order that depends on the flow and not on the clock.
 * Thread-safe.
 */
public final class History {
  /** The steps of the flow, in their order of cause and effect. */
  public enum Step {
    /** The order was placed. */
    PLACED,
    /** Billing has asked for the payment. */
    BILLED,
    /** Shipping knows of the order. */
    SHIPPING_EXPECTED,
    /** An attempt to pay has failed. */
    PAYMENT_FAILED,
    /** The order is paid. */
    PAID,
    /** Shipping knows of the payment. */
    PAYMENT_SEEN,
    /** The order is shipped. */
    SHIPPED,
    /** A message has become a dead letter. */
    DEAD_LETTER
  }

  /**
   * One thing that happened.
   *
   * @param order the order's id
   * @param step what happened
   * @param where who saw it: a source or a person
   * @param attempt which attempt it was
   * @param detail in words, without ids and times of the broker
   */
  public record Row(String order, Step step, String where, int attempt, String detail) {}

  static final Comparator<Row> BY_CAUSE =
      Comparator.comparing(Row::order)
          .thenComparing(Row::step)
          .thenComparing(Row::attempt)
          .thenComparing(Row::where)
          .thenComparing(Row::detail);

  private final List<Row> rows = new ArrayList<>();
  private final Consumer<Row> onRow;

  /** A history that tells each row to {@code onRow} as it happens. */
  public History(Consumer<Row> onRow) {
    this.onRow = onRow;
  }

  /** Notes what a handler has seen. */
  public void add(String order, Step step, HandlerContext context, String detail) {
    add(order, step, context.source().name(), context.attempt(), detail);
  }

  /** Notes what happened. */
  public synchronized void add(String order, Step step, String where, int attempt, String detail) {
    Row row = new Row(order, step, where, attempt, detail);
    rows.add(row);
    onRow.accept(row);
    notifyAll();
  }

  /** Waits until there are as many rows, and returns whether it is so in time. */
  public synchronized boolean awaitRows(int count, Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (rows.size() < count) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }

  /** The rows, sorted by order, step and attempt. */
  public synchronized List<Row> rows() {
    return rows.stream().sorted(BY_CAUSE).toList();
  }
}
