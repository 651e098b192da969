package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who gets what. */
abstract class RoutingCases extends LimitCases {

  @Test
  @Case("B1")
  void each_message_of_a_queue_goes_to_one_of_its_consumers() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus one = here.refreshing(Numbers.refreshes(seen));
        MessageBus other = here.refreshing(Numbers.refreshes(seen))) {
      confirmed(Numbers.refresh(one, IntStream.range(0, 30)));
      confirmed(Numbers.refresh(other, IntStream.range(30, 60)));
      await(seen, 60);
    }
    assertThat(seen.all()).hasSize(60).doesNotHaveDuplicates();
  }

  @Test
  @Case(value = "B2", needs = Feature.PUBLISH_SUBSCRIBE)
  void every_subscription_gets_every_event() {
    Recorder<Integer> mail = new Recorder<>();
    Recorder<Integer> audit = new Recorder<>();
    try (MessageBus one =
            here.bus()
                .subscribe(here.plainTopic, "mail", Numbers.refreshed(mail))
                .subscribe(here.plainTopic, "audit", Numbers.refreshed(audit))
                .start();
        MessageBus sender = here.bus().start()) {
      confirmed(Numbers.tell(one, IntStream.range(0, 15)));
      confirmed(Numbers.tell(sender, IntStream.range(15, 30)));
      await(mail, 30);
      await(audit, 30);
    }
    assertThat(mail.all()).hasSize(30).doesNotHaveDuplicates();
    assertThat(audit.all()).hasSize(30).doesNotHaveDuplicates();
  }

  @Test
  @Case(value = "B3", needs = Feature.PUBLISH_SUBSCRIBE)
  void the_instances_of_a_subscription_share_its_events() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus one =
            here.bus().subscribe(here.plainTopic, "mail", Numbers.refreshed(seen)).start();
        MessageBus other =
            here.bus().subscribe(here.plainTopic, "mail", Numbers.refreshed(seen)).start()) {
      confirmed(Numbers.tell(one, IntStream.range(0, 30)));
      confirmed(Numbers.tell(other, IntStream.range(30, 60)));
      await(seen, 60);
    }
    assertThat(seen.all()).hasSize(60).doesNotHaveDuplicates();
  }

  @Test
  @Case(value = "B4", needs = Feature.PUBLISH_SUBSCRIBE)
  void twenty_topics_at_once_do_not_mix() {
    Topics topics = new Topics(here);
    Recorder<Topics.Seen> seen = new Recorder<>();
    List<MessageBus> buses = new ArrayList<>();
    try {
      for (int topic = 0; topic < Topics.COUNT; topic++) {
        buses.add(topics.bus(topic, seen));
      }
      List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
      for (int number = 0; number < 3; number++) {
        for (int topic = 0; topic < Topics.COUNT; topic++) {
          sends.add(buses.get(topic).publish(new Refreshed(100 * number + topic)));
        }
      }
      confirmed(sends);
      await(seen, 3 * Topics.COUNT);
    } finally {
      buses.parallelStream().forEach(MessageBus::close);
    }
    assertThat(seen.all())
        .hasSize(3 * Topics.COUNT)
        .doesNotHaveDuplicates()
        .allMatch(each -> each.number() % 100 == each.topic());
  }

  @Test
  @Case("B5")
  void an_event_without_a_subscription_is_confirmed() {
    try (MessageBus bus = here.bus().start()) {
      assertThat(bus.publish(new Refreshed(1)).join().channel())
          .isEqualTo(here.topic(here.plainTopic));
    }
  }

  @Test
  @Case(value = "B5", needs = Feature.MANDATORY)
  void a_command_to_a_queue_that_was_never_made_is_rejected() {
    try (MessageBus bus = here.bus().topology(Topology.Mode.ASSUME).start()) {
      assertThatThrownBy(() -> bus.send(new Refresh(1)).join())
          .cause()
          .isInstanceOfSatisfying(
              SendException.class,
              e -> {
                assertThat(e.code()).isIn(ErrorCode.NOT_FOUND, ErrorCode.UNROUTABLE);
                assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED);
                assertThat(e).hasMessageContaining(here.plainQueue);
              });
    }
  }

  @Test
  @Case("B7")
  void a_bus_without_consumers_sends() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus sender = here.bus().start()) {
      sender.send(new Refresh(1)).join(); // before anybody consumes
      try (MessageBus consumer = here.refreshing(Numbers.refreshes(seen))) {
        assertThat(consumer.describe()).contains(here.plainQueue);
        sender.send(new Refresh(2)).join();
        assertThat(await(seen, 2)).containsExactlyInAnyOrder(1, 2);
      }
      sender.send(new Refresh(3)).join(); // after everybody has gone
    }
  }
}
