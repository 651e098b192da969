package dev.waybill.deadletter;

/**
 * How dead letters are replayed. Immutable.
 *
 * @param newId whether each gets a new id, so that idempotent receivers take it for another
 *     message; else it keeps its own
 * @param perSecond how many a second at most; 0 for as fast as they are confirmed
 */
public record Replay(boolean newId, int perSecond) {
  /** Checks the rate. */
  public Replay {
    if (perSecond < 0) {
      throw new IllegalArgumentException(
          "a replay of %d a second: give 1 or more, or 0 for no limit".formatted(perSecond));
    }
  }

  /** With the id that each has, as fast as they are confirmed. */
  public static Replay sameId() {
    return new Replay(false, 0);
  }

  /** The same with new ids. */
  public Replay withNewIds() {
    return new Replay(true, perSecond);
  }

  /** The same with another rate. */
  public Replay atMost(int perSecond) {
    return new Replay(newId, perSecond);
  }
}
