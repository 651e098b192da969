package dev.waybill.testkit.broker;

/** A broker could not start because another process was faster to take one of its ports. */
final class PortTakenException extends Exception {

  private static final long serialVersionUID = 1L;

  PortTakenException(String message) {
    super(message);
  }
}
