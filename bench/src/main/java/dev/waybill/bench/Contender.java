package dev.waybill.bench;

/**
 * A library that carries orders, in the form an application would use it. Made for one {@link
 * Place}; used for one trial in a JVM of its own.
 */
interface Contender {
  /** The library's version. */
  String version();

  /** When a send counts as confirmed, in words. */
  String sendGuarantee();

  /** When a received message counts as done, in words. */
  String receiveGuarantee();

  /** The settings that are not the library's defaults, in words. */
  String settings();

  /** Begins to send. */
  Outlet outlet();

  /**
   * Begins to receive, from the first order kept.
   *
   * @param handlers how many orders of different customers may be handled at a time
   * @param handler is given every order
   */
  Running receive(int handlers, Handler handler);

  /** Where to send and receive. */
  record Place(String uri, String queue, int partitions) {
    /** Where what handlers send goes, in the bench in which they do. */
    String shipments() {
      return queue + "-shipments";
    }
  }

  /** Sends until it is closed. */
  interface Outlet extends Running {
    /**
     * Sends an order.
     *
     * @param confirmed is run, on any thread, when the broker has confirmed; a send that fails ends
     *     the trial
     */
    void send(Order order, Runnable confirmed);
  }

  /** Something at work until it is closed. */
  interface Running extends AutoCloseable {
    @Override
    void close();
  }

  /** Handles orders; may block. */
  @FunctionalInterface
  interface Handler {
    void handle(Order order);
  }
}
