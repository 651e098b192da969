package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.DeadLetter;
import dev.waybill.Document;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Charged;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.testkit.ContractCase.Report;
import dev.waybill.transport.WireMessage;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is sent arrives as it was sent. */
abstract class WireCases extends FaultCases {

  @Test
  @Case("A1")
  void a_body_of_any_bytes_or_none_arrives_as_it_was_sent() {
    byte[] everyValue = new byte[256];
    IntStream.range(0, 256).forEach(i -> everyValue[i] = (byte) i);
    byte[] noText = {(byte) 0xff, (byte) 0xfe, 0, '{', 10, 13, (byte) 0xed, (byte) 0xa0};
    RawCodec codec = new RawCodec(List.of(everyValue, new byte[0], noText, json(" \r\n")));
    Recorder<Integer> handled = new Recorder<>();
    try (MessageBus bus =
        here.bus().codec(codec).consume(here.plainQueue, Numbers.refreshes(handled)).start()) {
      confirmed(Numbers.refresh(bus, IntStream.range(0, 4)));
      here.sendForeign(here.queue(here.plainQueue), wire(everyValue, Map.of()));
      here.sendForeign(here.queue(here.plainQueue), wire(new byte[0], Map.of()));
      await(handled, 6);
    }
    assertThat(codec.read.all())
        .usingElementComparator(java.util.Arrays::compare)
        .containsExactlyInAnyOrder(
            everyValue, new byte[0], noText, json(" \r\n"), everyValue, new byte[0]);
  }

  @Test
  @Case("A2")
  void headers_with_odd_names_and_values_of_any_language_arrive() {
    Recorder<Map<String, String>> seen = new Recorder<>();
    Map<String, String> headers =
        Map.of(
            "tenant", "Zoë's ☕ & <b>\"quotes\"</b>\n\tnext line 𝒳",
            "empty", "",
            "blank", "  ",
            "!#$%&'*+-./:;<=>?@[\\]^_`{|}~", "a name of signs",
            "UPPER", "kept",
            "upper", "apart from it",
            "日本", "never sent");
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, context) -> seen.add(m.metadata().headers())))) {
      assertThatThrownBy(
              () -> bus.send(Command.of(new Refresh(1)).with(m -> m.withHeaders(headers))).join())
          .cause()
          .isInstanceOfSatisfying(
              SendException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
                assertThat(e)
                    .hasMessage("the header name '日本' has to be 1 to 200 visible ASCII characters");
              });
      Map<String, String> carried = new java.util.HashMap<>(headers);
      carried.remove("日本");
      bus.send(Command.of(new Refresh(1)).with(m -> m.withHeaders(carried))).join();
      assertThat(await(seen, 1)).containsExactly(carried);
    }
  }

  @Test
  @Case("A2")
  void many_headers_and_long_values_arrive() {
    Recorder<Map<String, String>> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, context) -> seen.add(m.metadata().headers())))) {
      Map<String, String> headers = new java.util.LinkedHashMap<>();
      IntStream.range(0, 40).forEach(i -> headers.put("header-" + i, "value " + i));
      headers.put("long", "x".repeat(8_000));
      bus.send(Command.of(new Refresh(1)).with(m -> m.withHeaders(headers))).join();
      assertThat(await(seen, 1).get(0)).isEqualTo(headers);
    }
  }

  @Test
  @Case("A4")
  void each_message_has_the_brokers_name_and_says_where_it_was_received() {
    Recorder<String> names = new Recorder<>();
    Recorder<Source> sources = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                            Refresh.class,
                            (m, x) -> {
                              names.add(m.payload().number() + " " + x.brokerId());
                              sources.add(x.source());
                              if (x.attempt() == 1) {
                                x.retryAfter(java.time.Duration.ZERO);
                              }
                            })
                        .onFailure(retry(1)))
            .subscribe(
                here.plainTopic,
                "one",
                c -> c.onEvent(Refreshed.class, (e, x) -> sources.add(x.source())))
            .start()) {
      SendReceipt receipt = bus.send(new Refresh(1)).join();
      assertThat(receipt.brokerId()).isNotBlank();
      assertThat(receipt.channel()).isEqualTo(here.queue(here.plainQueue));
      assertThat(bus.send(new Refresh(2)).join().brokerId()).isNotBlank();
      assertThat(bus.publish(new Refreshed(3)).join().brokerId()).isNotBlank();
      await(sources, 5);
      assertThat(names.all()).allSatisfy(name -> assertThat(name.substring(2)).isNotBlank());
      assertThat(Set.copyOf(names.all())).as("one for both attempts of each").hasSize(2);
      assertThat(Set.copyOf(sources.all()))
          .containsExactlyInAnyOrder(
              here.queue(here.plainQueue), new Subscription(here.topic(here.plainTopic), "one"));
    }
  }

  @Test
  @Case("A5")
  void a_command_arrives_with_everything_it_was_sent_with() {
    Recorder<Command<Charge>> seen = new Recorder<>();
    try (MessageBus bus =
        here.charging(c -> c.onCommand(Charge.class, (command, context) -> seen.add(command)))) {
      Metadata metadata = everything();
      SendReceipt receipt = bus.send(Command.of(new Charge("a", 1), metadata)).join();
      Command<Charge> command = await(seen, 1).get(0);
      assertThat(receipt.messageId()).isEqualTo(metadata.id());
      assertThat(command.payload()).isEqualTo(new Charge("a", 1));
      hasAllOf(command, metadata.withType("charge.v1").withKey("a"));
    }
  }

  @Test
  @Case("A5")
  void an_event_and_a_document_arrive_with_everything_they_were_sent_with() {
    Recorder<Event<Charged>> events = new Recorder<>();
    Recorder<Document<Report>> documents = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .subscribe(
                here.keyedTopic, "one", c -> c.onEvent(Charged.class, (e, x) -> events.add(e)))
            .consume(here.documents, c -> c.onDocument(Report.class, (d, x) -> documents.add(d)))
            .start()) {
      Metadata ofEvent = everything();
      bus.publish(Event.of(new Charged("b", 2), ofEvent)).join();
      hasAllOf(await(events, 1).get(0), ofEvent.withType("charged.v1").withKey("b"));
      Metadata ofDocument = everything();
      Report report = new Report("Größe ☃", List.of("", "\u0000\u0001 control", "日本語"));
      bus.transfer(Document.of(report, ofDocument)).join();
      Document<Report> document = await(documents, 1).get(0);
      assertThat(document.payload()).isEqualTo(report);
      hasAllOf(document, ofDocument.withType("report.v1"));
    }
  }

  /** Metadata with every part that a sender may set, but for type and key. */
  private static Metadata everything() {
    return Metadata.create()
        .withCorrelationId("conversation 7")
        .withCausationId("cause-1")
        .withReplyTo("replies")
        .withExpiresAt(Instant.parse("2100-01-02T03:04:05.678Z"))
        .withHeader("tenant", "Zoë ☕")
        .withHeader("CC", "not-a-queue")
        .withHeader("ce_id", "not-the-id")
        .withHeader("x-delay", "1000")
        .withHeader("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  }

  private static void hasAllOf(Envelope<?> envelope, Metadata sent) {
    Instant time = envelope.metadata().time();
    assertThat(time).isNotNull();
    assertThat(envelope.metadata()).isEqualTo(sent.withSource("contract").withTime(time));
  }

  @Test
  @Case("A5")
  void the_content_type_arrives() {
    RawCodec codec = new RawCodec(List.of(json("{}")));
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .codec(codec)
            .consume(
                here.plainQueue,
                c -> c.onCommand(Refresh.class, (m, x) -> x.deadLetter("to look at")))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      bus.send(new Refresh(0)).join();
      assertThat(await(deadLetters, 1).get(0).message().contentType())
          .isEqualTo("application/vnd.raw; part=1");
    }
  }

  @Test
  @Case("A6")
  void a_json_body_is_kept_to_the_byte() {
    byte[] body =
        json("{ \"number\" : 7,\r\n \"é\": \"\\u00e9 ☕\", \"n\": [1, 2.50, null, 1e3] }\n");
    Recorder<Integer> seen = new Recorder<>();
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          seen.add(m.payload().number());
                          x.deadLetter("to look at");
                        }))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      assertThat(bus.describe()).contains(here.plainQueue);
      here.sendForeign(here.queue(here.plainQueue), wire(body, Map.of()));
      assertThat(await(deadLetters, 1).get(0).message().body()).isEqualTo(body);
      assertThat(seen.all()).containsExactly(7);
    }
  }

  @Test
  @Case("A7")
  void a_foreign_message_is_handled_with_defaults() {
    Recorder<Command<Refresh>> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(c -> c.onCommand(Refresh.class, (command, context) -> seen.add(command)))) {
      assertThat(bus.describe()).contains(here.plainQueue);
      here.sendForeign(
          here.queue(here.plainQueue),
          new WireMessage(
              json("{\"number\":5,\"unknown\":true}"),
              null,
              Map.of(),
              Map.of("colour", "blue"),
              null,
              null));
      Command<Refresh> command = await(seen, 1).get(0);
      assertThat(command.payload()).isEqualTo(new Refresh(5));
      assertThat(command.metadata().id()).isNotBlank();
      assertThat(command.metadata().type()).isEqualTo("refresh.v1");
      assertThat(command.metadata().source()).isNull();
      assertThat(command.metadata().time()).isNull();
      assertThat(command.metadata().key()).isNull();
      assertThat(command.metadata().header("colour")).isEqualTo("blue");
    }
  }
}
