package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import dev.waybill.transport.rabbitmq.Acknowledgements.Ack;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When acknowledgements are written. No timer has its turn within {@link #atOnce}. */
class AcknowledgerTest {
  private static final int PREFETCH = 64;

  private final RabbitThreads threads = new RabbitThreads();
  private final Mailbox mailbox = new Mailbox(threads, "test");
  private final List<Ack> written = new CopyOnWriteArrayList<>();
  private final AtomicInteger settled = new AtomicInteger();
  private final List<Exception> forgotten = new CopyOnWriteArrayList<>();
  private volatile boolean lost;
  private Acknowledger acknowledger = acknowledger(PREFETCH);

  @AfterEach
  void close() {
    mailbox.close();
    threads.awaitEnd(Recording.LIMIT);
  }

  @Test
  void a_sixteenth_of_the_prefetch_is_written_at_once_and_less_is_not() {
    arrive(8);

    assertThat(atOnce(() -> acknowledge(1, 3))).isEmpty();
    await().atMost(Recording.LIMIT).until(() -> settled.get() == 3);
    assertThat(written).containsExactly(new Ack(3, true));
    assertThat(atOnce(() -> acknowledge(4, 7))).containsExactly(new Ack(3, true), new Ack(7, true));
    assertThat(settled).hasValue(7);
  }

  @Test
  void half_of_the_prefetch_does_not_wait_for_an_open_delivery() {
    arrive(PREFETCH);

    assertThat(atOnce(() -> acknowledge(2, PREFETCH / 2))).isEmpty();

    await().atMost(Recording.LIMIT).until(() -> written.size() == PREFETCH / 2 - 1);
    written.clear();
    acknowledger = acknowledger(PREFETCH);
    arrive(PREFETCH);
    assertThat(atOnce(() -> acknowledge(2, PREFETCH / 2 + 1)))
        .hasSize(PREFETCH / 2)
        .noneMatch(Ack::multiple);
  }

  @Test
  void with_a_small_prefetch_nothing_waits() {
    acknowledger = acknowledger(31);
    arrive(3);

    assertThat(atOnce(() -> acknowledge(2, 2))).containsExactly(new Ack(2, false));
  }

  @Test
  void what_is_beyond_an_open_delivery_is_written_after_a_while() {
    arrive(3);

    atOnce(() -> acknowledge(2, 3));

    await().atMost(Recording.LIMIT).until(() -> written.size() == 2);
    assertThat(written).containsExactly(new Ack(2, false), new Ack(3, false));
  }

  @Test
  void in_a_hurry_nothing_waits() {
    arrive(4);

    List<Ack> first =
        atOnce(
            () -> {
              acknowledge(2, 2);
              acknowledger.hurry();
            });

    assertThat(first).containsExactly(new Ack(2, false));
    assertThat(atOnce(() -> acknowledge(4, 4)))
        .containsExactly(new Ack(2, false), new Ack(4, false));
  }

  @Test
  void the_end_writes_what_is_noted_and_then_nothing_is_taken() {
    arrive(4);

    List<Ack> all =
        atOnce(
            () -> {
              acknowledge(2, 2);
              acknowledger.end();
            });

    assertThat(all).containsExactly(new Ack(2, false));
    assertThat(acknowledger.acknowledge(3)).isFalse();
    assertThat(atOnce(() -> {})).hasSize(1);
    assertThat(settled).hasValue(1);
  }

  @Test
  void what_nobody_will_write_is_not_taken() {
    acknowledger = acknowledger(1);
    arrive(2);
    acknowledge(1, 1);
    mailbox.close();

    assertThat(acknowledger.acknowledge(2)).isFalse();

    acknowledger = acknowledger(PREFETCH);
    arrive(1);
    acknowledger.abandon();
    assertThat(acknowledger.acknowledge(1)).isFalse();
  }

  @Test
  void that_the_channel_was_lost_before_something_noted_was_written_is_told_once() {
    arrive(8);
    lost = true;

    atOnce(() -> acknowledge(1, 4));
    assertThat(forgotten).hasSize(1);
    atOnce(
        () -> {
          acknowledge(5, 6);
          acknowledger.end();
        });

    assertThat(forgotten).hasSize(1);
    assertThat(settled).hasValue(6);
  }

  @Test
  void a_channel_that_is_lost_when_all_is_written_is_not_told() {
    arrive(8);
    atOnce(() -> acknowledge(1, 4));
    assertThat(written).isNotEmpty();
    lost = true;

    atOnce(() -> acknowledger.end());

    assertThat(forgotten).isEmpty();
  }

  /** What is written by the end of some work, and of what that has had done at once. */
  private List<Ack> atOnce(Runnable work) {
    List<Ack> then = new CopyOnWriteArrayList<>();
    AtomicInteger done = new AtomicInteger();
    mailbox.ask(
        Recording.LIMIT,
        () -> {
          work.run();
          mailbox.tell(
              () -> {
                then.addAll(written);
                done.set(1);
              });
        });
    await().atMost(Recording.LIMIT).until(() -> done.get() == 1);
    return then;
  }

  private void arrive(int count) {
    for (long tag = 1; tag <= count; tag++) {
      acknowledger.arrived(tag);
    }
  }

  private void acknowledge(long from, long to) {
    for (long tag = from; tag <= to; tag++) {
      assertThat(acknowledger.acknowledge(tag)).isTrue();
    }
  }

  private Acknowledger acknowledger(int prefetch) {
    Channel channel =
        (Channel)
            Proxy.newProxyInstance(
                Channel.class.getClassLoader(),
                new Class<?>[] {Channel.class},
                (self, method, arguments) -> {
                  assertThat(method.getName()).isEqualTo("basicAck");
                  if (lost) {
                    throw new AlreadyClosedException(
                        new ShutdownSignalException(true, false, null, null));
                  }
                  written.add(new Ack((long) arguments[0], (boolean) arguments[1]));
                  return null;
                });
    return new Acknowledger(channel, prefetch, mailbox, settled::addAndGet, forgotten::add);
  }
}
