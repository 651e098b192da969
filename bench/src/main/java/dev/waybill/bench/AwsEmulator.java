package dev.waybill.bench;

import dev.waybill.testkit.broker.AwsTestBroker;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.testkit.broker.TestBrokers;

/**
 * The emulator of AWS that is measured over. A class of its own: the class paths of peers have no
 * test kit, and what names one of its classes as another can't be verified there.
 */
final class AwsEmulator {
  private AwsEmulator() {}

  /** In memory: one that writes each message to disk would be all that is measured. */
  static TestBroker start() {
    return System.getenv("WAYBILL_TEST_AWS") == null
        ? AwsTestBroker.builder().inMemory().start()
        : TestBrokers.aws();
  }
}
