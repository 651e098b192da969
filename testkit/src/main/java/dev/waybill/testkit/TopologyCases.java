package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.MessageBus;
import dev.waybill.error.ConfigurationException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Routes;
import dev.waybill.routing.Subscription;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Charged;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What stands on the broker: made, looked at, or left alone; and by which name. */
abstract class TopologyCases extends PoisonCases {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  @Test
  @Case(value = "K1", needs = Feature.CREATE_TOPOLOGY)
  void a_topology_is_made_from_nothing_and_making_it_again_changes_nothing() {
    Recorder<Integer> seen = new Recorder<>();
    if (isRefused(Feature.CREATE_TOPOLOGY, Mode.CREATE)) {
      return;
    }
    consuming(Mode.CREATE, new Recorder<>()).close();
    try (MessageBus sending = here.bus().start()) {
      sending.send(new Refresh(1)).join();
      sending.publish(new Charged("a", 2)).join();
    }
    try (MessageBus one = consuming(Mode.CREATE, seen);
        MessageBus other = consuming(Mode.CREATE, seen)) {
      one.send(new Refresh(3)).join();
      other.publish(new Charged("a", 4)).join();
      assertThat(await(seen, 4)).containsExactlyInAnyOrder(1, 2, 3, 4);
    }
  }

  @Test
  @Case(value = "K2", needs = Feature.VERIFY_TOPOLOGY)
  void verify_names_each_thing_that_is_missing_and_makes_nothing() {
    if (isRefused(Feature.VERIFY_TOPOLOGY, Mode.VERIFY)) {
      return;
    }
    List<String> problems = missing();
    Map<String, String> names = nativeNames();
    assertThat(names).hasSize(8);
    names.forEach(
        (name, nativeName) ->
            assertThat(problems)
                .as("the problem of %s", name)
                .anyMatch(problem -> isNamed(name, nativeName, problem)));
    assertThat(missing()).as("nothing was made").containsExactlyElementsOf(problems);
  }

  @Test
  @Case(value = "K2", needs = Feature.VERIFY_TOPOLOGY)
  void what_was_made_is_verified_and_used_in_every_mode() {
    if (isRefused(Feature.VERIFY_TOPOLOGY, Mode.VERIFY)) {
      return;
    }
    Recorder<Integer> seen = new Recorder<>();
    int expected = 0;
    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY, Mode.ASSUME)) {
      try (MessageBus there = consuming(mode, seen)) {
        there.send(new Refresh(expected)).join();
        await(seen, ++expected);
      }
    }
    assertThat(seen.all()).containsExactly(0, 1, 2);
  }

  @Test
  @Case(value = "K3", needs = Feature.VERIFY_TOPOLOGY)
  void assume_asks_for_nothing_and_makes_nothing() {
    if (isRefused(Feature.VERIFY_TOPOLOGY, Mode.VERIFY)) {
      return;
    }
    List<String> before = missing();
    try (MessageBus bus = consuming(Mode.ASSUME, new Recorder<>())) {
      assertThat(bus.describe()).contains(here.plainQueue);
      pass(Duration.ofSeconds(1));
    }
    assertThat(missing()).as("nothing was made").containsExactlyElementsOf(before);
  }

  @Test
  @Case(value = "K4", needs = Feature.VERIFY_TOPOLOGY, keyed = true)
  void a_queue_that_stands_without_order_is_named_or_keeps_the_order() {
    if (isRefused(Feature.VERIFY_TOPOLOGY, Mode.VERIFY)) {
      return;
    }
    make(new Queue(here.keyedQueue, false));
    Queue deadLetters = here.queue(here.keyedQueue).deadLetterQueue();
    make(new Topology(List.of(), List.of(), List.of(deadLetters)));
    Topology keyed = topologyOf(List.of(here.queue(here.keyedQueue)));
    try (TransportConnection connection = harness().transport().connect(TIMEOUT)) {
      List<String> problems = connection.prepare(keyed, Mode.VERIFY);
      if (!problems.isEmpty()) {
        assertThat(problems).singleElement().asString().contains(here.keyedQueue);
        return;
      }
    }
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.charging(
            c ->
                c.concurrency(4)
                    .onCommand(Charge.class, (m, x) -> seen.add(m.payload().number())))) {
      confirmed(IntStream.range(0, 30).mapToObj(i -> bus.send(new Charge("a", i))).toList());
      assertThat(await(seen, 30))
          .as("nothing differs, so it is as good")
          .containsExactlyElementsOf(IntStream.range(0, 30).boxed().toList());
    }
  }

  @Test
  @Case("K5")
  void all_names_that_are_not_legal_are_refused_together_at_start() {
    String long101 = "x".repeat(Channel.MAX_NAME_LENGTH + 1);
    Routes routes =
        Routes.define(
            r -> {
              r.command(Charge.class).named("charge.v1").toQueue("no spaces");
              r.event(Charged.class).named("charged.v1").toTopic(long101);
              r.event(Refreshed.class).named("refreshed.v1").toTopic(here.plainTopic);
            });
    MessageBus.Builder bus =
        MessageBus.over(harness().transport())
            .routes(routes)
            .subscribe(
                here.plainTopic, "à la carte", c -> c.onEvent(Refreshed.class, (e, x) -> {}));
    assertThatThrownBy(bus::start)
        .isInstanceOfSatisfying(
            ConfigurationException.class,
            e ->
                assertThat(e.problems())
                    .contains(
                        "The route of the command Charge leads to 'no spaces': a channel's name has 1 to 100 ASCII letters, digits, '.', '_' or '-'.",
                        "The route of the event Charged leads to '%s': a channel's name has 1 to 100 ASCII letters, digits, '.', '_' or '-'."
                            .formatted(long101))
                    .anySatisfy(
                        problem ->
                            assertThat(problem)
                                .contains("à la carte")
                                .endsWith(
                                    "a name has 1 to 100 ASCII letters, digits, '.', '_' or '-'.")));
  }

  @Test
  @Case("K5")
  void each_legal_name_is_refused_with_its_reason_or_mapped_to_one_of_its_own_and_works() {
    Transport transport = harness().transport();
    List<Queue> alike = queues("a.b", "a_b", "a-b", "a__b", "a._b", "a-.b", "A.b", "-", "_");
    assertThat(transport.nativeNames(topologyOf(alike)).values()).doesNotHaveDuplicates();
    String longest = "x".repeat(Channel.MAX_NAME_LENGTH - here.id.length());
    List<Queue> accepted = new ArrayList<>();
    for (Queue queue : queues("a.b", "a_b", "A-b", longest)) {
      accepted.add(queue);
      List<String> problems = transport.check(topologyOf(accepted));
      if (!problems.isEmpty()) {
        accepted.remove(queue);
        assertThat(problems).allSatisfy(problem -> assertThat(problem).contains(queue.name()));
      }
    }
    assertThat(accepted).as("most are accepted").hasSizeGreaterThanOrEqualTo(3);
    carries(accepted);
  }

  private List<Queue> queues(String... endings) {
    return Stream.of(endings).map(ending -> new Queue(here.id + ending, false)).toList();
  }

  private void carries(List<Queue> queues) {
    try (TransportConnection connection = harness().transport().connect(TIMEOUT)) {
      assertThat(connection.prepare(topologyOf(queues), Mode.CREATE)).isEmpty();
      for (Queue queue : queues) {
        connection.sender().send(queue, wire(json(queue.name()), Map.of()), TIMEOUT).join();
      }
      for (Queue queue : queues) {
        Open open = new Open();
        Receiver receiver = connection.receive(queue, 5, open);
        until("the message through " + queue, () -> open.delivered() == 1);
        assertThat(open.accept(1)).containsExactly(queue.name());
        receiver.close();
      }
    }
  }

  /** Asserts the refusal of a mode, if it is refused. */
  private boolean isRefused(Feature feature, Mode mode) {
    if (!refused(support(feature))) {
      return false;
    }
    assertThatThrownBy(() -> consuming(mode, new Recorder<>()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "topology(%s) needs %s, which %s refuses: %s"
                .formatted(mode, feature, harness().transport().name(), support(feature).note()));
    return true;
  }

  private MessageBus consuming(Mode mode, Recorder<Integer> seen) {
    return here.bus()
        .topology(mode)
        .consume(
            here.plainQueue,
            c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))
        .subscribe(
            here.keyedTopic,
            "audit",
            c -> c.onEvent(Charged.class, (e, x) -> seen.add(e.payload().number())))
        .start();
  }

  /** What a bus that verifies says of {@link #consuming} before anything is there. */
  private List<String> missing() {
    return catchThrowableOfType(
            ConfigurationException.class, () -> consuming(Mode.VERIFY, new Recorder<>()))
        .problems();
  }

  /** Whether a problem names a thing as the broker does, or a subscription as we do. */
  private boolean isNamed(String name, String nativeName, String problem) {
    return word(nativeName).matcher(problem).find()
        || (name.equals(audit().name()) && problem.contains(audit().toString()));
  }

  private Subscription audit() {
    return new Subscription(here.topic(here.keyedTopic), "audit");
  }

  /** The native names of all that {@link #consuming} needs. */
  private Map<String, String> nativeNames() {
    Queue queue = here.queue(here.plainQueue);
    Subscription audit = audit();
    return harness()
        .transport()
        .nativeNames(
            new Topology(
                List.copyOf(here.routes.channels()),
                List.of(queue, audit),
                List.of(queue.deadLetterQueue(), audit.deadLetterQueue())));
  }

  private static Topology topologyOf(List<Queue> queues) {
    return new Topology(
        List.copyOf(queues),
        List.copyOf(queues),
        queues.stream().map(Queue::deadLetterQueue).toList());
  }

  /** The name, and not as the beginning of a longer one. */
  private static Pattern word(String name) {
    return Pattern.compile(Pattern.quote(name) + "(?![\\w-]|\\.\\w)");
  }
}
