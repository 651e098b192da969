package dev.waybill.testkit;

/** A hand on the broker under test, which keeps what it has confirmed over both. */
public interface BrokerFaults {
  /** Stops the broker, at once and without a farewell; returns when it is gone. */
  void stop();

  /** Starts it again with the same data and address; returns when it serves. */
  void start();
}
