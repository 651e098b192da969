package dev.waybill.transport.inmemory;

/** How a broker counts the attempts at a message. */
enum Counting {
  /** What the library says was made; a lost delivery is one more. */
  EXACT {
    @Override
    int afterRelease(int attempt, int attemptsMade) {
      return attemptsMade + 1;
    }

    @Override
    int afterLoss(int attempt) {
      return attempt + 1;
    }
  },
  /** Every delivery, whatever became of it. */
  DELIVERIES {
    @Override
    int afterRelease(int attempt, int attemptsMade) {
      return attempt + 1;
    }

    @Override
    int afterLoss(int attempt) {
      return attempt + 1;
    }
  },
  /** What the library says was made; a lost delivery is none. */
  FAILURES {
    @Override
    int afterRelease(int attempt, int attemptsMade) {
      return attemptsMade + 1;
    }

    @Override
    int afterLoss(int attempt) {
      return attempt;
    }
  };

  /**
   * Which attempt the next delivery is.
   *
   * @param attempt which one the delivery was that is given back
   * @param attemptsMade how many attempts have been made and failed
   */
  abstract int afterRelease(int attempt, int attemptsMade);

  /** Which attempt the next delivery is after the given one was lost. */
  abstract int afterLoss(int attempt);
}
