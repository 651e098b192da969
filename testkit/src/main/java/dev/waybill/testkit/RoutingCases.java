package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who gets what. */
abstract class RoutingCases extends LimitCases {

  @Test
  void each_message_of_a_queue_goes_to_one_of_its_consumers() {
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus one =
            here.refreshing(
                c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())));
        MessageBus other =
            here.refreshing(
                c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))) {
      confirmed(
          IntStream.range(0, 60)
              .mapToObj(i -> (i % 2 == 0 ? one : other).send(new Refresh(i)))
              .toList());
      List<Integer> all = await(seen, 60);
      assertThat(all).hasSize(60).doesNotHaveDuplicates();
    }
  }

  @Test
  void every_subscription_gets_every_event_and_its_instances_share_them() {
    Recorder<String> seen = new Recorder<>();
    try (MessageBus one =
            here.bus()
                .subscribe(
                    here.plainTopic,
                    "mail",
                    c ->
                        c.onEvent(
                            Refreshed.class, (e, x) -> seen.add("mail " + e.payload().number())))
                .subscribe(
                    here.plainTopic,
                    "audit",
                    c ->
                        c.onEvent(
                            Refreshed.class, (e, x) -> seen.add("audit " + e.payload().number())))
                .start();
        MessageBus other =
            here.bus()
                .subscribe(
                    here.plainTopic,
                    "mail",
                    c ->
                        c.onEvent(
                            Refreshed.class, (e, x) -> seen.add("mail " + e.payload().number())))
                .start()) {
      confirmed(
          IntStream.range(0, 30)
              .mapToObj(i -> (i % 2 == 0 ? one : other).publish(new Refreshed(i)))
              .toList());
      List<String> all = await(seen, 60);
      assertThat(all).hasSize(60).doesNotHaveDuplicates();
    }
  }

  @Test
  void an_event_without_a_subscription_is_confirmed() {
    try (MessageBus bus = here.bus().start()) {
      assertThat(bus.publish(new Refreshed(1)).join().channel())
          .isEqualTo(here.topic(here.plainTopic));
    }
  }
}
