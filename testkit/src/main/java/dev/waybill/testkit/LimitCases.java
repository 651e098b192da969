package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.testkit.ContractCase.Report;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is too much is rejected by its sender's side, and what is just not too much arrives. */
abstract class LimitCases extends WireCases {
  /** More than any broker's limit; where there is none, so much arrives. */
  private static final int MANY_HEADERS = 1_100;

  private static final int LONG_HEADER = 200_000;

  /** Room for the attributes that each message has. */
  private static final int OWN_HEADERS = 20;

  private static final int OWN_HEADER_BYTES = 1_000;

  @Test
  @Case("A3")
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
          .cause()
          .hasMessageStartingWith("Report to queue %s has a body of ".formatted(here.documents))
          .satisfies(LimitCases::isTooLarge);
      bus.transfer(new Report("small", List.of())).join();
      assertThat(await(seen, 1)).containsExactly(new Report("small", List.of()));
    }
  }

  @Test
  @Case("A3")
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

  @Test
  @Case("A3")
  void more_headers_than_the_limit_are_rejected_and_nothing_is_sent() {
    int limit = harness().transport().capabilities(false).maxHeaders();
    boolean limited = limit <= MANY_HEADERS;
    Map<String, String> under = headers(limited ? limit - OWN_HEADERS : MANY_HEADERS);
    Recorder<Map<String, String>> seen = new Recorder<>();
    try (MessageBus bus = keepingHeaders(seen)) {
      if (limited) {
        assertThatThrownBy(() -> bus.send(with(headers(limit))).join())
            .cause()
            .hasMessageContaining(
                "attributes and headers, over the limit of %s".formatted(grouped(limit)))
            .satisfies(LimitCases::isTooLarge);
      }
      bus.send(with(under)).join();
      assertThat(await(seen, 1)).containsExactly(under);
    }
  }

  @Test
  @Case("A3")
  void longer_headers_than_the_limit_are_rejected_and_nothing_is_sent() {
    long limit = harness().transport().capabilities(false).maxHeaderBytes();
    boolean limited = limit <= LONG_HEADER;
    Map<String, String> under =
        Map.of("long", "z".repeat(limited ? (int) limit - OWN_HEADER_BYTES : LONG_HEADER));
    Recorder<Map<String, String>> seen = new Recorder<>();
    try (MessageBus bus = keepingHeaders(seen)) {
      if (limited) {
        // every one of them takes two bytes
        Map<String, String> over = Map.of("long", "é".repeat((int) limit / 2));
        assertThatThrownBy(() -> bus.send(with(over)).join())
            .cause()
            .hasMessageContaining(
                "bytes of attributes and headers, over the limit of %s".formatted(grouped(limit)))
            .satisfies(LimitCases::isTooLarge);
      }
      bus.send(with(under)).join();
      assertThat(await(seen, 1)).containsExactly(under);
    }
  }

  private MessageBus keepingHeaders(Recorder<Map<String, String>> seen) {
    return here.refreshing(
        c -> c.onCommand(Refresh.class, (m, x) -> seen.add(m.metadata().headers())));
  }

  private static Command<Refresh> with(Map<String, String> headers) {
    return Command.of(new Refresh(1)).with(m -> m.withHeaders(headers));
  }

  private static Map<String, String> headers(int count) {
    Map<String, String> headers = new LinkedHashMap<>();
    IntStream.range(0, count).forEach(i -> headers.put("h" + i, "v"));
    return headers;
  }

  private static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static void isTooLarge(Throwable failure) {
    assertThat(failure)
        .hasMessageEndingWith("send less, or a reference to it.")
        .isInstanceOfSatisfying(
            SendException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.TOO_LARGE);
              assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED);
            });
  }
}
