package dev.waybill.bench;

import java.util.BitSet;

/** Which orders of a log have been seen: in the end each, and none twice. */
final class Once {
  private final BitSet seen = new BitSet();
  private final long count;

  /**
   * Nothing is seen yet.
   *
   * @param count how many there are, by numbers from 0
   */
  Once(long count) {
    this.count = count;
  }

  /**
   * Sees an order.
   *
   * @throws Failure if it has been seen before, or is none of them
   */
  void see(Order order) {
    int number = Math.toIntExact(order.number());
    if (number < 0 || number >= count) {
      throw new Failure("The order " + order.orderId() + " is none of the log");
    }
    if (seen.get(number)) {
      throw new Failure("The order " + order.orderId() + " has been shipped twice");
    }
    seen.set(number);
  }

  /** How many there are that have not been seen. */
  long missing() {
    return count - seen.cardinality();
  }
}
