package dev.waybill.transport.rabbitmq;

import java.time.Duration;

/**
 * How messages wait.
 *
 * @param levels where
 * @param fromStart whether the levels belong to the topology, rather than to the first message that
 *     needs them
 * @param longestOpen how long a delivery may stay open; what is to be tried again later than that
 *     waits in the levels
 */
record DelaySettings(DelayLevels levels, boolean fromStart, Duration longestOpen) {
  /** The longest delay that is promised: four years. The levels go beyond. */
  private static final Duration LONGEST = Duration.ofDays(1461);

  /**
   * The broker's acknowledgement timeout is 30 minutes by default and is looked at about once a
   * minute (documentation, "Consumers"); a longer wait would lose the channel with everything open
   * on it.
   */
  private static final Duration LONGEST_OPEN = Duration.ofMinutes(25);

  static final DelaySettings STANDARD =
      new DelaySettings(DelayLevels.STANDARD, false, LONGEST_OPEN);

  /** The longest delay that is promised. */
  Duration longest() {
    Duration possible = levels.longest();
    return possible.compareTo(LONGEST) < 0 ? possible : LONGEST;
  }

  DelaySettings withFromStart(boolean asked) {
    return new DelaySettings(levels, asked, longestOpen);
  }
}
