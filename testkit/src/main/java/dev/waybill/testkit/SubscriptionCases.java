package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import dev.waybill.transport.Capabilities.Feature;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Consumers that come late, go, and come again. */
abstract class SubscriptionCases extends RoutingCases {

  @Test
  @Case(value = "B6", needs = Feature.PUBLISH_SUBSCRIBE)
  void a_new_subscription_gets_nothing_from_before_and_everything_from_then_on() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus publisher = here.bus().start()) {
      confirmed(Numbers.tell(publisher, IntStream.range(0, 12)));
      here.bus().subscribe(here.plainTopic, "late", Numbers.refreshed(seen)).start().close();
      confirmed(Numbers.tell(publisher, IntStream.range(100, 112))); // while nobody runs it
      try (MessageBus late =
          here.bus().subscribe(here.plainTopic, "late", Numbers.refreshed(seen)).start()) {
        confirmed(Numbers.tell(late, IntStream.range(200, 212)));
        await(seen, all -> all.stream().filter(i -> i >= 100).count() >= 24, "100s and 200s");
      }
    }
    assertThat(seen.all()).hasSize(24).doesNotHaveDuplicates().allMatch(i -> i >= 100);
  }

  @Test
  @Case("B8")
  void a_consumer_that_comes_again_gets_what_came_between() {
    Recorder<Integer> queued = new Recorder<>();
    Recorder<Integer> told = new Recorder<>();
    try (MessageBus sender = here.bus().start()) {
      for (int round = 0; round < 3; round++) {
        try (MessageBus consumer =
            here.bus()
                .consume(here.plainQueue, Numbers.refreshes(queued))
                .subscribe(here.plainTopic, "one", Numbers.refreshed(told))
                .start()) {
          assertThat(consumer.describe()).contains(here.plainQueue);
          await(queued, 4 * round);
          await(told, 4 * round);
        }
        confirmed(Numbers.refresh(sender, IntStream.range(4 * round, 4 * round + 4)));
        confirmed(Numbers.tell(sender, IntStream.range(4 * round, 4 * round + 4)));
      }
    }
    assertThat(queued.all()).hasSize(8).doesNotHaveDuplicates();
    assertThat(told.all()).hasSize(8).doesNotHaveDuplicates();
  }

  @Test
  @Case(value = "B8", needs = Feature.PUBLISH_SUBSCRIBE)
  void a_subscription_comes_and_goes_while_another_runs() {
    Recorder<Integer> first = new Recorder<>();
    Recorder<Integer> second = new Recorder<>();
    try (MessageBus running =
        here.bus().subscribe(here.plainTopic, "first", Numbers.refreshed(first)).start()) {
      confirmed(Numbers.tell(running, IntStream.range(0, 5)));
      try (MessageBus added =
          here.bus().subscribe(here.plainTopic, "second", Numbers.refreshed(second)).start()) {
        confirmed(Numbers.tell(added, IntStream.range(5, 10)));
        await(second, 5);
      }
      confirmed(Numbers.tell(running, IntStream.range(10, 15)));
      await(first, 15);
    }
    assertThat(first.all()).hasSize(15).doesNotHaveDuplicates();
    assertThat(second.all()).containsExactlyInAnyOrder(5, 6, 7, 8, 9);
  }

  @Test
  @Case(value = "B9", needs = Feature.PUBLISH_SUBSCRIBE)
  void one_of_two_subscriptions_of_a_bus_stops_and_the_other_goes_on() {
    Recorder<Integer> mail = new Recorder<>();
    Recorder<Integer> audit = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .subscribe(here.plainTopic, "mail", Numbers.refreshed(mail))
            .subscribe(here.plainTopic, "audit", Numbers.refreshed(audit))
            .start()) {
      confirmed(Numbers.tell(bus, IntStream.range(0, 5)));
      await(mail, 5);
      bus.pause(here.plainTopic + ".mail");
      confirmed(Numbers.tell(bus, IntStream.range(5, 15)));
      await(audit, 15);
      bus.resume(here.plainTopic + ".mail");
      await(mail, 15);
    }
    assertThat(mail.all()).hasSize(15).doesNotHaveDuplicates();
    assertThat(audit.all()).hasSize(15).doesNotHaveDuplicates();
  }

  @Test
  @Case(value = "B9", needs = Feature.PUBLISH_SUBSCRIBE)
  void one_of_two_buses_of_a_process_closes_and_the_other_goes_on() {
    Recorder<Integer> mail = new Recorder<>();
    Recorder<Integer> audit = new Recorder<>();
    try (MessageBus stays =
        here.bus().subscribe(here.plainTopic, "audit", Numbers.refreshed(audit)).start()) {
      try (MessageBus goes =
          here.bus().subscribe(here.plainTopic, "mail", Numbers.refreshed(mail)).start()) {
        confirmed(Numbers.tell(goes, IntStream.range(0, 5)));
        await(mail, 5);
      }
      confirmed(Numbers.tell(stays, IntStream.range(5, 15)));
      await(audit, 15);
    }
    assertThat(mail.all()).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    assertThat(audit.all()).hasSize(15).doesNotHaveDuplicates();
  }
}
