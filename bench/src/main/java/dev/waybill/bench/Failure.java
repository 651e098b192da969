package dev.waybill.bench;

/** A trial whose figures would be worth nothing. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Failure(String message) {
    super(message);
  }

  Failure(String message, Throwable cause) {
    super(message, cause);
  }

  /** Ends this JVM: something failed on a thread on which nobody would notice. */
  static void end(String what, Throwable cause) {
    System.err.println("The trial has failed: " + what);
    cause.printStackTrace();
    Runtime.getRuntime().halt(1);
  }
}
