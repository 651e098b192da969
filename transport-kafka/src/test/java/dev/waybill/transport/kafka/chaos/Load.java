package dev.waybill.transport.kafka.chaos;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.error.SendException;
import dev.waybill.transport.kafka.chaos.Accounts.Charge;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends charges of some accounts at a steady rate, as long as what comes out keeps up with it. The
 * next one of an account is sent when the one before is confirmed; one whose send fails is sent
 * again as the same message until it is.
 */
final class Load implements AutoCloseable {
  private static final int ACCOUNTS = 24;
  private static final int EVERY_MILLIS = 100;

  /** The most that is sent in a second. */
  static final int PER_SECOND = ACCOUNTS * 1_000 / EVERY_MILLIS;

  /**
   * How many may be sent and not have come out. Without an end what piles up while there is chaos
   * would be more than can be handled in any time that a test may take after it: exactly-once
   * handles no more charges of an account than there are transactions, on a busy machine a few per
   * second.
   */
  private static final int MOST_UNDER_WAY = 1_000;

  private final MessageBus bus;
  private final IntSupplier cameOut;
  private final Map<String, Account> accounts = new TreeMap<>();
  private final List<Throwable> surprises = new ArrayList<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private int failures;
  private int unknown;
  private boolean ending;

  private static final class Account {
    private int confirmed;
    private boolean sending;
    private @Nullable Command<Charge> failed;
  }

  Load(MessageBus bus, IntSupplier cameOut) {
    this.bus = bus;
    this.cameOut = cameOut;
    for (int i = 0; i < ACCOUNTS; i++) {
      accounts.put("account-" + i, new Account());
    }
    var unused =
        timer.scheduleWithFixedDelay(
            this::sendWhatMay, EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** How many charges of each account are confirmed. */
  synchronized Map<String, Integer> confirmed() {
    Map<String, Integer> counts = new TreeMap<>();
    accounts.forEach((name, account) -> counts.put(name, account.confirmed));
    return counts;
  }

  /** How many sends failed, and were repeated. */
  synchronized int failures() {
    return failures;
  }

  /** How many of these may have been stored all the same. */
  synchronized int unknown() {
    return unknown;
  }

  /** What was thrown and is no answer to a send. */
  synchronized List<Throwable> surprises() {
    return List.copyOf(surprises);
  }

  /** No new charges; true once all that were begun are confirmed. */
  synchronized boolean end() {
    ending = true;
    return accounts.values().stream()
        .noneMatch(account -> account.sending || account.failed != null);
  }

  private synchronized void sendWhatMay() {
    int confirmed = accounts.values().stream().mapToInt(account -> account.confirmed).sum();
    boolean more = !ending && confirmed - cameOut.getAsInt() < MOST_UNDER_WAY;
    accounts.forEach(
        (name, account) -> {
          if (!account.sending && (account.failed != null || more)) {
            account.sending = true;
            send(
                account,
                account.failed != null
                    ? account.failed
                    : Command.of(new Charge(name, account.confirmed)));
          }
        });
  }

  private void send(Account account, Command<Charge> charge) {
    var unused =
        bus.send(charge).whenComplete((receipt, failure) -> answered(account, charge, failure));
  }

  private synchronized void answered(
      Account account, Command<Charge> charge, @Nullable Throwable failure) {
    account.sending = false;
    if (failure == null) {
      account.failed = null;
      account.confirmed++;
      return;
    }
    account.failed = charge;
    failures++;
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (!(cause instanceof SendException problem)) {
      surprises.add(failure);
    } else if (problem.certainty() == SendException.Certainty.UNKNOWN) {
      unknown++;
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
