package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.Event;
import dev.waybill.HandlerContext;
import dev.waybill.MessageBus;
import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.Replay;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.transport.Capabilities.Feature;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Dead letters that are handled after all. */
abstract class ReplayCases extends SettlementCases {

  @Test
  @Case("C7")
  void a_dead_letter_is_replayed_to_its_queue_under_its_id_and_marked() {
    AtomicBoolean mended = new AtomicBoolean();
    Recorder<String> failed = new Recorder<>();
    Recorder<String> handled = new Recorder<>();
    Command<Refresh> command = Command.of(new Refresh(1)).with(m -> m.withHeader("tenant", "t-1"));
    try (MessageBus bus =
        here.refreshing(
            c ->
                c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          failUnless(mended, failed);
                          handled.add(
                              "%d %s %s %s"
                                  .formatted(
                                      m.payload().number(),
                                      m.metadata().id(),
                                      m.metadata().headers().get("tenant"),
                                      kind(x)));
                        })
                    .onFailure(noRetry()))) {
      bus.send(command).join();
      await(failed, 1);
      replayTheOne(here.queue(here.plainQueue), mended);
      assertThat(await(handled, 1)).containsExactly("1 " + command.metadata().id() + " t-1 replay");
    }
    assertThat(handled.all()).hasSize(1);
    assertThat(left(here.plainQueue, 0)).isEmpty();
  }

  @Test
  @Case(value = "C7", needs = Feature.PUBLISH_SUBSCRIBE)
  void a_dead_letter_of_a_subscription_is_replayed_to_that_one_alone() {
    AtomicBoolean mended = new AtomicBoolean();
    Recorder<String> failed = new Recorder<>();
    Recorder<String> handled = new Recorder<>();
    Recorder<String> other = new Recorder<>();
    Event<Refreshed> event = Event.of(new Refreshed(4));
    try (MessageBus bus =
        here.bus()
            .subscribe(
                here.plainTopic,
                "broken",
                c ->
                    c.onEvent(
                            Refreshed.class,
                            (e, x) -> {
                              failUnless(mended, failed);
                              handled.add(e.metadata().id() + " " + kind(x));
                            })
                        .onFailure(noRetry()))
            .subscribe(
                here.plainTopic,
                "fine",
                c ->
                    c.onEvent(
                        Refreshed.class, (e, x) -> other.add(e.metadata().id() + " " + kind(x))))
            .start()) {
      bus.publish(event).join();
      await(failed, 1);
      await(other, 1);
      replayTheOne(new Subscription(here.topic(here.plainTopic), "broken"), mended);
      await(handled, 1);
      String next = bus.publish(new Refreshed(5)).join().messageId();
      String old = event.metadata().id();
      assertThat(await(other, 2)).containsExactly(old + " new", next + " new");
      assertThat(await(handled, 2)).containsExactly(old + " replay", next + " new");
    }
    assertThat(handled.all()).hasSize(2);
    assertThat(other.all()).hasSize(2);
  }

  /** Replays the dead letter of a source, of which there has to be one, when all is mended. */
  private void replayTheOne(Source source, AtomicBoolean mended) {
    long end = System.nanoTime() + patience().toNanos();
    try (DeadLetterDesk desk = DeadLetterDesk.open(here.transport(), List.of(source), patience())) {
      while (!mended.get()) {
        assertThat(System.nanoTime() - end).as("no dead letter came in time").isNegative();
        try (DeadLetterBatch batch = desk.take(source, 10, patience())) {
          if (!batch.entries().isEmpty()) {
            assertThat(batch.entries()).hasSize(1);
            mended.set(true);
            assertThat(batch.replay(batch.entries(), Replay.sameId(), settled -> {}))
                .isEqualTo(new DeadLetterBatch.Summary(1, 0));
          }
        }
      }
    }
  }

  private static void failUnless(AtomicBoolean mended, Recorder<String> failed) {
    if (!mended.get()) {
      failed.add("");
      throw new IllegalStateException("not mended yet");
    }
  }

  private static String kind(HandlerContext context) {
    return context.isReplay() ? "replay" : "new";
  }
}
