package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.waybill.delivery.InMemoryMessageStore;
import dev.waybill.delivery.ProcessedMessageStore;
import dev.waybill.transport.inmemory.VirtualClock;
import java.time.Duration;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The contract of stores is worth something only if it tells broken stores from a good one. */
class StoreMutantsTest {
  /** Stores that are wrong in one thing each. */
  @SuppressWarnings("ImmutableEnumChecker") // what bends has no state of its own
  enum StoreMutant {
    FORGETS_A_CLAIM(
        right ->
            new Delegate(right) {
              @Override
              public Answer claim(String source, String messageId) {
                Answer answer = super.claim(source, messageId);
                return answer instanceof Held
                    ? new Claim(source, messageId, UUID.randomUUID().toString())
                    : answer;
              }
            }),
    MARKS_EARLY(
        right ->
            new Delegate(right) {
              @Override
              public Answer claim(String source, String messageId) {
                Answer answer = super.claim(source, messageId);
                return answer instanceof Held ? new Processed() : answer;
              }

              @Override
              public void release(Claim claim) {}
            }),
    IGNORES_THE_SUBSCRIPTION(
        right ->
            new Delegate(right) {
              @Override
              public Answer claim(String source, String messageId) {
                Answer answer = super.claim("all", messageId);
                return answer instanceof Claim claim
                    ? new Claim(source, messageId, claim.token())
                    : answer;
              }

              @Override
              public boolean complete(Claim claim) {
                return super.complete(new Claim("all", claim.messageId(), claim.token()));
              }
            }),
    NEVER_EXPIRES_A_CLAIM(
        right -> {
          ProcessedMessageStore eternal =
              InMemoryMessageStore.builder().lease(Duration.ofDays(1000)).build();
          return new Delegate(eternal) {
            @Override
            public Duration lease() {
              return right.lease();
            }

            @Override
            public Duration retention() {
              return right.retention();
            }
          };
        }),
    LETS_THE_LATE_COMPLETE(
        right ->
            new Delegate(right) {
              @Override
              public boolean complete(Claim claim) {
                super.complete(claim);
                return true;
              }
            }),
    RENEWS_NOTHING(
        right ->
            new Delegate(right) {
              @Override
              public boolean renew(Claim claim) {
                return true;
              }
            }),
    FORGETS_WHAT_IS_COMPLETED(
        right ->
            new Delegate(right) {
              @Override
              public boolean complete(Claim claim) {
                super.release(claim);
                return true;
              }
            }),
    RELEASES_WHAT_IS_NOT_ITS_OWN(
        right ->
            new Delegate(right) {
              private volatile Claim last;

              @Override
              public Answer claim(String source, String messageId) {
                Answer answer = super.claim(source, messageId);
                last = answer instanceof Claim claim ? claim : last;
                return answer;
              }

              @Override
              public void release(Claim claim) {
                super.release(last);
              }
            }),
    CUTS_IDS_SHORT(
        right ->
            new Delegate(right) {
              @Override
              public Answer claim(String source, String messageId) {
                Answer answer = super.claim(source, messageId.strip());
                return answer instanceof Claim claim
                    ? new Claim(source, messageId, claim.token())
                    : answer;
              }

              @Override
              public boolean complete(Claim claim) {
                return super.complete(
                    new Claim(claim.source(), claim.messageId().strip(), claim.token()));
              }
            });

    private final UnaryOperator<ProcessedMessageStore> bend;

    StoreMutant(UnaryOperator<ProcessedMessageStore> bend) {
      this.bend = bend;
    }
  }

  /** Right in everything that is not overridden. */
  private static class Delegate implements ProcessedMessageStore {
    private final ProcessedMessageStore right;

    Delegate(ProcessedMessageStore right) {
      this.right = right;
    }

    @Override
    public Answer claim(String source, String messageId) {
      return right.claim(source, messageId);
    }

    @Override
    public boolean renew(Claim claim) {
      return right.renew(claim);
    }

    @Override
    public boolean complete(Claim claim) {
      return right.complete(claim);
    }

    @Override
    public void release(Claim claim) {
      right.release(claim);
    }

    @Override
    public Duration lease() {
      return right.lease();
    }

    @Override
    public Duration retention() {
      return right.retention();
    }
  }

  /** The contract, over a mutant; run by this test alone. */
  static final class Subject extends ProcessedMessageStoreContract {
    private static StoreMutant mutant = StoreMutant.FORGETS_A_CLAIM; // whichever is tested

    private final VirtualClock clock = VirtualClock.create();
    private ProcessedMessageStore store;

    @Override
    protected ProcessedMessageStore open(Duration lease, Duration retention) {
      if (store == null) {
        store =
            mutant.bend.apply(
                InMemoryMessageStore.builder()
                    .lease(lease)
                    .retention(retention)
                    .clock(clock)
                    .build());
      }
      return store;
    }

    @Override
    protected void pass(Duration time) {
      clock.advance(time);
    }

    @Override
    protected Duration patience() {
      return Duration.ofMillis(300);
    }
  }

  @ParameterizedTest
  @EnumSource
  void every_broken_store_fails_a_case(StoreMutant mutant) {
    Subject.mutant = mutant;
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request().selectors(selectClass(Subject.class)).build(),
            summary);

    assertThat(summary.getSummary().getTestsStartedCount()).isGreaterThan(8);
    assertThat(summary.getSummary().getTestsFailedCount())
        .as("cases that %s fails", mutant)
        .isPositive();
  }
}
