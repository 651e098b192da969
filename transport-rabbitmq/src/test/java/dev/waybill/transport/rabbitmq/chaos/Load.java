package dev.waybill.transport.rabbitmq.chaos;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.error.SendException;
import dev.waybill.transport.rabbitmq.chaos.Ledger.Charge;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends charges of some accounts at a steady rate, several of an account at once, in order. What
 * fails is sent again as the same message, once all that is under way of its account is answered,
 * before anything new of it.
 */
final class Load implements AutoCloseable {
  private static final int ACCOUNTS = 12;

  /** How many of an account may be under way. */
  private static final int WINDOW = 3;

  private static final int EVERY_MILLIS = 50;

  /** The deadline of a send, and as long again for a machine that is busy. */
  private static final Duration ANSWERED = Instances.SEND_TIMEOUT.multipliedBy(2);

  private final MessageBus bus;
  private final Map<String, Account> accounts = new TreeMap<>();
  private final List<Throwable> surprises = new ArrayList<>();
  private final Set<Charge> everFailed = new HashSet<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private int failures;
  private boolean ending;

  private static final class Account {
    private int sent;
    private int underWay;
    private final NavigableMap<Integer, Command<Charge>> failed = new TreeMap<>();
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

  /** How many charges of each account are confirmed; after {@link #end}. */
  synchronized Map<String, Integer> confirmed() {
    Map<String, Integer> counts = new TreeMap<>();
    accounts.forEach((name, account) -> counts.put(name, account.sent));
    return counts;
  }

  /** The charges that were sent again. */
  synchronized Set<Charge> everFailed() {
    return Set.copyOf(everFailed);
  }

  /** How many sends failed, and were repeated. */
  synchronized int failures() {
    return failures;
  }

  /** What was thrown and is no answer to a send, and answers that came late. */
  synchronized List<Throwable> surprises() {
    return List.copyOf(surprises);
  }

  /** No new charges; true once all that were begun are confirmed. */
  synchronized boolean end() {
    ending = true;
    return accounts.values().stream()
        .noneMatch(account -> account.underWay > 0 || !account.failed.isEmpty());
  }

  private synchronized void sendWhatMay() {
    accounts.forEach(
        (name, account) -> {
          if (account.failed.isEmpty()) {
            while (!ending && account.underWay < WINDOW && account.failed.isEmpty()) {
              send(account, Command.of(new Charge(name, account.sent++)));
            }
          } else if (account.underWay == 0) {
            List<Command<Charge>> again = List.copyOf(account.failed.values());
            account.failed.clear();
            again.forEach(charge -> send(account, charge));
          }
        });
  }

  private void send(Account account, Command<Charge> charge) {
    account.underWay++;
    long begun = System.nanoTime();
    var unused =
        bus.send(charge)
            .whenComplete(
                (receipt, failure) -> {
                  Duration taken = Duration.ofNanos(System.nanoTime() - begun);
                  answered(account, charge, failure, taken);
                });
  }

  private synchronized void answered(
      Account account, Command<Charge> charge, @Nullable Throwable failure, Duration taken) {
    account.underWay--;
    if (taken.compareTo(ANSWERED) > 0) {
      surprises.add(new AssertionError(charge.payload() + " was answered after " + taken));
    }
    if (failure == null) {
      return;
    }
    account.failed.put(charge.payload().number(), charge);
    everFailed.add(charge.payload());
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
