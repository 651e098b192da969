package dev.waybill.testkit;

/** Delay and expiry. */
abstract class TimingCases extends RestartCases {}
