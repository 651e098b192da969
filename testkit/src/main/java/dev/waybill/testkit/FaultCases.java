package dev.waybill.testkit;

/** What breaks: brokers, connections, consumers; and that nothing is lost by it. */
abstract class FaultCases extends ContractSupport {}
