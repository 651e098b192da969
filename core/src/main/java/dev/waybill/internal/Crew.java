package dev.waybill.internal;

import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers that are at a consumer's messages, each with one at a time, and no more of them than
 * its concurrency. Guarded by the schedule's lock.
 */
final class Crew {
  private static final Logger LOG = LoggerFactory.getLogger(Crew.class);

  private final Executor workers;
  private final Runnable work;
  private int concurrency;
  private int running;

  /** A worker was called, and has not looked for its first message yet. */
  private boolean coming;

  /**
   * A crew that nobody is in.
   *
   * @param work what a worker does
   */
  Crew(int concurrency, Executor workers, Runnable work) {
    this.concurrency = concurrency;
    this.workers = workers;
    this.work = work;
  }

  /** Changes how many there may be; those who are at work stay. */
  void concurrency(int most) {
    concurrency = most;
  }

  /**
   * Whether there is something to begin, and no worker is coming already, who would call the next:
   * with handlers that are quick the first may do all of it.
   *
   * @param ready how many messages may begin
   * @param sure how many are at work and about to look for their next
   */
  boolean isWanted(int ready, int sure) {
    return !coming && Math.min(ready, concurrency - running) > sure;
  }

  /** Calls a worker. */
  void call() {
    try {
      workers.execute(work);
      coming = true;
    } catch (OutOfMemoryError e) { // no more threads: those who are at work go on
      LOG.error("No worker could be called; the next message or end of a handler calls again", e);
    }
  }

  /** A worker that was called is here. */
  void arrived() {
    coming = false;
  }

  boolean hasRoom() {
    return running < concurrency;
  }

  void begins() {
    running++;
  }

  void ends() {
    running--;
  }

  boolean isEmpty() {
    return running == 0;
  }
}
