package dev.waybill.internal;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.internal.Contracts.payment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.Command;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.HandlerContext;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import dev.waybill.Outcome;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.internal.Contracts.OrderShipped;
import dev.waybill.internal.Contracts.ProcessPayment;
import dev.waybill.routing.Channel;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Reject;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InterceptorTest {
  private final FakeTransport transport = new FakeTransport();
  private final List<String> steps = new CopyOnWriteArrayList<>();
  private MessageBus bus;

  @FunctionalInterface
  private interface Incoming extends Interceptor {
    CompletionStage<Outcome> around(Envelope<?> envelope, HandlerContext context, Next next)
        throws Exception;

    @Override
    default CompletionStage<Outcome> incoming(
        Envelope<?> envelope, HandlerContext context, Next next) throws Exception {
      return around(envelope, context, next);
    }
  }

  @FunctionalInterface
  private interface OutgoingOnly extends Interceptor {
    Envelope<?> change(Envelope<?> envelope);

    @Override
    default Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
      return change(envelope);
    }
  }

  @AfterEach
  void close() {
    bus.close();
  }

  private void start(Interceptor... interceptors) {
    bus =
        Contracts.bus(
            transport,
            b -> {
              for (Interceptor interceptor : interceptors) {
                b.intercept(interceptor);
              }
              return b.consume(
                  "payments",
                  c ->
                      c.onCommand(
                              ProcessPayment.class,
                              (command, context) -> {
                                steps.add("handler");
                                context.publish(new OrderShipped("o-1"));
                              })
                          .onFailure(noRetry()));
            });
  }

  private Settlement handle() {
    return transport.deliver("payments", payment("m-1")).settlement();
  }

  private void assertFailed(Class<? extends Throwable> exception, String message) {
    Settlement settlement = handle();
    assertThat(settlement).isInstanceOf(Reject.class);
    assertThat(((Reject) settlement).evidence())
        .containsEntry("waybill-dead-letter-reason", "attempt 1 failed")
        .containsEntry("waybill-dead-letter-exception-class", exception.getName())
        .containsEntry("waybill-dead-letter-exception-message", message);
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void interceptors_stand_around_the_handler_in_the_order_of_their_adding() {
    start(named("first"), named("second"));

    assertThat(handle()).isEqualTo(Settlement.accept());

    assertThat(steps)
        .containsExactly(
            "first before",
            "second before",
            "handler",
            "second after",
            "first after",
            "first out",
            "second out");
  }

  private Interceptor named(String name) {
    return new Interceptor() {
      @Override
      public Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
        steps.add(name + " out");
        return envelope.with(m -> m.withHeader("by", name));
      }

      @Override
      public CompletionStage<Outcome> incoming(
          Envelope<?> envelope, HandlerContext context, Next next) throws Exception {
        steps.add(name + " before");
        CompletionStage<Outcome> outcome = next.proceed();
        steps.add(name + " after");
        return outcome;
      }
    };
  }

  @Test
  void an_interceptor_decides_by_what_it_returns_and_not_through_the_context() {
    start(
        (Incoming)
            (envelope, context, next) -> {
              CompletionStage<Outcome> outcome = next.proceed();
              context.discard("not for us");
              return outcome;
            });

    assertFailed(
        IllegalStateException.class,
        "Discarded[reason=not for us] has no effect on m-1: its handler decides, while it handles; an"
            + " interceptor returns its decision");
  }

  @Test
  void what_one_has_the_context_carry_is_there_on_the_way_out_of_what_the_handler_sends() {
    start(
        new Interceptor() {
          @Override
          public CompletionStage<Outcome> incoming(
              Envelope<?> envelope, HandlerContext context, Next next) throws Exception {
            context.carry("traceparent", "00-1-3-01");
            return next.proceed();
          }

          @Override
          public Envelope<?> outgoing(Envelope<?> envelope, Channel channel) {
            steps.add("out in " + envelope.metadata().header("traceparent"));
            return envelope;
          }
        });

    assertThat(handle()).isEqualTo(Settlement.accept());

    assertThat(steps).containsExactly("handler", "out in 00-1-3-01");
  }

  @Test
  void each_sees_what_the_one_before_has_made_on_the_way_out() {
    start(
        (OutgoingOnly) envelope -> envelope.with(m -> m.withHeader("a", "1")),
        (OutgoingOnly) envelope -> envelope.with(m -> m.withHeader("b", m.header("a") + "2")));

    bus.publish(new OrderShipped("o-1")).join();

    assertThat(transport.sent.get(0).message().headers())
        .containsEntry("wb-a", "1")
        .containsEntry("wb-b", "12");
  }

  @Test
  void an_interceptor_may_answer_in_the_handlers_place() {
    start(
        (Incoming)
            (envelope, context, next) ->
                CompletableFuture.completedFuture(Outcome.discard("not for us")));

    assertThat(handle()).isEqualTo(Settlement.accept());
    assertThat(steps).isEmpty();
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void an_interceptor_may_change_the_outcome_and_then_nothing_is_sent() {
    start(
        (Incoming)
            (envelope, context, next) ->
                next.proceed().thenApply(outcome -> Outcome.deadLetter("vetoed")));

    Settlement settlement = handle();

    assertThat(((Reject) settlement).reason()).isEqualTo("vetoed");
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void an_interceptor_sees_the_handlers_failure() {
    bus =
        Contracts.bus(
            transport,
            b ->
                b.intercept(
                        (Incoming)
                            (envelope, context, next) -> {
                              try {
                                return next.proceed();
                              } catch (IllegalStateException e) {
                                steps.add(e.getMessage());
                                throw e;
                              }
                            })
                    .consume(
                        "payments",
                        c ->
                            c.onCommand(
                                    ProcessPayment.class,
                                    (command, context) -> {
                                      throw new IllegalStateException("no");
                                    })
                                .onFailure(noRetry())));

    assertFailed(IllegalStateException.class, "no");
    assertThat(steps).containsExactly("no");
  }

  @Test
  void one_that_throws_has_failed() {
    start(
        (Incoming)
            (envelope, context, next) -> {
              throw new IllegalStateException("not allowed");
            });

    assertFailed(IllegalStateException.class, "not allowed");
  }

  @Test
  void one_whose_stage_fails_has_failed() {
    start(
        (Incoming)
            (envelope, context, next) ->
                next.proceed()
                    .thenApply(
                        outcome -> {
                          throw new IllegalStateException("afterwards");
                        }));

    assertFailed(IllegalStateException.class, "afterwards");
  }

  @Test
  void one_that_returns_no_stage_has_failed_and_nothing_is_sent() {
    start(
        (Incoming)
            (envelope, context, next) -> {
              var unused = next.proceed();
              return null;
            });

    assertFailed(NullPointerException.class, "an interceptor returned null instead of a stage");
  }

  @Test
  void one_whose_stage_has_no_outcome_has_failed_and_acknowledges_nothing() {
    start((Incoming) (envelope, context, next) -> next.proceed().thenApply(outcome -> null));

    assertFailed(
        NullPointerException.class, "an interceptor's stage gave null instead of an Outcome");
  }

  @Test
  void one_that_goes_on_twice_has_failed_and_the_handler_runs_once() {
    start(
        (Incoming)
            (envelope, context, next) -> {
              var unused = next.proceed();
              return next.proceed();
            });

    assertFailed(
        IllegalStateException.class, "an interceptor called next.proceed() twice; once is allowed");
    assertThat(steps).containsExactly("handler");
  }

  @Test
  void one_that_throws_on_the_way_out_stops_the_send() {
    start(
        (OutgoingOnly)
            envelope -> {
              throw new SecurityException("not allowed");
            });

    CompletableFuture<?> send = bus.publish(new OrderShipped("o-1"));

    assertThat(send).isCompletedExceptionally();
    assertThat(send.handle((done, failure) -> failure).join())
        .isInstanceOfSatisfying(
            SendException.class,
            e -> {
              assertThat(e.certainty()).isEqualTo(SendException.Certainty.REJECTED);
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
              assertThat(e).hasMessageContaining("threw java.lang.SecurityException");
            })
        .hasRootCauseInstanceOf(SecurityException.class)
        .hasRootCauseMessage("not allowed");
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void one_that_makes_something_else_of_an_envelope_stops_the_send() {
    for (Envelope<?> other :
        List.of(Event.of(new ProcessPayment("o-1", 1)), Command.of(new OrderShipped("o-1")))) {
      start((OutgoingOnly) envelope -> other);

      SendException rejected = failure(bus.publish(new OrderShipped("o-1")));

      assertThat(rejected.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
      assertThat(rejected.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(rejected.getMessage())
          .startsWith("the interceptor " + InterceptorTest.class.getName() + "$$Lambda")
          .endsWith(": it has to keep the payload's class and the kind")
          .contains(" made " + other + " of Event[OrderShipped ");
      bus.close();
    }
    assertThat(transport.sent).isEmpty();
  }

  @Test
  void one_that_makes_nothing_of_an_envelope_stops_the_send() {
    start((OutgoingOnly) envelope -> null);

    SendException rejected = failure(bus.publish(new OrderShipped("o-1")));

    assertThat(rejected.code()).isEqualTo(ErrorCode.INVALID_MESSAGE);
    assertThat(rejected.getMessage()).contains(" made null of Event[OrderShipped ");
  }

  private static SendException failure(CompletableFuture<?> send) {
    Throwable failure = send.handle((done, thrown) -> thrown).join();
    return (SendException) (failure instanceof CompletionException ? failure.getCause() : failure);
  }
}
