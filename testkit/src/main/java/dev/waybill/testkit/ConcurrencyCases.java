package dev.waybill.testkit;

/** How much goes on at a time. */
abstract class ConcurrencyCases extends OrderCases {}
