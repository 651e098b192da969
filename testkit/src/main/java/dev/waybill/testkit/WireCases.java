package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.Metadata;
import dev.waybill.SendReceipt;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.testkit.ContractCase.Charge;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Refreshed;
import dev.waybill.testkit.ContractCase.Report;
import dev.waybill.transport.WireMessage;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is sent arrives as it was sent. */
abstract class WireCases extends FaultCases {

  @Test
  void a_command_arrives_with_everything_it_was_sent_with() {
    Recorder<Command<Charge>> seen = new Recorder<>();
    try (MessageBus bus =
        here.charging(c -> c.onCommand(Charge.class, (command, context) -> seen.add(command)))) {
      Metadata metadata =
          Metadata.create()
              .withCorrelationId("conversation 7")
              .withCausationId("cause-1")
              .withReplyTo("replies")
              .withExpiresAt(Instant.parse("2100-01-02T03:04:05.678Z"))
              .withHeader("tenant", "Zoë's ☕ & <b>\"quotes\"</b>\n\tnext line 𝒳")
              .withHeader("empty", "")
              .withHeader("CC", "not-a-queue")
              .withHeader("ce_id", "not-the-id")
              .withHeader("x-delay", "1000")
              .withHeader("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
      SendReceipt receipt = bus.send(Command.of(new Charge("a", 1), metadata)).join();

      Command<Charge> command = await(seen, 1).get(0);
      assertThat(receipt.messageId()).isEqualTo(metadata.id());
      assertThat(receipt.brokerId()).isNotBlank();
      assertThat(command.payload()).isEqualTo(new Charge("a", 1));
      assertThat(command.metadata())
          .isEqualTo(
              metadata
                  .withType("charge.v1")
                  .withSource("contract")
                  .withKey("a")
                  .withTime(command.metadata().time()));
      assertThat(command.metadata().time()).isNotNull();
    }
  }

  @Test
  void many_headers_and_long_values_arrive() {
    Recorder<Map<String, String>> seen = new Recorder<>();
    try (MessageBus bus =
        here.refreshing(
            c -> c.onCommand(Refresh.class, (m, context) -> seen.add(m.metadata().headers())))) {
      Map<String, String> headers = new LinkedHashMap<>();
      IntStream.range(0, 40).forEach(i -> headers.put("header-" + i, "value " + i));
      headers.put("long", "x".repeat(8_000));
      bus.send(Command.of(new Refresh(1)).with(m -> m.withHeaders(headers))).join();
      assertThat(await(seen, 1).get(0)).isEqualTo(headers);
    }
  }

  @Test
  void events_and_documents_arrive_as_what_they_are() {
    Recorder<Envelope<?>> seen = new Recorder<>();
    try (MessageBus bus =
        here.bus()
            .subscribe(
                here.plainTopic,
                "one",
                c -> c.onEvent(Refreshed.class, (event, context) -> seen.add(event)))
            .consume(
                here.documents,
                c -> c.onDocument(Report.class, (document, context) -> seen.add(document)))
            .start()) {
      bus.publish(new Refreshed(1)).join();
      Report report = new Report("Größe ☃", List.of("", "\u0000\u0001 control", "日本語"));
      bus.transfer(report).join();
      List<Envelope<?>> both = await(seen, 2);
      assertThat(both)
          .hasAtLeastOneElementOfType(Event.class)
          .hasAtLeastOneElementOfType(Document.class);
      assertThat(both)
          .extracting(envelope -> (Object) envelope.payload())
          .contains(new Refreshed(1), report);
    }
  }

  @Test
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
      assertThat(command.metadata().header("colour")).isEqualTo("blue");
    }
  }

  @Test
  void a_body_over_the_limit_is_rejected_and_nothing_is_sent() {
    Recorder<Report> seen = new Recorder<>();
    long limit = harness().transport().capabilities(false).maxBodyBytes();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.documents,
                c -> c.onDocument(Report.class, (d, context) -> seen.add(d.payload())))
            .start()) {
      Report tooLarge = new Report("x".repeat((int) limit), List.of());
      assertThatThrownBy(() -> bus.transfer(tooLarge).join())
          .hasCauseInstanceOf(SendException.class)
          .cause()
          .hasMessageStartingWith("Report to queue %s has a body of ".formatted(here.documents))
          .hasMessageEndingWith("send less, or a reference to it.")
          .satisfies(e -> assertThat(((SendException) e).code()).isEqualTo(ErrorCode.TOO_LARGE))
          .satisfies(
              e ->
                  assertThat(((SendException) e).certainty())
                      .isEqualTo(SendException.Certainty.REJECTED));
      bus.transfer(new Report("small", List.of())).join();
      assertThat(await(seen, 1)).containsExactly(new Report("small", List.of()));
    }
  }

  @Test
  void a_body_just_under_the_limit_arrives() {
    Recorder<Integer> seen = new Recorder<>();
    long limit = harness().transport().capabilities(false).maxBodyBytes();
    try (MessageBus bus =
        here.bus()
            .consume(
                here.documents,
                c -> c.onDocument(Report.class, (d, x) -> seen.add(d.payload().title().length())))
            .start()) {
      int overhead = "{\"title\":\"\",\"lines\":[]}".length();
      int length = (int) limit - overhead;
      bus.transfer(new Report("y".repeat(length), List.of())).join();
      assertThat(await(seen, 1)).containsExactly(length);
    }
  }
}
