package dev.waybill.testkit.broker;

/**
 * A test broker cannot do what was asked: it is not installed, did not start, or is not ours to
 * end. The message says what is missing and what to do about it.
 */
public final class BrokerUnavailableException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  BrokerUnavailableException(String message) {
    super(message);
  }

  BrokerUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
