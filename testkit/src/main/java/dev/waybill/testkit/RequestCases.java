package dev.waybill.testkit;

import static dev.waybill.delivery.FailurePolicy.noRetry;
import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.ConsumerSpec;
import dev.waybill.DeadLetter;
import dev.waybill.MessageBus;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.RequestFailedException;
import dev.waybill.testkit.ContractCase.Answer;
import dev.waybill.testkit.ContractCase.Done;
import dev.waybill.testkit.ContractCase.NotNeeded;
import dev.waybill.testkit.ContractCase.Refresh;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Support;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Requests and their replies. */
abstract class RequestCases extends TopologyCases {
  /** Enough for a reply on a busy machine; no case waits for it to pass. */
  private static final Duration AMPLE = Duration.ofMinutes(1);

  /** After it a request has no reply; {@link #IN_TIME} is many times as long. */
  private static final Duration SHORT = Duration.ofSeconds(1);

  private static final Duration IN_TIME = Duration.ofSeconds(20);

  @Case(
      value = "L1",
      needs = {Feature.REQUEST_REPLY})
  @Test
  void each_request_gets_its_reply() {
    if (requestsAreRefused()) {
      return;
    }
    Recorder<Integer> attempts = new Recorder<>();
    try (MessageBus bus =
        requesting()
            .consume(
                here.plainQueue,
                c ->
                    c.concurrency(4)
                        .onCommand(
                            Refresh.class,
                            (m, x) -> {
                              attempts.add(x.attempt());
                              x.reply(new Done(m.payload().number()));
                            }))
            .start()) {
      assertEachGetsItsOwn(bus, 0, 20);
      bus.send(new Refresh(99)).join(); // nobody waits for this reply, which is no failure
      assertThat(await(attempts, 21)).containsOnly(1);
    }
  }

  @Case(
      value = "L2",
      needs = {Feature.REQUEST_REPLY},
      alone = true)
  @Test
  void a_request_without_a_reply_fails_in_time_also_if_the_broker_is_gone() {
    if (requestsAreRefused()) {
      return;
    }
    try (MessageBus bus = requesting().start()) {
      MessagingException failure = failureInTime(bus);
      assertThat(failure.code()).isEqualTo(ErrorCode.TIMEOUT);
    }
    ConnectionFaults connection = harness().connectionFaults();
    BrokerFaults broker = harness().brokerFaults();
    if (connection != null) {
      try (connection;
          MessageBus bus = patient(here.bus(connection.transport())).start()) {
        connection.hold();
        try {
          assertThat(failureInTime(bus).code().isTransient()).isTrue();
        } finally {
          connection.heal();
        }
      }
    } else if (broker == null) {
      notProvable("the harness can make no broker go away");
    } else {
      try (MessageBus bus = requesting().start()) {
        broker.stop();
        try {
          assertThat(failureInTime(bus).code().isTransient()).isTrue();
        } finally {
          broker.start();
        }
      }
    }
  }

  @Case(
      value = "L3",
      needs = {Feature.REQUEST_REPLY})
  @Test
  void a_failure_comes_back_as_a_failure_before_the_timeout() {
    if (requestsAreRefused()) {
      return;
    }
    Recorder<Integer> attempts = new Recorder<>();
    Recorder<DeadLetter> deadLetters = new Recorder<>();
    try (MessageBus bus =
        requesting()
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                            Refresh.class,
                            (m, x) -> {
                              if (m.payload().number() == 2) {
                                x.deadLetter("not today");
                                return;
                              }
                              attempts.add(x.attempt());
                              throw new IllegalStateException("no such thing");
                            })
                        .onFailure(retry(1).thenAfter(AMPLE.multipliedBy(2))))
            .consumeDeadLetters(here.plainQueue, deadLetters::add)
            .start()) {
      RequestFailedException thrown =
          requestFailed(bus.request(new Refresh(1), Answer.class, AMPLE));
      assertThat(thrown.failureType()).isEqualTo("java.lang.IllegalStateException");
      assertThat(thrown.failureMessage()).isEqualTo("no such thing");
      assertThat(thrown).hasMessageContaining("to the queue " + here.plainQueue);
      RequestFailedException decided =
          requestFailed(bus.request(new Refresh(2), Answer.class, AMPLE));
      assertThat(decided.failureMessage()).isEqualTo("not today");
      assertThat(await(deadLetters, 2))
          .extracting(DeadLetter::exceptionMessage)
          .containsExactlyInAnyOrder("no such thing", null);
    }
    assertThat(attempts.all()).as("no wait beyond the request's expiry").containsExactly(1, 2);
  }

  @Case(
      value = "L4",
      needs = {Feature.REQUEST_REPLY})
  @Test
  void a_late_reply_is_dropped() {
    if (requestsAreRefused()) {
      return;
    }
    Recorder<Integer> started = new Recorder<>();
    CountDownLatch late = new CountDownLatch(1);
    try (MessageBus bus =
        requesting()
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                            Refresh.class,
                            (m, x) -> {
                              started.add(m.payload().number());
                              if (m.payload().number() == 2) {
                                late.await();
                              }
                              x.reply(new Done(m.payload().number()));
                            })
                        .onFailure(noRetry()))
            .start()) {
      assertThat(reply(bus.request(new Refresh(1), Done.class, AMPLE))).isEqualTo(new Done(1));
      int times = harness().clock() == null ? 10 : 5; // so long, for a busy machine
      var request = bus.request(new Refresh(2), Done.class, SHORT.multipliedBy(times));
      await(started, 2);
      MessagingException failure = failureOf(request);
      assertThat(failure.code()).isEqualTo(ErrorCode.TIMEOUT);
      late.countDown();
      assertThat(reply(bus.request(new Refresh(3), Done.class, AMPLE))).isEqualTo(new Done(3));
      assertThat(failureOf(request)).isSameAs(failure);
    } finally {
      late.countDown();
    }
    assertThat(started.all()).as("a late reply is no failure").containsExactly(1, 2, 3);
  }

  @Case(
      value = "L5",
      needs = {Feature.REQUEST_REPLY})
  @Test
  void a_reply_may_be_of_several_classes() {
    if (requestsAreRefused()) {
      return;
    }
    try (MessageBus bus =
        requesting()
            .consume(
                here.plainQueue,
                c ->
                    c.onCommand(
                        Refresh.class,
                        (m, x) -> {
                          int number = m.payload().number();
                          x.reply(number == 1 ? new Done(1) : new NotNeeded(number, "is fresh"));
                        }))
            .start()) {
      Answer done = reply(bus.request(new Refresh(1), Answer.class, AMPLE));
      Answer notNeeded = reply(bus.request(new Refresh(2), Answer.class, AMPLE));
      assertThat(done).isEqualTo(new Done(1));
      assertThat(notNeeded).isEqualTo(new NotNeeded(2, "is fresh"));
      assertThat(failureOf(bus.request(new Refresh(3), Done.class, AMPLE)).code())
          .as("a reply that was not asked for")
          .isEqualTo(ErrorCode.UNKNOWN_TYPE);
    }
  }

  @Case(
      value = "L6",
      needs = {Feature.REQUEST_REPLY})
  @Test
  void each_instance_of_a_requester_gets_its_own_replies() {
    if (requestsAreRefused()) {
      return;
    }
    java.util.function.Consumer<ConsumerSpec> answering =
        c ->
            c.concurrency(4)
                .onCommand(Refresh.class, (m, x) -> x.reply(new Done(m.payload().number())));
    try (MessageBus responder = here.refreshing(answering);
        MessageBus one = requesting().start();
        MessageBus other = requesting().start()) {
      assertThat(responder.describe()).doesNotContain("requests\n");
      CompletableFuture<Void> atOnce = beside(() -> assertEachGetsItsOwn(other, 100, 20));
      assertEachGetsItsOwn(one, 200, 20);
      until("the other instance's replies", atOnce::isDone);
      atOnce.join();
    }
  }

  /** A bus that requests under the case's name. */
  private MessageBus.Builder requesting() {
    return patient(here.bus());
  }

  /** So that a send without an answer has none when its request has timed out. */
  private MessageBus.Builder patient(MessageBus.Builder bus) {
    return bus.requests(here.id + "-requester").sendTimeout(AMPLE);
  }

  /** Asserts the refusal where there is one. */
  private boolean requestsAreRefused() {
    Support support = support(Feature.REQUEST_REPLY);
    if (!refused(support)) {
      return false;
    }
    assertThatThrownBy(() -> requesting().start().close())
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "requests(\"%s-requester\") needs REQUEST_REPLY, which %s refuses: %s"
                .formatted(here.id, harness().transport().name(), support.note()));
    return true;
  }

  private void assertEachGetsItsOwn(MessageBus bus, int first, int count) {
    List<CompletableFuture<Done>> requests =
        IntStream.range(first, first + count)
            .mapToObj(number -> bus.request(new Refresh(number), Done.class, AMPLE))
            .toList();
    List<Done> replies = requests.stream().map(this::reply).toList();
    assertThat(replies)
        .isEqualTo(IntStream.range(first, first + count).mapToObj(Done::new).toList());
  }

  private MessagingException failureInTime(MessageBus bus) {
    Instant before = now();
    MessagingException failure = failureOf(bus.request(new Refresh(1), Answer.class, SHORT));
    assertThat(Duration.between(before, now())).isLessThan(IN_TIME);
    return failure;
  }

  private RequestFailedException requestFailed(CompletableFuture<?> request) {
    MessagingException failure = failureOf(request);
    assertThat(failure).isInstanceOf(RequestFailedException.class);
    return (RequestFailedException) failure;
  }

  private MessagingException failureOf(CompletableFuture<?> request) {
    until("the failure of a request", request::isDone);
    Throwable failure = request.handle((reply, thrown) -> thrown).join();
    assertThat(failure).isInstanceOf(MessagingException.class);
    return (MessagingException) failure;
  }

  private <R> R reply(CompletableFuture<R> request) {
    until("the reply to a request", request::isDone);
    return request.join();
  }
}
