package dev.waybill.testkit;

/** What can not be handled does not stop what can. */
abstract class PoisonCases extends LifeCycleCases {}
