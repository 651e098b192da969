package dev.waybill.bench;

/** What hands an order to a handler in this JVM by reference: no JSON, and nothing is kept. */
abstract class Handover implements Contender {
  /** Capacities: more than {@link Bench#WINDOW}, and a power of two. */
  static final int ROOM = 2_048;

  private final Class<?> library;
  private final String guarantee;
  private final String settings;

  /**
   * One that settles nothing and says so.
   *
   * @param library a class of it
   * @param guarantee what it does not do, in words
   */
  Handover(Class<?> library, String guarantee, String settings) {
    this.library = library;
    this.guarantee = guarantee;
    this.settings = settings;
  }

  @Override
  public final String version() {
    return Versions.of(library);
  }

  @Override
  public final String sendGuarantee() {
    return "handed over by reference";
  }

  @Override
  public final String receiveGuarantee() {
    return guarantee;
  }

  @Override
  public final String settings() {
    return settings;
  }

  /** A thread that runs until it is interrupted. */
  static Running loop(Runnable run) {
    Thread thread = new Thread(run, "handover");
    thread.setDaemon(true);
    thread.start();
    return thread::interrupt;
  }

  /** An outlet that sends by a call. */
  static Outlet calling(Handler sender) {
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        sender.handle(order);
        confirmed.run();
      }

      @Override
      public void close() {}
    };
  }
}
