package dev.waybill.examples.wrong;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.Event;
import dev.waybill.MessageBus;
import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.transport.Transport;
import dev.waybill.transport.kafka.KafkaTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a user is told when something is wrong: what, where, which value, and what to do instead; in
 * time.
 */
class WhatGoesWrongTest {
  record OrderPlaced(String orderId) {}

  record ProcessPayment(String orderId) {}

  /** Where nothing answers: this is waited for. */
  private static final Duration SHORT = Duration.ofSeconds(2);

  /** Where something answers, if only that nobody listens. */
  private static final Duration LONG = Duration.ofSeconds(60);

  /** For a client library's own start, on a busy machine. */
  private static final Duration SLACK = Duration.ofSeconds(20);

  private static final Routes ROUTES =
      Routes.define(
          r -> {
            r.event(OrderPlaced.class).named("orders.placed.v1").toTopic("orders");
            r.command(ProcessPayment.class).named("payments.process.v1").toQueue("payments");
          });

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | kafka://127.0.0.1:%d | No Kafka broker answered at 127.0.0.1:%d within 2 s: is it running, and is the address right? A broker that wants TLS or a login also needs tls(…) or saslPlain(…) and the like, or the property security.protocol.",
        "60 | amqp://app:s3cret@127.0.0.1:%d | No RabbitMQ answered at 127.0.0.1:%d (Connection refused): is it running, and is the address right?",
        "60 | aws://127.0.0.1:%d?region=eu-west-1 | No SQS answered at 127.0.0.1:%1$d (eu-west-1) within 60 s: no connection was made (Connect to 127.0.0.1:%1$d [/127.0.0.1] failed: Connection refused). Is it running, and are address and region right?",
      })
  void the_broker_is_absent(int seconds, String uri, String message) throws IOException {
    int nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = socket.getLocalPort();
    }
    assertStartFails(
        Transport.at(uri.formatted(nobody)),
        Duration.ofSeconds(seconds),
        ErrorCode.CONNECTION_FAILED,
        message.formatted(nobody));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kafka://127.0.0.1:%d | No Kafka broker answered at 127.0.0.1:%d within 2 s: is it running, and is the address right? A broker that wants TLS or a login also needs tls(…) or saslPlain(…) and the like, or the property security.protocol.",
        "amqp://app:s3cret@127.0.0.1:%d | No RabbitMQ answered at 127.0.0.1:%d within 2 s (no answer in time): is it running, and is the address right?",
        "aws://127.0.0.1:%d?region=eu-west-1 | No SQS answered at 127.0.0.1:%d (eu-west-1) within 2 s: no answer in time. Is it running, and are address and region right?",
      })
  void something_else_listens_at_the_port(String uri, String message) throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      int port = silent.getLocalPort();
      assertStartFails(
          Transport.at(uri.formatted(port)),
          SHORT,
          ErrorCode.CONNECTION_FAILED,
          message.formatted(port));
    }
  }

  @Test
  void rabbitmq_refuses_the_password() {
    try (RabbitTestBroker broker = RabbitTestBroker.start()) {
      String uri = broker.uri().replaceFirst(":[^:@/]+@", ":s3cret@");
      assertStartFails(
          Transport.at(uri),
          LONG,
          ErrorCode.NOT_AUTHENTICATED,
          "RabbitMQ at 127.0.0.1:%d refused the user 'waybill': are name and password right? (guest may log in from the broker's own host only.)"
              .formatted(broker.port()));
    }
  }

  @Test
  void kafka_refuses_the_password() {
    try (KafkaTestBroker broker = KafkaTestBroker.builder().plainLogin("app", "right").start()) {
      Transport transport =
          KafkaTransport.builder()
              .bootstrapServers("127.0.0.1:" + broker.port())
              .property("security.protocol", "SASL_PLAINTEXT")
              .property("sasl.mechanism", "PLAIN")
              .property(
                  "sasl.jaas.config",
                  "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"app\" password=\"s3cret\";")
              .build();
      assertStartFails(
          transport,
          LONG,
          ErrorCode.NOT_AUTHENTICATED,
          "Kafka at 127.0.0.1:%d refused the login: check the user, the password and sasl.mechanism."
              .formatted(broker.port()));
    }
  }

  @Test
  void nobody_serves_the_scheme() {
    assertThat(
            catchThrowableOfType(
                MessagingException.class, () -> Transport.at("carrier-pigeon://loft")))
        .hasMessage(
            "No transport serves the scheme 'carrier-pigeon' of 'carrier-pigeon://loft'; known schemes: amqp, amqps, aws, kafka, memory.")
        .extracting(MessagingException::code)
        .isEqualTo(ErrorCode.TRANSPORT_NOT_FOUND);
  }

  @Test
  void the_transport_is_not_on_the_class_path() throws IOException {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    URL core = MessageBus.class.getProtectionDomain().getCodeSource().getLocation();
    try (URLClassLoader coreAlone = new URLClassLoader(new URL[] {core}, null)) {
      Thread.currentThread().setContextClassLoader(coreAlone);
      assertThat(
              catchThrowableOfType(
                  MessagingException.class, () -> Transport.at("kafka://app:s3cret@broker:9092")))
          .hasMessage(
              "The transport for 'kafka://***@broker:9092' is not on the class path: add the dependency dev.waybill:waybill-transport-kafka.")
          .extracting(MessagingException::code)
          .isEqualTo(ErrorCode.TRANSPORT_NOT_FOUND);
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  @Test
  void a_route_has_no_handler() {
    MessageBus.Builder bus =
        MessageBus.over(Transport.at("memory:"))
            .routes(ROUTES)
            .consume("payments", c -> {})
            .subscribe("orders", "billing", c -> c.concurrency(0));
    assertThat(catchThrowableOfType(ConfigurationException.class, bus::start).problems())
        .containsExactly(
            "The command ProcessPayment travels on queue payments, but queue payments has no handler for it: add .onCommand(ProcessPayment.class, …), or .ignoring(ProcessPayment.class).",
            "concurrency(0) on subscription billing of topic orders: give at least 1.",
            "The event OrderPlaced travels on topic orders, but subscription billing of topic orders has no handler for it: add .onEvent(OrderPlaced.class, …), or .ignoring(OrderPlaced.class).");
  }

  @Test
  void a_command_has_two_owners() {
    Routes routes =
        Routes.define(
            r -> {
              r.command(ProcessPayment.class).named("payments.process.v1").toQueue("payments");
              r.command(ProcessPayment.class).named("payments.process.v1").toQueue("accounting");
            });
    MessageBus.Builder bus = MessageBus.over(Transport.at("memory:")).routes(routes);
    assertThat(catchThrowable(bus::start))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "The command ProcessPayment has two owners, queue payments and queue accounting: a command has one; keep one route, or make it an event.");
  }

  @Test
  void an_event_is_sent_as_a_command() {
    try (MessageBus bus = MessageBus.over(Transport.at("memory:")).routes(ROUTES).start()) {
      assertSendFails(
          bus.send(new OrderPlaced("o-1")),
          ErrorCode.WRONG_KIND,
          "OrderPlaced is an event on topic orders: publish it.");
      assertSendFails(
          bus.publish(Event.of(new ProcessPayment("o-1"))),
          ErrorCode.WRONG_KIND,
          "ProcessPayment is a command on queue payments: send it.");
    }
  }

  /** On the other transports: a case of the contract suite. */
  @Test
  void a_body_is_over_the_limit() {
    try (MessageBus bus = MessageBus.over(Transport.at("memory:")).routes(ROUTES).start()) {
      assertSendFails(
          bus.publish(new OrderPlaced("x".repeat(16 * 1024 * 1024))),
          ErrorCode.TOO_LARGE,
          "OrderPlaced to topic orders has a body of 16,777,230 bytes, over the limit of 16,777,216 of inmemory: send less, or a reference to it.");
    }
  }

  private static void assertStartFails(
      Transport transport, Duration connect, ErrorCode code, String message) {
    MessageBus.Builder bus = MessageBus.over(transport).routes(ROUTES).connectTimeout(connect);
    long begin = System.nanoTime();
    MessagingException problem = catchThrowableOfType(MessagingException.class, bus::start);
    Duration taken = Duration.ofNanos(System.nanoTime() - begin);
    assertThat(problem).hasMessage(message);
    assertThat(problem.code()).isEqualTo(code);
    assertThat(taken).isLessThan(connect.plus(SLACK));
    assertThat(everythingSaid(problem)).noneMatch(text -> text.contains("s3cret"));
  }

  private static List<String> everythingSaid(Throwable problem) {
    return Stream.iterate(problem, link -> link != null, Throwable::getCause)
        .map(Throwable::toString)
        .toList();
  }

  private static void assertSendFails(CompletableFuture<?> send, ErrorCode code, String message) {
    Throwable cause = catchThrowable(send::join).getCause();
    assertThat(cause).isInstanceOf(SendException.class).hasMessage(message);
    assertThat(((SendException) cause).code()).isEqualTo(code);
    assertThat(((SendException) cause).certainty()).isEqualTo(Certainty.REJECTED);
  }
}
