package dev.waybill.internal;

import dev.waybill.Outcome;
import org.jspecify.annotations.Nullable;

/** What was decided over a message, and the failure that led to it, if any. */
record Resolution(Outcome outcome, @Nullable Throwable failure) {
  static final Resolution ACKNOWLEDGED = new Resolution(Outcome.acknowledged(), null);

  static Resolution of(Outcome outcome) {
    return outcome instanceof Outcome.Acknowledged ? ACKNOWLEDGED : new Resolution(outcome, null);
  }
}
