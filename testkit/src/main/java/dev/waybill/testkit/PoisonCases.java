package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.DeadLetter;
import dev.waybill.MessageBus;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.transport.WireMessage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What can't be read, known or put away: it is kept as evidence, and does not stop the rest. */
abstract class PoisonCases extends LifeCycleCases {

  @Test
  @Case("J1")
  void what_cannot_be_read_is_a_dead_letter_as_it_came_and_the_next_message_is_handled() {
    byte[] noText = {0, (byte) 0xff, (byte) 0xfe, '{', 10, 13};
    Map<String, String> noTime = new HashMap<>(named("refresh.v1"));
    noTime.put("time", "yesterday");
    List<DeadLetter> letters =
        deadLettersOf(
            wire(noText, Map.of()),
            wire(new byte[0], Map.of()),
            wire(json("{\"number\":\"many\"}"), named("refresh.v1")),
            wire(json("{\"number\":7}"), noTime),
            new WireMessage(
                json("<number/>"),
                "application/xml",
                named("refresh.v1"),
                Map.of("colour", "blue"),
                null,
                null));
    assertThat(letters).extracting(DeadLetter::attempts).containsOnly(0);
    assertThat(letters).extracting(DeadLetter::channel).containsOnly(here.plainQueue);
    assertThat(letters).anySatisfy(letter -> assertThat(letter.message().body()).isEqualTo(noText));
    assertThat(letters).anySatisfy(letter -> assertThat(letter.message().body()).isEmpty());
    assertThat(letters)
        .anySatisfy(
            letter -> {
              assertThat(letter.message().body()).isEqualTo(json("{\"number\":\"many\"}"));
              assertThat(letter.typeName()).isEqualTo("refresh.v1");
              assertThat(letter.exceptionClass()).isNotNull();
            });
    assertThat(letters)
        .anySatisfy(
            letter -> {
              assertThat(letter.message().attributes()).containsEntry("time", "yesterday");
              assertThat(letter.reason())
                  .isEqualTo(
                      "the CloudEvents attribute 'time' is not a time in RFC 3339 form with an offset");
            });
    assertThat(letters)
        .anySatisfy(
            letter -> {
              assertThat(letter.message().body()).isEqualTo(json("<number/>"));
              assertThat(letter.message().contentType()).isEqualTo("application/xml");
              assertThat(letter.message().headers()).containsEntry("colour", "blue");
              assertThat(letter.reason())
                  .isEqualTo(
                      "the content type 'application/xml' can't be read, only application/json");
            });
  }

  @Test
  @Case("J2")
  void what_is_of_an_unknown_type_or_kind_is_a_dead_letter_and_nothing_of_it_is_loaded() {
    Map<String, String> event = new HashMap<>(named("refresh.v1"));
    event.put("waybillkind", "event");
    List<DeadLetter> letters =
        deadLettersOf(
            wire(json("{}"), named("java.lang.Runtime")),
            wire(json("{\"number\":1}"), named("charge.v1")),
            wire(json("{\"number\":2}"), event));
    assertThat(letters)
        .extracting(DeadLetter::reason)
        .containsExactlyInAnyOrder(
            "no route on the queue %s has the type name 'java.lang.Runtime'"
                .formatted(here.plainQueue),
            "no route on the queue %s has the type name 'charge.v1'".formatted(here.plainQueue),
            "'refresh.v1' is a command by its route, but came as 'event'");
    assertThat(letters)
        .extracting(DeadLetter::typeName)
        .containsExactlyInAnyOrder("java.lang.Runtime", "charge.v1", "refresh.v1");
  }

  @Test
  @Case("J3")
  void a_message_whose_dead_letter_queue_is_away_is_kept_and_said_until_it_is_put_there() {
    UnreachableDeadLetters transport = new UnreachableDeadLetters(harness().transport());
    Recorder<String> handled = new Recorder<>();
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    try (MessageBus reading =
            here.bus().consumeDeadLetters(here.keyedQueue, deadLetters::add).start();
        MessageBus bus =
            here.bus(transport)
                .consume(
                    here.keyedQueue,
                    c ->
                        c.onCommand(
                                Charge.class,
                                (m, x) -> {
                                  if (m.payload().number() == 13) {
                                    throw new IllegalStateException("unlucky");
                                  }
                                  handled.add(m.payload().account() + m.payload().number());
                                })
                            .onFailure(noRetry()))
                .start()) {
      assertThat(bus.health().isUp()).isTrue();
      bus.send(new Charge("bad", 13)).join();
      bus.send(new Charge("bad", 14)).join();
      until("2 attempts to put it away", () -> transport.refusals() >= 2);
      confirmed(IntStream.range(0, 5).mapToObj(i -> bus.send(new Charge("good", i))).toList());
      assertThat(await(handled, 5)).containsExactly("good0", "good1", "good2", "good3", "good4");
      assertThat(bus.health().problems())
          .singleElement()
          .asString()
          .contains(here.keyedQueue + ".dlq");
      assertThat(deadLetters.all()).isEmpty();

      transport.reachable();
      assertThat(await(deadLetters, 1).get(0).reason()).isEqualTo("attempt 1 failed");
      assertThat(await(handled, 6)).endsWith("bad14");
      until("a healthy bus", () -> bus.health().isUp());
      assertThat(reading.health().isUp()).isTrue();
    }
    assertThat(deadLetters.all()).hasSize(1);
  }

  /** What becomes of messages from elsewhere, among which others are handled. */
  private List<DeadLetter> deadLettersOf(WireMessage... poison) {
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    Recorder<Integer> seen = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.payload().number())))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      for (WireMessage message : poison) {
        here.sendForeign(here.queue(here.plainQueue), message);
      }
      bus.send(new Refresh(2)).join();
      assertThat(await(seen, 1)).containsExactly(2);
      return await(deadLetters, poison.length);
    }
  }

  /** The attributes of a message of another producer. */
  private static Map<String, String> named(String type) {
    return Map.of("id", "u-1", "source", "s", "specversion", "1.0", "type", type);
  }
}
