package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.MessageBus;
import dev.waybill.error.ConfigurationException;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Topology;
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

  @Test
  void verify_names_what_is_missing_and_makes_nothing() {
    Level verify =
        harness().transport().capabilities(false).support(Feature.VERIFY_TOPOLOGY).level();
    MessageBus.Builder bus =
        here.bus()
            .topology(Topology.Mode.VERIFY)
            .consume(here.plainQueue, c -> c.onCommand(Refresh.class, (m, x) -> {}));
    if (verify == Level.REFUSED) {
      assertThatThrownBy(bus::start).isInstanceOf(ConfigurationException.class);
      return;
    }
    assertThatThrownBy(bus::start)
        .isInstanceOfSatisfying(
            ConfigurationException.class,
            e ->
                assertThat(e.problems())
                    .hasSizeGreaterThanOrEqualTo(3)
                    .anySatisfy(problem -> assertThat(problem).contains(here.plainQueue))
                    .anySatisfy(problem -> assertThat(problem).contains(here.keyedTopic)));
    here.bus()
        .consume(here.plainQueue, c -> c.onCommand(Refresh.class, (m, x) -> {}))
        .start()
        .close();
    Recorder<Integer> seen = new Recorder<>();
    int expected = 0;
    for (Topology.Mode mode :
        List.of(Topology.Mode.CREATE, Topology.Mode.VERIFY, Topology.Mode.ASSUME)) {
      try (MessageBus there =
          here.bus()
              .topology(mode)
              .consume(
                  here.plainQueue,
                  c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))
              .start()) {
        there.send(new Refresh(expected)).join();
        await(seen, ++expected);
      }
    }
    assertThat(seen.all()).containsExactly(0, 1, 2);
  }
}
