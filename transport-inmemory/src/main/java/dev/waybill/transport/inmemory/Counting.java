package dev.waybill.transport.inmemory;

/** How a broker counts the attempts at a message. */
enum Counting {
  /** What the library says was made; a lost delivery is one more. */
  EXACT {
    @Override
    int next(int attempt, int attemptsMade) {
      return attemptsMade + 1;
    }
  },
  /** Every delivery, whatever became of it. */
  DELIVERIES {
    @Override
    int next(int attempt, int attemptsMade) {
      return attempt + 1;
    }
  },
  /** Not at all: each delivery is the first again. */
  NONE {
    @Override
    int next(int attempt, int attemptsMade) {
      return 1;
    }
  };

  /**
   * Which attempt the next delivery is.
   *
   * @param attempt which one this delivery was
   * @param attemptsMade how many attempts have been made and failed
   */
  abstract int next(int attempt, int attemptsMade);
}
