package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A listener that keeps what it is given. */
class Inbox implements Receiver.Listener {
  static final Duration LONG_ENOUGH = Duration.ofSeconds(30);

  private final BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
  final List<MessagingException> failures = new CopyOnWriteArrayList<>();
  final List<String> events = new CopyOnWriteArrayList<>();
  private volatile boolean forgotten;

  @Override
  public void delivered(Delivery delivery) {
    deliveries.add(delivery);
  }

  @Override
  public void failed(MessagingException problem) {
    failures.add(problem);
    events.add("failed");
  }

  @Override
  public void recovered() {
    events.add("recovered");
  }

  @Override
  public void forgotten(MessagingException problem) {
    forgotten = true;
  }

  /** Whether what was settled may come again. */
  boolean hasForgotten() {
    return forgotten;
  }

  int size() {
    return deliveries.size();
  }

  /** The next delivery, which comes in time. */
  Delivery next() throws InterruptedException {
    Delivery delivery = deliveries.poll(LONG_ENOUGH.toMillis(), TimeUnit.MILLISECONDS);
    return delivery == null ? fail("nothing was delivered") : delivery;
  }

  /** The same, while something is done again and again. */
  Delivery next(Runnable meanwhile) throws InterruptedException {
    long deadline = System.nanoTime() + LONG_ENOUGH.toNanos();
    while (System.nanoTime() < deadline) {
      Delivery delivery = deliveries.poll(1, TimeUnit.SECONDS);
      if (delivery != null) {
        return delivery;
      }
      meanwhile.run();
    }
    return fail("nothing was delivered");
  }

  List<Delivery> next(int count) throws InterruptedException {
    List<Delivery> some = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      some.add(next());
    }
    return some;
  }

  /** Checks that nothing comes for a while. */
  void staysEmpty(Duration time) throws InterruptedException {
    Delivery delivery = deliveries.poll(time.toMillis(), TimeUnit.MILLISECONDS);
    assertThat(delivery).as("an unexpected delivery").isNull();
  }

  static String text(Delivery delivery) {
    return new String(delivery.message().body(), StandardCharsets.UTF_8);
  }

  static Settlement.Result settle(Delivery delivery, Settlement settlement) {
    return delivery.settle(settlement).toCompletableFuture().join();
  }

  static void accept(Delivery delivery) {
    assertThat(settle(delivery, Settlement.accept())).isEqualTo(Settlement.Result.SETTLED);
  }
}
