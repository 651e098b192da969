package dev.waybill.transport.kafka;

import java.time.Duration;

/**
 * The partitions of a delay topic as levels of waiting time. All records of a level wait equally
 * long from when they were written, so that they become ready in the order of the log, and only its
 * next ones need to be in memory. A longer delay takes several waits, each the longest that fits
 * into what remains; what is shorter than the shortest wait is waited for in memory, from partition
 * 0 or from where the last wait ended.
 *
 * <p>Levels wait for 1, 4, 16, … seconds: the longest for 3 days.
 *
 * @param shortestMillis how long the shortest level waits
 */
record DelayLevels(long shortestMillis) {
  static final DelayLevels SECONDS = new DelayLevels(Duration.ofSeconds(1).toMillis());

  /**
   * Each level waits four times as long as the one before: twice would need twice as many
   * partitions, eight times up to seven waits of one length.
   */
  private static final int FACTOR_BITS = 2;

  private static final int LEVELS = 10;

  /** How many partitions a delay topic needs; more are of no use. */
  static final int PARTITIONS = LEVELS + 1;

  /** How long a record waits in a partition before it is looked at again; 0 in partition 0. */
  long waitMillis(int partition) {
    int level = Math.min(partition, LEVELS);
    return level == 0 ? 0 : shortestMillis << (FACTOR_BITS * (level - 1));
  }

  /** Where what is due after a time waits first. */
  int partitionFor(long remainingMillis) {
    int partition = LEVELS;
    while (partition > 0 && waitMillis(partition) > remainingMillis) {
      partition--;
    }
    return partition;
  }
}
