package dev.waybill.testkit;

/** What has to stand on the broker. */
abstract class TopologyCases extends PoisonCases {}
