package dev.waybill.bench;

/**
 * What a trial is about.
 *
 * @param level how many channels, keys, bytes or subscriptions, where a bench varies their number;
 *     else 0
 */
record Turn(Part part, Bench bench, String contender, int level, int round) {}
