package dev.waybill;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether a bus does its work, as far as it knows by itself; it asks nobody. A bus is healthy until
 * something shows otherwise: a consumer that has lost its broker and tries to come back, a dead
 * letter that can't be put down, a last send, within a minute, that the broker did not answer: a
 * bus that gets no work because it is taken for ill could not show that it is well.
 *
 * @param problems what is wrong at the moment, one sentence each; empty if all is well
 * @param consumers what each consumer has to do; much of it is not a problem by itself
 * @param outbox how the bus's outbox stands; null if it has none
 */
public record Health(
    List<String> problems, List<ConsumerStatus> consumers, Outbox.@Nullable Status outbox) {
  /** Copies the lists. */
  public Health {
    problems = List.copyOf(problems);
    consumers = List.copyOf(consumers);
  }

  /** Whether nothing is wrong. */
  public boolean isUp() {
    return problems.isEmpty();
  }
}
