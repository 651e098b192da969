package dev.waybill.internal;

/** Gives things back also on a thread that is interrupted, and stays so. */
final class Uninterrupted {
  private Uninterrupted() {}

  static void run(Runnable work) {
    boolean interrupted = Thread.interrupted();
    try {
      work.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
