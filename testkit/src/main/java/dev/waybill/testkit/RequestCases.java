package dev.waybill.testkit;

/** Requests and their replies. */
abstract class RequestCases extends TopologyCases {}
