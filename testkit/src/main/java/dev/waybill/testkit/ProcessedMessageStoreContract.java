package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.delivery.ProcessedMessageStore.Answer;
import dev.waybill.delivery.ProcessedMessageStore.Claim;
import dev.waybill.delivery.ProcessedMessageStore.Held;
import dev.waybill.delivery.ProcessedMessageStore.Processed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/**
 * The contract of a store of handled messages. A store's own test extends this and says how it is
 * opened, nothing else.
 *
 * <p>No case is in a hurry: claims that have to be held are held for hours, those that have to
 * expire are waited for.
 */
public abstract class ProcessedMessageStoreContract {
  private static final Duration LONG = Duration.ofHours(6);
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONGER = Duration.ofDays(2);
  private static final Duration STEP = Duration.ofMillis(20);
  private static final String ID = "shop#m-1";
  private static final int RACED_FOR = 150;
  private static final int RACERS = 4;

  private final String source = "payments-" + UUID.randomUUID();

  /** For the store's own test. */
  protected ProcessedMessageStoreContract() {}

  /**
   * Opens the store as another instance of an application would: over the same data at each call of
   * a case. A store within the JVM is the same at each call.
   */
  protected abstract ProcessedMessageStore open(Duration lease, Duration retention);

  /** How long a case waits for what has to happen. */
  protected Duration patience() {
    return Duration.ofSeconds(60);
  }

  /** Lets a short time pass by the store's clock; the real one unless it is overridden. */
  protected void pass(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while time had to pass", e);
    }
  }

  private void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + patience().toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited %s until %s", patience(), what).isLessThan(deadline);
      pass(STEP);
    }
  }

  private Claim claimed(ProcessedMessageStore store) {
    Answer answer = store.claim(source, ID);
    assertThat(answer).isInstanceOf(Claim.class);
    return (Claim) answer;
  }

  /** Waits until an earlier claim has expired, and takes its place. */
  private Claim claimedAtLast(ProcessedMessageStore store) {
    List<Claim> claims = new ArrayList<>();
    until(
        "the claim has expired",
        () -> store.claim(source, ID) instanceof Claim claim && claims.add(claim));
    return claims.get(0);
  }

  private static Duration heldFor(Answer answer) {
    assertThat(answer).isInstanceOf(Held.class);
    return ((Held) answer).expiresIn();
  }

  @Test
  void a_store_says_its_measures() {
    ProcessedMessageStore store = open(LONG, LONGER);

    assertThat(store.lease()).isEqualTo(LONG);
    assertThat(store.retention()).isEqualTo(LONGER);
  }

  @Test
  void a_claim_names_what_was_claimed_and_keeps_others_off() {
    ProcessedMessageStore here = open(LONG, LONGER);
    ProcessedMessageStore elsewhere = open(LONG, LONGER);

    Claim claim = claimed(here);

    assertThat(claim.source()).isEqualTo(source);
    assertThat(claim.messageId()).isEqualTo(ID);
    assertThat(heldFor(elsewhere.claim(source, ID))).isPositive().isLessThanOrEqualTo(LONG);
    assertThat(here.claim(source, ID)).as("nor is one's own given twice").isInstanceOf(Held.class);
  }

  @Test
  void what_is_completed_is_remembered_everywhere() {
    ProcessedMessageStore here = open(LONG, LONGER);

    assertThat(here.complete(claimed(here))).isTrue();

    assertThat(here.claim(source, ID)).isEqualTo(new Processed());
    assertThat(open(LONG, LONGER).claim(source, ID)).isEqualTo(new Processed());
  }

  @Test
  void what_is_released_can_be_claimed_again() {
    ProcessedMessageStore store = open(LONG, LONGER);
    Claim first = claimed(store);

    store.release(first);

    Claim second = claimed(open(LONG, LONGER));
    assertThat(second.token()).isNotEqualTo(first.token());
    assertThat(store.complete(second)).isTrue();
  }

  @Test
  void each_source_handles_a_message_for_itself() {
    ProcessedMessageStore store = open(LONG, LONGER);
    assertThat(store.complete(claimed(store))).isTrue();

    assertThat(store.claim(source + ".audit", ID)).isInstanceOf(Claim.class);
    assertThat(store.claim(source, ID + "0")).as("another id").isInstanceOf(Claim.class);
    assertThat(store.claim(source, ID.toUpperCase(java.util.Locale.ROOT)))
        .as("an id in other letters")
        .isInstanceOf(Claim.class);
  }

  @Test
  void ids_may_have_any_characters_and_be_as_long_as_the_limit() {
    ProcessedMessageStore store = open(LONG, LONGER);
    String awkward = "https://shop/ä'\"\\%_;--€\uD83D\uDE9A #1 ";
    String longest = "x".repeat(ProcessedMessageStore.MAX_ID_LENGTH);

    for (String id : List.of(awkward, longest)) {
      assertThat(store.complete((Claim) store.claim(source, id))).isTrue();
      assertThat(store.claim(source, id)).isEqualTo(new Processed());
    }
    assertThat(store.claim(source, awkward.strip())).isInstanceOf(Claim.class);
  }

  @Test
  void a_claim_that_nobody_renews_expires_and_whoever_held_it_changes_nothing_more() {
    ProcessedMessageStore dead = open(SHORT, LONGER);
    Claim late = claimed(dead);

    Claim claim = claimedAtLast(open(SHORT, LONGER));

    assertThat(dead.complete(late)).as("it must not be marked by who has lost it").isFalse();
    assertThat(dead.renew(late)).isFalse();
    dead.release(late);
    assertThat(open(SHORT, LONGER).complete(claim)).as("the claim of its successor").isTrue();
    assertThat(dead.complete(late)).isFalse();
    assertThat(dead.claim(source, ID)).isEqualTo(new Processed());
  }

  @Test
  void an_expired_claim_that_nobody_else_has_taken_is_still_good() {
    ProcessedMessageStore store = open(SHORT, LONGER);
    Claim claim = claimed(store);

    pass(SHORT);
    pass(SHORT);

    assertThat(store.renew(claim)).isTrue();
    assertThat(store.complete(claim)).isTrue();
  }

  @Test
  void a_renewed_claim_is_held_for_longer() {
    ProcessedMessageStore store = open(LONG, LONGER);
    Claim claim = claimed(store);
    List<Duration> shortest = new ArrayList<>();
    Duration first = heldFor(store.claim(source, ID));
    until(
        "the claim gets shorter",
        () -> {
          Duration left = heldFor(store.claim(source, ID));
          shortest.add(left);
          return left.plus(SHORT).compareTo(first) < 0;
        });
    Duration left = shortest.get(shortest.size() - 1);

    until(
        "the renewed claim is longer",
        () -> store.renew(claim) && heldFor(store.claim(source, ID)).compareTo(left) > 0);
  }

  @Test
  void what_is_done_with_can_not_be_done_again() {
    ProcessedMessageStore store = open(LONG, LONGER);
    Claim completed = claimed(store);
    assertThat(store.complete(completed)).isTrue();

    assertThat(store.renew(completed)).isFalse();
    store.release(completed);
    assertThat(store.claim(source, ID)).as("a late release").isEqualTo(new Processed());
    Claim released = (Claim) store.claim(source, "another");
    store.release(released);
    assertThat(store.complete(released)).isFalse();
    assertThat(store.renew(released)).isFalse();
  }

  @Test
  void what_is_completed_is_forgotten_after_the_retention_so_that_a_store_does_not_grow() {
    ProcessedMessageStore store = open(SHORT.dividedBy(2), SHORT);
    assertThat(store.complete(claimed(store))).isTrue();

    Claim claim = claimedAtLast(store);

    assertThat(store.complete(claim)).isTrue();
  }

  @Test
  void of_many_who_claim_at_the_same_moment_one_gets_each_message() throws Exception {
    ExecutorService racers = Executors.newFixedThreadPool(RACERS);
    AtomicIntegerArray handled = new AtomicIntegerArray(RACED_FOR);
    try {
      List<Future<Void>> all = new ArrayList<>();
      for (int i = 0; i < RACERS; i++) {
        all.add(racers.submit(racer(open(LONG, LONGER), handled)));
      }
      for (Future<Void> one : all) {
        one.get(patience().multipliedBy(2).toMillis(), TimeUnit.MILLISECONDS);
      }
    } finally {
      racers.shutdownNow();
    }
    for (int i = 0; i < RACED_FOR; i++) {
      assertThat(handled.get(i)).as("handled, message %d", i).isOne();
    }
  }

  private Callable<Void> racer(ProcessedMessageStore store, AtomicIntegerArray handled) {
    return () -> {
      for (int i = 0; i < RACED_FOR; i++) {
        Answer answer = store.claim(source, "raced-for-" + i);
        if (answer instanceof Claim claim) {
          handled.incrementAndGet(i);
          if (i % 2 == 0) { // the others are still held when the last one asks
            assertThat(store.complete(claim)).isTrue();
          }
        }
      }
      return null;
    };
  }
}
