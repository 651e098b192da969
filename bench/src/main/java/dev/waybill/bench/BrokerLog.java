package dev.waybill.bench;

import dev.waybill.bench.Contender.Place;

/** What the trials of a bench find at a broker. */
interface BrokerLog extends AutoCloseable {
  /** Where it is. */
  Place place();

  /** Makes it what it was before the last trial, once that is gone. */
  void rewind();

  /** Removes it. */
  @Override
  void close();
}
