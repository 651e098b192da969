package dev.waybill.transport.rabbitmq.chaos;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.error.SendException;
import dev.waybill.transport.rabbitmq.chaos.Ledger.Charge;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends charges of some accounts at a steady rate. The next one of an account is sent when the one
 * before is confirmed; one whose send fails is sent again as the same message until it is.
 */
final class Load implements AutoCloseable {
  private static final int ACCOUNTS = 24;
  private static final int EVERY_MILLIS = 50;

  private final MessageBus bus;
  private final Map<String, Account> accounts = new TreeMap<>();
  private final List<Throwable> surprises = new ArrayList<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private int failures;
  private boolean ending;

  private static final class Account {
    private int confirmed;
    private boolean sending;
    private @Nullable Command<Charge> failed;
  }

  Load(MessageBus bus) {
    this.bus = bus;
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
    accounts.forEach(
        (name, account) -> {
          if (!account.sending && (account.failed != null || !ending)) {
            account.sending = true;
            Command<Charge> again = account.failed;
            send(account, again != null ? again : Command.of(new Charge(name, account.confirmed)));
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
    if (!(cause instanceof SendException)) {
      surprises.add(failure);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
