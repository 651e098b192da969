package dev.waybill.transport.rabbitmq;

import static dev.waybill.delivery.FailurePolicy.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.DeadLetter;
import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A broker that ends the channel of a message that is open for too long. */
class ConsumerTimeoutTest {
  /** So much longer than a delivery is open here that no busy machine makes the difference. */
  private static final Duration TIMEOUT = Duration.ofSeconds(8);

  private static final Duration LONGEST_OPEN = Duration.ofMillis(1_500);
  private static final Duration WAIT = Duration.ofSeconds(1);
  private static final int WAITS = 9;

  private final RabbitTestBroker broker = TestBrokers.ownRabbitmq();
  private final String queue = Wires.name("work");

  /** One that always fails, or one of the same key behind it. */
  record Work(boolean fails) {}

  private record Attempt(int number, long at) {}

  @BeforeEach
  void shorten() {
    broker.admin().consumerTimeout(TIMEOUT);
  }

  @AfterEach
  void asBefore() {
    broker.admin().standardConsumerTimeout();
    await().atMost(Recording.LIMIT).untilAsserted(() -> assertThat(RabbitTest.threads()).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void waits_that_add_up_to_more_than_it_lets_a_message_be_open_are_kept(boolean keyed) {
    List<Attempt> attempts = new CopyOnWriteArrayList<>();
    List<DeadLetter> letters = new CopyOnWriteArrayList<>();
    List<String> ends = new CopyOnWriteArrayList<>();
    DelayLevels levels = Wires.delays(Duration.ofMillis(20)).levels();
    try (MessageBus bus =
        MessageBus.over(
                Wires.transport(broker.uri())
                    .delays(new DelaySettings(levels, false, LONGEST_OPEN))
                    .build())
            .routes(
                Routes.define(
                    r -> {
                      var route = r.command(Work.class).named("tests.work.v1").toQueue(queue);
                      if (keyed) {
                        route.keyedBy(work -> "same");
                      }
                    }))
            .connectTimeout(Duration.ofSeconds(60))
            .consume(
                queue,
                c ->
                    c.onCommand(
                            Work.class,
                            (command, context) -> {
                              if (command.payload().fails()) {
                                attempts.add(new Attempt(context.attempt(), System.nanoTime()));
                                throw new IllegalStateException("always");
                              }
                              ends.add(
                                  keyed
                                      ? "behind, after %d attempts".formatted(attempts.size())
                                      : "beside");
                            })
                        .onFailure(
                            retry(0)
                                .thenAfter(
                                    Collections.nCopies(WAITS, WAIT).toArray(Duration[]::new))
                                .thenDeadLetter()))
            .consumeDeadLetters(
                queue,
                letter -> {
                  ends.add("dead");
                  letters.add(letter);
                })
            .start()) {
      bus.send(new Work(true)).join();
      bus.send(new Work(false)).join();

      await().atMost(Duration.ofSeconds(90)).until(() -> letters.size() == 1 && ends.size() == 2);
    }
    assertThat(attempts)
        .extracting(Attempt::number)
        .containsExactlyElementsOf(IntStream.rangeClosed(1, WAITS + 1).boxed().toList());
    for (int i = 1; i < attempts.size(); i++) {
      assertThat(Duration.ofNanos(attempts.get(i).at() - attempts.get(i - 1).at()))
          .isGreaterThanOrEqualTo(WAIT);
    }
    assertThat(letters.get(0).attempts()).isEqualTo(WAITS + 1);
    assertThat(ends)
        .containsExactlyInAnyOrder("dead", keyed ? "behind, after 10 attempts" : "beside");
  }
}
