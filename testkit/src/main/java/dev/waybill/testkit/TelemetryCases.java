package dev.waybill.testkit;

/** What belongs together can be seen to. */
abstract class TelemetryCases extends RequestCases {}
