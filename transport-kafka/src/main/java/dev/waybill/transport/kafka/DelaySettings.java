package dev.waybill.transport.kafka;

import java.time.Duration;

/**
 * How messages are delayed.
 *
 * @param fromStart whether delay topics belong to what must stand when a bus starts
 * @param levels the waiting times of a delay topic's partitions
 * @param cleanEvery how often what has been moved on is deleted from a delay topic
 */
record DelaySettings(boolean fromStart, DelayLevels levels, Duration cleanEvery) {
  static final DelaySettings DEFAULT =
      new DelaySettings(false, DelayLevels.SECONDS, Duration.ofMinutes(1));

  DelaySettings withFromStart(boolean on) {
    return new DelaySettings(on, levels, cleanEvery);
  }
}
