package dev.waybill.internal;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.waybill.Command;
import dev.waybill.ConsumerSpec;
import dev.waybill.Handler;
import dev.waybill.MessageBus;
import dev.waybill.delivery.DeliveryGuarantee;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.internal.Contracts.Invoice;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.Paid;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.internal.FakeTransport.Sent;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import dev.waybill.transport.Settlement.Release;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReplyTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final ReplyQueue SHOP = new ReplyQueue("shop", "a1b2");
  private static final Settlement ACCEPT = Settlement.accept();

  private final FakeTransport transport = new FakeTransport();
  private final List<Integer> sentAtSettlement = new CopyOnWriteArrayList<>();
  private MessageBus bus;

  @AfterEach
  void close() {
    bus.close();
  }

  private void consuming(Consumer<ConsumerSpec> consumer) {
    bus =
        Contracts.bus(
            transport,
            b ->
                b.clock(Clock.fixed(NOW, ZoneOffset.UTC))
                    .drainTimeout(Duration.ofMillis(20))
                    .consume("payments", consumer));
  }

  private void handling(Handler<Command<ProcessPayment>> handler) {
    handling(noRetry(), handler);
  }

  private void handling(FailurePolicy policy, Handler<Command<ProcessPayment>> handler) {
    consuming(c -> c.onCommand(ProcessPayment.class, handler).onFailure(policy));
  }

  private void deciding(Handler<Command<ProcessPayment>> handler) {
    consuming(c -> c.onCommand(ProcessPayment.class, handler));
  }

  private static FakeDelivery request(Consumer<Map<String, String>> more) {
    return request(Contracts.PAYMENT, more);
  }

  private static FakeDelivery request(String body, Consumer<Map<String, String>> more) {
    return Contracts.payment(
        "m-1",
        body,
        attributes -> {
          attributes.put("waybillreplyto", SHOP.name());
          more.accept(attributes);
        });
  }

  private Settlement handle() {
    return handle(request(attributes -> {}));
  }

  private Settlement handle(FakeDelivery request) {
    transport.deliver(
        "payments",
        request.answering(
            () -> {
              sentAtSettlement.add(transport.sent.size());
              return CompletableFuture.completedFuture(Settlement.Result.SETTLED);
            }));
    return request.settlement();
  }

  private static String body(Sent sent) {
    return new String(sent.message().body(), StandardCharsets.UTF_8);
  }

  private void assertOnlyFault(String failureType, String message) {
    assertThat(transport.sent)
        .extracting(ReplyTest::body)
        .containsExactly(
            "{\"failureType\":\"%s\",\"message\":\"%s\"}".formatted(failureType, message));
  }

  // replies

  @Test
  void a_reply_leaves_after_success_and_before_the_request_is_settled() {
    handling((command, context) -> context.reply(new Paid("o-1")));

    assertThat(handle()).isEqualTo(ACCEPT);

    assertThat(sentAtSettlement).containsExactly(1);
    Sent sent = transport.sent.get(0);
    assertThat(sent.channel()).isEqualTo(SHOP);
    assertThat(body(sent)).isEqualTo("{\"orderId\":\"o-1\"}");
    assertThat(sent.message().attributes())
        .containsEntry("type", "payments.paid.v1")
        .containsEntry("waybillkind", "document")
        .containsEntry("causationid", "m-1")
        .containsEntry("correlationid", "conversation")
        .containsEntry("source", "test-service");
    assertThat(sent.message().headers()).containsEntry("traceparent", "00-1-2-01");
  }

  @Test
  void a_request_that_is_handled_again_has_the_same_reply_again() {
    handling((command, context) -> context.reply(new Paid("o-1")));

    handle();
    handle();

    assertThat(transport.sent).hasSize(2);
    assertThat(transport.sent.get(1).id()).isEqualTo(transport.sent.get(0).id());
  }

  @Test
  void nobody_is_replied_to_who_did_not_request_or_whose_address_is_no_reply_queue() {
    handling((command, context) -> context.reply(new Paid("o-1")));

    assertThat(handle(Contracts.payment("m-1"))).isEqualTo(ACCEPT);
    for (String address : new String[] {"", "invoices", "replies.x", "amqp://else.where/replies"}) {
      assertThat(handle(request(attributes -> attributes.put("waybillreplyto", address))))
          .isEqualTo(ACCEPT);
    }

    assertThat(transport.sent).isEmpty();
  }

  @Test
  void a_second_reply_and_one_that_is_not_named_are_mistakes_at_once() {
    List<Throwable> thrown = new CopyOnWriteArrayList<>();
    handling(
        (command, context) -> {
          thrown.add(catchThrowable(() -> context.reply(new Invoice("1"))));
          context.reply(new Paid("o-1"));
          thrown.add(catchThrowable(() -> context.reply(new Paid("o-2"))));
        });

    handle();

    assertThat(thrown.get(0))
        .isInstanceOf(MessagingException.class)
        .hasMessage(
            "Invoice is not a reply: add r.reply(Invoice.class).named(\"…\") to the routes.");
    assertThat(thrown.get(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the handler of m-1 has replied already; a request has one reply");
    assertThat(transport.sent).hasSize(1);
  }

  @Test
  void a_reply_to_a_queue_that_is_gone_is_dropped() {
    for (ErrorCode gone : new ErrorCode[] {ErrorCode.NOT_FOUND, ErrorCode.UNROUTABLE}) {
      transport.answer =
          sent -> CompletableFuture.failedFuture(SendException.rejected(gone, "gone", null));
      handling((command, context) -> context.reply(new Paid("o-1")));

      assertThat(handle()).isEqualTo(ACCEPT);
      bus.close();
    }
  }

  @Test
  void a_queue_that_is_gone_is_a_failure_of_what_is_not_a_reply() {
    transport.answer =
        sent ->
            sent.channel().equals(SHOP)
                ? CompletableFuture.completedFuture("x")
                : CompletableFuture.failedFuture(
                    SendException.rejected(ErrorCode.NOT_FOUND, "gone", null));
    handling(
        (command, context) -> {
          context.publish(new OrderShipped("o-1"));
          context.reply(new Paid("o-1"));
        });

    assertThat(handle()).isInstanceOf(Reject.class);
  }

  @Test
  void a_reply_that_fails_otherwise_is_a_failure_of_the_handling() {
    transport.answer =
        sent ->
            CompletableFuture.failedFuture(
                SendException.unknown(ErrorCode.CONNECTION_FAILED, "lost", null));
    handling((command, context) -> context.reply(new Paid("o-1")));

    assertThat(handle()).isInstanceOf(Reject.class);
  }

  // faults

  @Test
  void a_requester_is_told_of_a_failure_before_the_request_is_settled() {
    handling(
        retry(1),
        (command, context) -> {
          context.reply(new Paid("o-1"));
          throw new IOException("no bank");
        });

    assertThat(handle()).isInstanceOf(Reject.class);

    assertThat(sentAtSettlement).containsExactly(1);
    assertOnlyFault("java.io.IOException", "no bank");
    Sent sent = transport.sent.get(0);
    assertThat(sent.channel()).isEqualTo(SHOP);
    assertThat(sent.message().attributes())
        .containsEntry("type", "dev.waybill.fault.v1")
        .containsEntry("waybillkind", "document")
        .containsEntry("causationid", "m-1")
        .containsEntry("correlationid", "conversation");
    assertThat(sent.message().headers()).containsEntry("traceparent", "00-1-2-01");
  }

  @Test
  void a_requester_is_told_what_was_decided() {
    deciding((command, context) -> context.deadLetter("not today"));
    assertThat(handle()).isInstanceOf(Reject.class);
    assertOnlyFault("dead letter", "not today");
    bus.close();

    transport.sent.clear();
    deciding((command, context) -> context.discard("never"));
    assertThat(handle()).isEqualTo(ACCEPT);
    assertOnlyFault("discarded", "never");
  }

  @Test
  void a_requester_is_told_of_a_failure_under_at_most_once() {
    consuming(
        c ->
            c.guarantee(DeliveryGuarantee.AT_MOST_ONCE)
                .onCommand(
                    ProcessPayment.class,
                    (command, context) -> {
                      throw new IOException();
                    }));

    assertThat(handle()).isEqualTo(ACCEPT);

    await().until(() -> transport.sent.size() == 1);
    assertOnlyFault("java.io.IOException", "failed under at-most-once");
  }

  @Test
  void a_requester_is_told_that_its_request_could_not_be_read_or_known() {
    handling((command, context) -> context.reply(new Paid("o-1")));

    handle(request("{", attributes -> {}));
    handle(request(attributes -> attributes.put("type", "payments.process.v9")));
    handle(request(attributes -> attributes.put("time", "noon")));
    handle(request(attributes -> attributes.put("expirytime", "2026-01-01T11:59:59Z")));

    assertThat(transport.sent)
        .extracting(ReplyTest::body)
        .containsExactly(
            fault("the body is not a JSON ProcessPayment: JsonEOFException at line 1, column 2"),
            fault("no route on the queue payments has the type name 'payments.process.v9'"),
            fault("the CloudEvents attribute 'time' is not a time in RFC 3339 form with an offset"),
            "{\"failureType\":\"dead letter\",\"message\":\"expired at 2026-01-01T11:59:59Z\"}");
    assertThat(transport.sent)
        .extracting(sent -> sent.message().attributes().get("causationid"))
        .containsOnly("m-1");
  }

  private static String fault(String message) {
    return "{\"failureType\":\"dev.waybill.error.MessagingException\",\"message\":\"%s\"}"
        .formatted(message);
  }

  @Test
  void a_fault_is_of_bounded_length() {
    handling(
        (command, context) -> {
          throw new IOException("x".repeat(100_000));
        });

    handle();

    assertOnlyFault("java.io.IOException", "x".repeat(1_000));
  }

  @Test
  void a_request_is_settled_also_if_its_requester_can_not_be_told() {
    handling(
        (command, context) -> {
          throw new IOException("no bank");
        });
    for (ErrorCode code : new ErrorCode[] {ErrorCode.NOT_FOUND, ErrorCode.CONNECTION_FAILED}) {
      transport.answer =
          sent -> CompletableFuture.failedFuture(SendException.unknown(code, "lost", null));
      assertThat(handle()).isInstanceOf(Reject.class);
    }
    transport.answer =
        sent -> {
          throw new IllegalStateException("a bug");
        };
    assertThat(handle()).isInstanceOf(Reject.class);
  }

  @Test
  void nobody_is_told_who_did_not_request_or_whose_request_is_handled_elsewhere() {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    handling(
        (command, context) -> {
          begun.countDown();
          mayEnd.await();
          throw new IOException("no bank");
        });
    FakeDelivery lost = transport.deliver("payments", request(attributes -> {}));
    await().until(() -> begun.getCount() == 0);
    lost.lose();
    mayEnd.countDown();

    lost.settlement();
    handle(Contracts.payment("m-2"));

    assertThat(transport.sent).isEmpty();
  }

  @Test
  void nobody_is_told_of_a_handler_that_was_interrupted_by_the_closing() {
    CountDownLatch begun = new CountDownLatch(1);
    handling(
        (command, context) -> {
          begun.countDown();
          new CountDownLatch(1).await();
        });
    FakeDelivery request = transport.deliver("payments", request(attributes -> {}));
    await().until(() -> begun.getCount() == 0);

    bus.close();

    assertThat(request.settlement()).isEqualTo(new Release(Duration.ZERO, 0));
    assertThat(transport.sent).isEmpty();
  }

  // the requester's patience

  @Test
  void a_request_does_not_wait_for_an_attempt_that_would_come_too_late() {
    handling(
        retry(1).thenAfter(Duration.ofSeconds(10)),
        (command, context) -> {
          throw new IOException("no bank");
        });

    Settlement settlement =
        handle(request(attributes -> attributes.put("expirytime", "2026-01-01T12:00:10Z")));

    assertThat(((Reject) settlement).reason())
        .isEqualTo("attempt 2 failed, and the request would have expired at the next");
    assertOnlyFault("java.io.IOException", "no bank");
  }

  @Test
  void a_request_ends_as_its_policy_does() {
    handling(
        noRetry().thenAfter(Duration.ofSeconds(10)).thenDiscard(),
        (command, context) -> {
          throw new IOException("no bank");
        });

    assertThat(handle(request(attributes -> attributes.put("expirytime", "2026-01-01T12:00:01Z"))))
        .isEqualTo(ACCEPT);
    assertOnlyFault("java.io.IOException", "no bank");
  }

  @Test
  void an_attempt_that_would_come_in_time_is_waited_for() {
    handling(
        noRetry().thenAfter(Duration.ofMillis(20)),
        (command, context) -> {
          if (context.attempt() == 1) {
            throw new IOException("no bank");
          }
          context.reply(new Paid("o-1"));
        });

    assertThat(handle(request(attributes -> attributes.put("expirytime", "2026-01-01T12:00:10Z"))))
        .isEqualTo(ACCEPT);
    assertThat(transport.sent).extracting(ReplyTest::body).containsExactly("{\"orderId\":\"o-1\"}");
  }

  @Test
  void a_command_that_expires_and_was_not_requested_waits_on() {
    handling(
        noRetry().thenAfter(Duration.ofMillis(20)),
        (command, context) -> {
          if (context.attempt() == 1) {
            throw new IOException("no bank");
          }
        });

    assertThat(
            handle(
                Contracts.payment(
                    "m-1",
                    Contracts.PAYMENT,
                    attributes -> attributes.put("expirytime", "2026-01-01T12:00:00.010Z"))))
        .isEqualTo(ACCEPT);
  }
}
