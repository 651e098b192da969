/** What tests of Waybill need: the transport contract suite and real brokers to run it against. */
@org.jspecify.annotations.NullMarked
module dev.waybill.testkit {
  requires transitive dev.waybill;
  requires transitive dev.waybill.transport.inmemory;
  requires transitive org.junit.jupiter.api;
  requires transitive org.assertj.core;
  requires org.slf4j;
  requires transitive org.jspecify;

  exports dev.waybill.testkit;
  exports dev.waybill.testkit.broker;

  opens dev.waybill.testkit to
      org.junit.platform.commons;
}
